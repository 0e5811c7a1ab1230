// A directory of its own for one test, removed with everything below it when the test ends.
//
// Use       const test::TempDir dir; write_file(dir.path() / "in.csv", bytes);
// Errors    Throws std::system_error: a machine without a temporary directory fails the test.
#pragma once
#include <filesystem>
#include <string_view>

namespace mayfly::test {

class TempDir {
 public:
  TempDir();                                            // below $TMPDIR or /tmp
  explicit TempDir(const std::filesystem::path& base);  // below another place, "/dev/shm"
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }
  // Writes a file below it, parents included, and returns its path.
  std::filesystem::path write(std::string_view relative_path, std::string_view contents) const;

 private:
  std::filesystem::path path_;
};

}  // namespace mayfly::test
