#include "cli/state_folder.hpp"

#include <cstdlib>
#include <string>
#include <system_error>

namespace mayfly::cli {
namespace {

std::filesystem::path environment_path(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}

}  // namespace

Result<std::filesystem::path> state_folder() {
  if (auto own = environment_path("MAYFLY_STATE"); !own.empty()) return own;
  if (auto xdg = environment_path("XDG_STATE_HOME"); !xdg.empty()) return xdg / "mayfly";
  if (auto home = environment_path("HOME"); !home.empty()) {
    return home / ".local" / "state" / "mayfly";
  }
  return fail(ErrorCode::unavailable,
              "no place to keep certificates: set MAYFLY_STATE, XDG_STATE_HOME or HOME, or give "
              "--no-store with -o FILE");
}

Result<std::filesystem::path> own_program() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(ErrorCode::unavailable, "reading /proc/self/exe: " + error.message());
  return path;
}

Result<std::filesystem::path> runner_program() {
  if (auto given = environment_path("MAYFLY_RUNNER"); !given.empty()) return given;
  TRY(const std::filesystem::path self, own_program());
  return self.parent_path() / "mayfly-runner";
}

}  // namespace mayfly::cli
