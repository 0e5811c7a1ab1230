#include "executor/cgroup_layout.hpp"

#include <algorithm>
#include <optional>

namespace mayfly::executor {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct CgroupMount {
  CgroupVersion version;
  std::vector<std::string> super_options;
  std::string root;
  std::string mount_point;
};

std::optional<CgroupMount> parse_mount(std::string_view line) {
  // "36 35 98:0 /root /point rw,noatime shared:1 - cgroup cgroup rw,memory"
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = split(line.substr(0, dash), ' ');
  const auto after = split(line.substr(dash + 3), ' ');
  if (before.size() < 6 || after.size() < 3) return std::nullopt;
  if (after[0] != "cgroup" && after[0] != "cgroup2") return std::nullopt;
  return CgroupMount{after[0] == "cgroup2" ? CgroupVersion::v2 : CgroupVersion::v1,
                     split(after[2], ','), unescape(before[3]), unescape(before[4])};
}

// "4:memory:/a/b"; the path may hold colons.
struct Membership {
  std::vector<std::string> controllers;
  std::string path;
};

std::optional<Membership> parse_membership(std::string_view line) {
  const std::size_t first = line.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return Membership{split(line.substr(first + 1, second - first - 1), ','),
                    std::string(line.substr(second + 1))};
}

// `path` below `root`, without a leading slash; nullopt when the mount does not reach it.
std::optional<std::string> below(std::string_view path, std::string_view root) {
  if (root == "/") root = "";
  if (!path.starts_with(root)) return std::nullopt;
  path.remove_prefix(root.size());
  if (path.empty() || path == "/") return "";
  // "/../x": a group outside our cgroup namespace.
  if (path.front() != '/' || path.starts_with("/..")) return std::nullopt;
  return std::string(path.substr(1));
}

bool serves(const CgroupMount& mount, const Membership& membership) {
  if (membership.controllers.empty()) return mount.version == CgroupVersion::v2;
  return mount.version == CgroupVersion::v1 &&
         std::ranges::all_of(membership.controllers, [&](const std::string& controller) {
           return std::ranges::find(mount.super_options, controller) != mount.super_options.end();
         });
}

}  // namespace

std::vector<CgroupPlace> own_cgroup_places(std::string_view proc_self_cgroup,
                                           std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const auto& line : split(mountinfo, '\n')) {
    if (auto mount = parse_mount(line)) mounts.push_back(std::move(*mount));
  }
  std::vector<CgroupPlace> places;
  for (const auto& line : split(proc_self_cgroup, '\n')) {
    const auto membership = parse_membership(line);
    if (!membership) continue;
    for (const auto& mount : mounts) {
      const auto relative = below(membership->path, mount.root);
      if (!serves(mount, *membership) || !relative) continue;
      places.push_back({mount.version, membership->controllers, mount.mount_point,
                        relative->empty() ? mount.mount_point : mount.mount_point + "/" + *relative,
                        membership->path});
      break;
    }
  }
  return places;
}

std::string cgroup_path_in(std::string_view proc_pid_cgroup, const CgroupPlace& place) {
  for (const auto& line : split(proc_pid_cgroup, '\n')) {
    const auto membership = parse_membership(line);
    if (membership && membership->controllers == place.controllers) return membership->path;
  }
  return "";
}

}  // namespace mayfly::executor
