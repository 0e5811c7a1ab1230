// A log's files on disk: its policy, and a copy of its tiles.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "transparency/log_copy.hpp"
#include "transparency/log_policy.hpp"

namespace mayfly::cli {

Result<transparency::LogPolicy> read_log_policy(const std::filesystem::path& file);
// nullopt for an empty option.
Result<std::optional<transparency::LogPolicy>> log_policy_option(const std::string& file);

// Reads "<folder>/checkpoint", "<folder>/tile/0/000.p/5", ...
transparency::Fetch files_below(const std::filesystem::path& folder);

// One file of a log is never larger: a bundle of 256 entries.
inline constexpr std::size_t log_file_bytes_max = std::size_t{17} * 1024 * 1024;

}  // namespace mayfly::cli
