// Where this process's own control groups are in the file system. Pure text in, paths out.
//
// Source    proc(5) for mountinfo, cgroups(7) for /proc/PID/cgroup.
// Shapes    One CgroupPlace per hierarchy that is both joined and mounted where we can see it.
// Errors    None: a line that makes no sense is a hierarchy that we cannot use.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::executor {

enum class CgroupVersion : std::uint8_t { v1, v2 };

struct CgroupPlace {
  CgroupVersion version = CgroupVersion::v2;
  std::vector<std::string> controllers;  // v1 only: "memory", or "cpu" and "cpuacct" together
  std::string mount_point;               // "/sys/fs/cgroup"
  std::string directory;                 // of our own group, at or below mount_point
  std::string path;                      // of our own group, as /proc/self/cgroup says it
};

std::vector<CgroupPlace> own_cgroup_places(std::string_view proc_self_cgroup,
                                           std::string_view mountinfo);

// The path of a process in one hierarchy, from its /proc/PID/cgroup; empty when it has no such
// line.
std::string cgroup_path_in(std::string_view proc_pid_cgroup, const CgroupPlace& place);

}  // namespace mayfly::executor
