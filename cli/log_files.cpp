#include "cli/log_files.hpp"

#include "base/file_io.hpp"

namespace mayfly::cli {

Result<transparency::LogPolicy> read_log_policy(const std::filesystem::path& file) {
  TRY(const Bytes text, read_file(file, transparency::log_policy_bytes_max + 1));
  return transparency::parse_log_policy(text);
}

Result<std::optional<transparency::LogPolicy>> log_policy_option(const std::string& file) {
  if (file.empty()) return std::optional<transparency::LogPolicy>();
  auto policy = read_log_policy(file);
  if (!policy) return std::unexpected(std::move(policy).error().while_doing("--log-policy"));
  return std::optional(std::move(*policy));
}

transparency::Fetch files_below(const std::filesystem::path& folder) {
  return [folder](const std::string& path) { return read_file(folder / path, log_file_bytes_max); };
}

}  // namespace mayfly::cli
