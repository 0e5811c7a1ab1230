#include "executor/proc_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>

#include "base/unique_fd.hpp"

namespace mayfly::executor {
namespace {

template <class T>
std::optional<T> take_number(std::string_view& text, int base) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + start, end, value, base);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

template <class T>
Result<T> number(std::string_view text, std::string_view name, int base = 10) {
  auto rest = status_field(text, name);
  if (rest) {
    if (const auto value = take_number<T>(*rest, base)) return *value;
  }
  return fail(ErrorCode::malformed, "/proc/PID/status has no " + std::string(name));
}

Result<std::array<std::uint32_t, 4>> four_numbers(std::string_view text, std::string_view name) {
  auto rest = status_field(text, name);
  std::array<std::uint32_t, 4> out{};
  for (std::uint32_t& id : out) {
    const auto value = rest ? take_number<std::uint32_t>(*rest, 10) : std::nullopt;
    if (!value) return fail(ErrorCode::malformed, "/proc/PID/status has no " + std::string(name));
    id = *value;
  }
  return out;
}

}  // namespace

std::optional<std::string_view> status_field(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
    at += line.size() + 1;
  }
  return std::nullopt;
}

Result<std::string> read_proc(pid_t pid, const char* name, std::size_t bytes_max) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("opening /proc/PID/" + std::string(name));
  std::string out(bytes_max, '\0');
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t count = ::read(file.borrow(), out.data() + size, out.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading /proc/PID/" + std::string(name));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  out.resize(size);
  return out;
}

Result<ProcessStatus> parse_status(std::string_view text) {
  ProcessStatus out;
  TRY(out.parent, number<pid_t>(text, "PPid"));
  TRY(out.uids, four_numbers(text, "Uid"));
  TRY(out.gids, four_numbers(text, "Gid"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    TRY(const auto bits, number<std::uint64_t>(text, set, 16));
    out.capabilities |= bits;
  }
  TRY(out.no_new_privileges, number<int>(text, "NoNewPrivs"));
  TRY(out.seccomp_mode, number<int>(text, "Seccomp"));
  // One number per nested pid namespace, ours first.
  auto rest = status_field(text, "NSpid");
  while (rest) {
    const auto value = take_number<pid_t>(*rest, 10);
    if (!value) break;
    out.inner = *value;
  }
  return out;
}

Result<ProcessStatus> read_status(pid_t pid) {
  TRY(const std::string text, read_proc(pid, "status", status_bytes_max));
  return parse_status(text);
}

}  // namespace mayfly::executor
