// Looks for copies of a byte pattern wherever plaintext could be: memory of processes, files they
// hold open, tmpfs mounts, given files and directories.
//
// Shapes    Searched raw and as base64 (three alignments: base64 of text around it shifts it).
//           Never prints what surrounds a hit.
// Errors    Throws std::invalid_argument for a pattern that is too short to mean anything. What
//           cannot be read is counted, not skipped in silence.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::test {

inline constexpr std::size_t canary_bytes_min = 16;
inline constexpr std::uint64_t region_bytes_max = std::uint64_t{1} << 36;

// A pattern whose clear bytes stand nowhere in memory until clear() makes them: so that the one who
// looks for it, or hands it to a scanner, is not found itself.
class Canary {
 public:
  static Canary random();  // 32 letters and digits: survives CSV, JSON and shells
  // "<mask hex>:<masked hex>", what text() gives.
  static Canary from_text(std::string_view text);

  std::string clear() const;  // a copy in clear: overwrite it after use
  std::string text() const;   // for the scanner's standard input

 private:
  std::string mask_;
  std::string masked_;
};

struct CanaryHit {
  std::string where;         // "process 123 (sh) [heap]", "process 123 (sh) descriptor 4", a path
  std::string form;          // "raw", "base64"
  std::uint64_t offset = 0;  // address or file offset of the first one there
  std::uint64_t count = 0;
};

struct CanaryReport {
  std::vector<CanaryHit> hits;
  std::uint64_t processes_read = 0;
  std::uint64_t processes_denied = 0;  // not readable by this user
  std::uint64_t regions_skipped = 0;   // over region_bytes_max: a sanitizer's shadow
  std::uint64_t files_read = 0;
  std::uint64_t files_denied = 0;
  std::uint64_t bytes_read = 0;
};

class CanaryScan {
 public:
  explicit CanaryScan(const Canary& canary);
  CanaryScan(const CanaryScan&) = delete;
  CanaryScan& operator=(const CanaryScan&) = delete;
  ~CanaryScan();  // overwrites the needles

  void process(pid_t pid);  // memory, and memfd and deleted files open
  void all_processes(const std::set<pid_t>& except = {});  // never this one: it holds the needles
  void all_tmpfs();                                        // of this mount namespace
  void path(const std::filesystem::path& path);            // a file, or all below a directory

  const CanaryReport& report() const { return report_; }

 private:
  struct Needle {
    std::string bytes;
    const char* form;
  };
  void region(int memory_fd, int pagemap_fd, std::uint64_t begin, std::uint64_t end,
              const std::string& where);
  void file(const std::filesystem::path& path, const std::string& where);
  void stream(int fd, std::uint64_t begin, std::uint64_t end, const std::string& where);
  void search(const char* bytes, std::size_t size, std::size_t fresh_from, std::uint64_t offset,
              const std::string& where);

  std::vector<Needle> needles_;
  std::size_t longest_ = 0;
  CanaryReport report_;
};

}  // namespace mayfly::test
