#include "intake/wipe.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "base/file_io.hpp"

namespace mayfly::intake {
namespace {

constexpr std::size_t maps_bytes_max = std::size_t{64} * 1024 * 1024;

template <class Number>
bool take_number(std::string_view& text, Number& value, int base, char end) {
  const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || next == text.data() + text.size() || *next != end) return false;
  text.remove_prefix(static_cast<std::size_t>(next - text.data()) + 1);
  return true;
}

// proc(5): "start-end perms offset major:minor inode path".
std::optional<InodeId> inode_of_maps_line(std::string_view line) {
  for (int field = 0; field < 3; ++field) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    line.remove_prefix(space + 1);
  }
  unsigned int major_number = 0;
  unsigned int minor_number = 0;
  ino_t inode = 0;
  if (!take_number(line, major_number, 16, ':') || !take_number(line, minor_number, 16, ' ') ||
      !take_number(line, inode, 10, ' ')) {
    return std::nullopt;
  }
  return InodeId{.device = makedev(major_number, minor_number), .inode = inode};
}

std::optional<std::uint64_t> count_mappings(const std::set<InodeId>& wanted) {
  const auto maps = read_file("/proc/self/maps", maps_bytes_max);
  if (!maps) return std::nullopt;
  std::string_view text = text_of(*maps);
  std::uint64_t found = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const auto inode = inode_of_maps_line(text.substr(0, end));
    if (!inode) return std::nullopt;
    found += wanted.count(*inode);
    text.remove_prefix(end + 1);
  }
  return found;
}

struct CloseDir {
  void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

std::optional<std::uint64_t> count_descriptors(const std::set<InodeId>& wanted) {
  const std::unique_ptr<DIR, CloseDir> dir(::opendir("/proc/self/fd"));
  if (!dir) return std::nullopt;
  std::uint64_t found = 0;
  bool saw_one = false;
  while (const dirent* const entry = ::readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    struct stat status{};
    // Another thread may have closed it since: then it is no descriptor of ours any more.
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &status, 0) != 0) continue;
    saw_one = true;
    found += wanted.count({.device = status.st_dev, .inode = status.st_ino});
  }
  // The directory's own descriptor is always there: an empty listing is no listing.
  return saw_one ? std::optional(found) : std::nullopt;
}

void add_look(WipeReport& report, const std::string& where, std::optional<std::uint64_t> found) {
  report.scanned.push_back(found ? where : where + " (could not be read)");
  report.residue += found.value_or(1);
}

}  // namespace

WipeReport look_after(const std::vector<Erasure>& erasures) {
  WipeReport report;
  std::set<InodeId> wanted;
  bool truncated = true;
  for (const Erasure& erasure : erasures) {
    report.bytes += erasure.bytes_zeroed;
    report.residue += erasure.nonzero_bytes + erasure.failed_steps;
    truncated = truncated && erasure.truncated;
    if (erasure.inode.inode != 0) wanted.insert(erasure.inode);
  }
  report.method = truncated ? "zero+truncate+close" : "zero+close";
  report.scanned.emplace_back("dataset bytes");
  add_look(report, "/proc/self/maps", count_mappings(wanted));
  add_look(report, "/proc/self/fd", count_descriptors(wanted));
  return report;
}

}  // namespace mayfly::intake
