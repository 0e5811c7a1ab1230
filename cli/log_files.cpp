#include "cli/log_files.hpp"

#include "base/file_io.hpp"

namespace mayfly::cli {

Result<transparency::LogPolicy> read_log_policy(const std::filesystem::path& file) {
  TRY(const Bytes text, read_file(file, transparency::log_policy_bytes_max + 1));
  return transparency::parse_log_policy(text);
}

transparency::Fetch files_below(const std::filesystem::path& folder) {
  return [folder](const std::string& path) { return read_file(folder / path, log_file_bytes_max); };
}

}  // namespace mayfly::cli
