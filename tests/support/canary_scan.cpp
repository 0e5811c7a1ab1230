#include "tests/support/canary_scan.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/unique_fd.hpp"

namespace mayfly::test {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
constexpr std::size_t page_bytes = 4096;
constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void overwrite(std::string& text) {
  ::explicit_bzero(text.data(), text.size());
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (::getrandom(bytes.data(), size, 0) != static_cast<ssize_t>(size)) {
    throw std::runtime_error("getrandom");
  }
  return bytes;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<std::uint8_t>(byte) >> 4U];
    text += digits[static_cast<std::uint8_t>(byte) & 0xFU];
  }
  return text;
}

std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc{} || end != text.data() + i + 2) {
      throw std::invalid_argument("a canary is \"<mask hex>:<masked hex>\"");
    }
    bytes += static_cast<char>(value);
  }
  return bytes;
}

// The part of base64(anything + pattern + anything) that is the same whatever surrounds it, when
// `shift` bytes of a group of three precede the pattern.
std::string base64_core(std::string_view pattern, std::size_t shift) {
  std::string core;
  const std::size_t first_bit = (6 - shift * 8 % 6) % 6;
  for (std::size_t bit = first_bit; bit + 6 <= pattern.size() * 8; bit += 6) {
    std::uint32_t value = 0;
    for (std::size_t k = bit; k < bit + 6; ++k) {
      const auto byte = static_cast<std::uint8_t>(pattern[k / 8]);
      value = value << 1U | (static_cast<std::uint32_t>(byte) >> (7 - k % 8) & 1U);
    }
    core += letters[value];
  }
  return core;
}

std::string process_name(const std::string& pid) {
  std::ifstream comm("/proc/" + pid + "/comm");
  std::string name;
  std::getline(comm, name);
  return "process " + pid + " (" + name + ")";
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

struct Region {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string name;
};

// Readable regions only; the kernel's own pages cannot be read and hold nothing of ours.
std::vector<Region> readable_regions(const std::string& pid) {
  std::vector<Region> regions;
  std::ifstream maps("/proc/" + pid + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::string range;
    std::string permissions;
    std::string skipped;
    Region region;
    fields >> range >> permissions >> skipped >> skipped >> skipped >> std::ws;
    std::getline(fields, region.name);
    if (permissions.empty() || permissions[0] != 'r') continue;
    if (region.name == "[vvar]" || region.name == "[vsyscall]") continue;
    const std::size_t dash = range.find('-');
    region.begin = std::stoull(range.substr(0, dash), nullptr, 16);
    region.end = std::stoull(range.substr(dash + 1), nullptr, 16);
    regions.push_back(region);
  }
  return regions;
}

// Which pages of [begin, end) are in memory or swapped: an untouched one holds nothing, and sparse
// reservations can be terabytes. One byte per page; empty when the kernel does not say.
std::vector<bool> resident_pages(int pagemap_fd, std::uint64_t begin, std::uint64_t end) {
  std::vector<std::uint64_t> entries((end - begin) / page_bytes);
  const auto size = static_cast<ssize_t>(entries.size() * sizeof(std::uint64_t));
  const auto offset = static_cast<off_t>(begin / page_bytes * sizeof(std::uint64_t));
  if (::pread(pagemap_fd, entries.data(), static_cast<std::size_t>(size), offset) != size)
    return {};
  std::vector<bool> resident;
  for (const std::uint64_t entry : entries) resident.push_back(entry >> 62U != 0);
  return resident;
}

}  // namespace

Canary Canary::random() {
  constexpr std::size_t size = 32;
  Canary canary;
  canary.mask_ = random_bytes(size);
  canary.masked_ = random_bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    const char letter = letters[static_cast<std::uint8_t>(canary.masked_[i]) % 62];
    canary.masked_[i] = static_cast<char>(letter ^ canary.mask_[i]);
  }
  return canary;
}

Canary Canary::from_text(std::string_view text) {
  const std::size_t colon = text.find(':');
  Canary canary;
  canary.mask_ = unhex(text.substr(0, colon));
  canary.masked_ = colon == std::string_view::npos ? "" : unhex(text.substr(colon + 1));
  if (canary.mask_.size() != canary.masked_.size() || canary.mask_.size() < canary_bytes_min) {
    throw std::invalid_argument("a canary is \"<mask hex>:<masked hex>\", each of one length, " +
                                std::to_string(canary_bytes_min) + " bytes or more");
  }
  return canary;
}

std::string Canary::clear() const {
  std::string bytes = masked_;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask_[i]);
  return bytes;
}

std::string Canary::text() const {
  return hex(mask_) + ":" + hex(masked_);
}

CanaryScan::CanaryScan(const Canary& canary) {
  needles_.push_back({canary.clear(), "raw"});
  for (std::size_t shift = 0; shift < 3; ++shift) {
    needles_.push_back({base64_core(needles_[0].bytes, shift), "base64"});
  }
  for (const Needle& needle : needles_) longest_ = std::max(longest_, needle.bytes.size());
}

CanaryScan::~CanaryScan() {
  for (Needle& needle : needles_) overwrite(needle.bytes);
}

// `fresh_from`: what ends before it has been counted with the chunk before.
void CanaryScan::search(const char* bytes, std::size_t size, std::size_t fresh_from,
                        std::uint64_t offset, const std::string& where) {
  for (const Needle& needle : needles_) {
    const char* at = bytes;
    const char* const end = bytes + size;
    while ((at = static_cast<const char*>(::memmem(at, static_cast<std::size_t>(end - at),
                                                   needle.bytes.data(), needle.bytes.size())))) {
      const auto found = static_cast<std::size_t>(at - bytes);
      ++at;
      if (found + needle.bytes.size() <= fresh_from) continue;
      const auto same = std::ranges::find_if(report_.hits, [&](const CanaryHit& hit) {
        return hit.where == where && hit.form == needle.form;
      });
      if (same != report_.hits.end()) {
        ++same->count;
      } else {
        report_.hits.push_back({where, needle.form, offset + found, 1});
      }
    }
  }
}

void CanaryScan::stream(int fd, std::uint64_t begin, std::uint64_t end, const std::string& where) {
  std::vector<char> buffer(chunk_bytes + longest_);
  std::size_t kept = 0;  // the end of the chunk before, where a pattern may have begun
  for (std::uint64_t at = begin; at < end;) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, end - at));
    const ssize_t got = ::pread(fd, buffer.data() + kept, wanted, static_cast<off_t>(at));
    if (got == 0) break;
    if (got < 0) {  // a page that cannot be read
      kept = 0;
      at = (at / page_bytes + 1) * page_bytes;
      continue;
    }
    const std::size_t size = kept + static_cast<std::size_t>(got);
    search(buffer.data(), size, kept, at - kept, where);
    report_.bytes_read += static_cast<std::uint64_t>(got);
    at += static_cast<std::uint64_t>(got);
    const std::size_t keep = std::min(size, longest_ - 1);
    std::copy(buffer.data() + size - keep, buffer.data() + size, buffer.data());
    kept = keep;
  }
  ::explicit_bzero(buffer.data(), buffer.size());
}

void CanaryScan::region(int memory_fd, int pagemap_fd, std::uint64_t begin, std::uint64_t end,
                        const std::string& where) {
  const auto resident = resident_pages(pagemap_fd, begin, end);
  if (resident.empty()) stream(memory_fd, begin, end, where);
  for (std::size_t page = 0; page < resident.size(); ++page) {
    if (!resident[page]) continue;
    std::size_t after = page;
    while (after < resident.size() && resident[after]) ++after;
    stream(memory_fd, begin + page * page_bytes, begin + after * page_bytes, where);
    page = after;
  }
}

void CanaryScan::process(pid_t pid) {
  const std::string number = std::to_string(pid);
  const std::string root = "/proc/" + number;
  const std::string name = process_name(number);
  const UniqueFd memory(::open((root + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd pagemap(::open((root + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) {
    ++report_.processes_denied;
    return;
  }
  ++report_.processes_read;
  for (const Region& found : readable_regions(number)) {
    if (found.end - found.begin > region_bytes_max) {
      ++report_.regions_skipped;
      continue;
    }
    constexpr std::uint64_t window_bytes = std::uint64_t{1} << 30;
    for (std::uint64_t begin = found.begin; begin < found.end; begin += window_bytes) {
      region(memory.borrow(), pagemap.borrow(), begin, std::min(found.end, begin + window_bytes),
             name + " " + found.name);
    }
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/fd", error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    // Files without a name: what no walk through directories can reach.
    if (error || !target.ends_with(" (deleted)")) continue;
    file(entry.path(), name + " descriptor " + entry.path().filename().string());
  }
}

void CanaryScan::all_processes(const std::set<pid_t>& except) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (!is_number(name)) continue;
    const pid_t pid = std::stoi(name);
    if (pid != ::getpid() && !except.contains(pid)) process(pid);
  }
}

void CanaryScan::all_tmpfs() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string field;
    std::string mount_point;
    for (int i = 0; i < 5; ++i) fields >> mount_point;
    while (fields >> field && field != "-") {
    }
    fields >> field;  // the type
    if (field == "tmpfs" || field == "ramfs" || field == "devtmpfs") path(mount_point);
  }
}

void CanaryScan::path(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    file(path, path.string());
    return;
  }
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (std::filesystem::recursive_directory_iterator at(path, options, error), end; at != end;
       at.increment(error)) {
    if (error) break;
    if (at->is_symlink(error) || !at->is_regular_file(error)) continue;
    file(at->path(), at->path().string());
  }
}

void CanaryScan::file(const std::filesystem::path& path, const std::string& where) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    ++report_.files_denied;
    return;
  }
  ++report_.files_read;
  const off_t size = ::lseek(fd.borrow(), 0, SEEK_END);
  if (size > 0) stream(fd.borrow(), 0, static_cast<std::uint64_t>(size), where);
}

}  // namespace mayfly::test
