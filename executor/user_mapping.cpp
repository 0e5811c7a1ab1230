#include "executor/user_mapping.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "base/file_io.hpp"

namespace mayfly::executor {
namespace {

// Above every range that Debian, systemd or shadow give out (60,000 ... 1,879,048,191), below 2^31.
// A pid is less than 2^22.
constexpr std::uint32_t outside_id_base = 1'900'000'000;
constexpr std::size_t id_map_bytes_max = 64 * 1024;

std::optional<std::uint32_t> take_id(std::string_view& text) {
  const std::size_t start = text.find_first_of("0123456789");
  if (start == std::string_view::npos) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// An id of our own namespace that is not 0, the wanted one when it is mapped; else the highest.
// Absent: there is no second id.
Result<std::optional<std::uint32_t>> find_free_id(const char* map_path, std::uint32_t wanted) {
  TRY(const Bytes map, read_file(map_path, id_map_bytes_max));
  std::string_view rest = text_of(map);
  std::uint32_t highest = 0;
  for (;;) {
    const auto first = take_id(rest);
    const auto outside = take_id(rest);
    const auto count = take_id(rest);
    if (!first || !outside || !count) break;
    if (*count == 0) continue;
    const std::uint32_t last = *first + (*count - 1);
    if (wanted >= *first && wanted <= last) return std::optional(wanted);
    // The last id of the full range is the kernel's "no id".
    highest = std::max(highest, last == UINT32_MAX ? last - 1 : last);
  }
  if (highest == 0) return std::optional<std::uint32_t>();
  return std::optional(highest);
}

Result<bool> may_map_ids() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return fail_errno("reading our capabilities");
  constexpr std::uint32_t needed = (1U << CAP_SETUID) | (1U << CAP_SETGID);
  return (data[0].effective & needed) == needed;
}

Result<void> write_map(pid_t child, const char* name, std::string_view text) {
  const std::string path = "/proc/" + std::to_string(child) + "/" + name;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail_errno("opening the sandbox's " + std::string(name));
  // One write: the kernel takes a map once and whole.
  if (::write(file.borrow(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail(ErrorCode::unavailable,
                errno_error(errno, "writing the sandbox's " + std::string(name)).message() +
                    " (the kernel or a security module forbids mapping users here; on Ubuntu try "
                    "sysctl kernel.apparmor_restrict_unprivileged_userns=0, in a container run it "
                    "with user namespaces allowed)");
  }
  return {};
}

}  // namespace

Result<UserMapping> choose_user_mapping() {
  UserMapping mapping{intake::JobIdentity::same_user, ::geteuid(), ::getegid()};
  TRY(const bool may_map, may_map_ids());
  if (!may_map) return mapping;
  const std::uint32_t wanted = outside_id_base + static_cast<std::uint32_t>(::getpid());
  TRY(const auto uid, find_free_id("/proc/self/uid_map", wanted));
  TRY(const auto gid, find_free_id("/proc/self/gid_map", wanted));
  if (!uid || !gid || *uid == ::geteuid()) return mapping;
  return UserMapping{intake::JobIdentity::separate_user, *uid, *gid};
}

Result<void> write_user_mapping(pid_t child, const UserMapping& mapping) {
  const auto line = [](std::uint32_t outside) {
    return std::to_string(job_inside_id) + " " + std::to_string(outside) + " 1\n";
  };
  if (mapping.identity == intake::JobIdentity::same_user) {
    CHECK_OK(write_map(child, "setgroups", "deny"));  // user_namespaces(7): before gid_map
  }
  CHECK_OK(write_map(child, "uid_map", line(mapping.outside_uid)));
  return write_map(child, "gid_map", line(mapping.outside_gid));
}

Result<void> become_job_user(const UserMapping& mapping) {
  // The system calls themselves: libc's wrappers look for other threads to change with this one,
  // and a process made by clone3 has none of those that libc remembers.
  if (mapping.identity == intake::JobIdentity::separate_user &&
      ::syscall(SYS_setgroups, 0, nullptr) != 0) {
    return fail_errno("dropping supplementary groups");
  }
  constexpr uid_t id = job_inside_id;
  if (::syscall(SYS_setresgid, id, id, id) != 0 || ::syscall(SYS_setresuid, id, id, id) != 0) {
    return fail_errno("becoming the job's user");
  }
  return {};
}

std::string describe(const UserMapping& mapping) {
  if (mapping.identity == intake::JobIdentity::separate_user) {
    return "own namespace, unprivileged user of its own outside, no groups";
  }
  return "own namespace, the starting user outside, its groups kept";
}

}  // namespace mayfly::executor
