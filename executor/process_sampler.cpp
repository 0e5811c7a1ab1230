#include "executor/process_sampler.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "executor/proc_files.hpp"

namespace mayfly::executor {
namespace {

constexpr std::size_t text_bytes = 4096;

std::optional<std::int64_t> nth_number(std::string_view text, int index) {
  for (; index > 0; --index) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

struct CpuTicks {
  std::int64_t own = 0;
  std::int64_t of_waited_children = 0;
};

std::optional<CpuTicks> cpu_ticks(pid_t pid) {
  const auto stat = read_proc(pid, "stat", text_bytes);
  if (!stat) return std::nullopt;
  // Field 2 is the command's name in parentheses, and may hold spaces and parentheses itself.
  const std::size_t name_end = stat->rfind(") ");
  if (name_end == std::string::npos) return std::nullopt;
  const std::string_view from_field_3 = std::string_view(*stat).substr(name_end + 2);
  std::array<std::int64_t, 4> ticks{};  // fields 14 to 17
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const auto value = nth_number(from_field_3, static_cast<int>(i) + 11);
    if (!value) return std::nullopt;
    ticks[i] = *value;
  }
  return CpuTicks{ticks[0] + ticks[1], ticks[2] + ticks[3]};
}

}  // namespace

std::int64_t cpu_us_of(std::set<pid_t>& live, pid_t init) {
  std::int64_t ticks = 0;
  for (auto process = live.begin(); process != live.end();) {
    const auto used = cpu_ticks(*process);
    if (used) ticks += used->own + used->of_waited_children;
    process = used ? std::next(process) : live.erase(process);
  }
  if (const auto reaped = cpu_ticks(init)) ticks += reaped->of_waited_children;
  return ticks * 1'000'000 / ::sysconf(_SC_CLK_TCK);
}

std::int64_t resident_bytes_of(const std::set<pid_t>& live) {
  std::int64_t pages = 0;
  for (const pid_t pid : live) {
    const auto statm = read_proc(pid, "statm", text_bytes);
    if (statm) pages += nth_number(*statm, 1).value_or(0);
  }
  return pages * ::sysconf(_SC_PAGESIZE);
}

std::int64_t proportional_bytes_of(const std::set<pid_t>& live) {
  std::int64_t kilobytes = 0;
  for (const pid_t pid : live) {
    const auto rollup = read_proc(pid, "smaps_rollup", text_bytes);
    if (!rollup) continue;
    const std::size_t at = rollup->find("\nPss:");
    if (at == std::string::npos) continue;
    std::string_view value = std::string_view(*rollup).substr(at + sizeof "\nPss:" - 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    kilobytes += nth_number(value, 0).value_or(0);
  }
  return kilobytes * 1024;
}

}  // namespace mayfly::executor
