#include "base/file_io.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace mayfly {
namespace {

class FileIo : public testing::Test {
 protected:
  FileIo() {
    std::string pattern = (std::filesystem::temp_directory_path() / "file_io_test.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data()) == nullptr ? std::filesystem::path()
                                                   : std::filesystem::path(pattern);
  }
  ~FileIo() override {
    if (!folder_.empty()) {
      std::filesystem::remove_all(folder_);
    }
  }
  void SetUp() override { ASSERT_FALSE(folder_.empty()) << "needs a writable temporary folder"; }

  std::size_t files_in_folder() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) {
      ++count;
    }
    return count;
  }

  std::filesystem::path folder_;
};

TEST_F(FileIo, ReadsBackWhatItWrote) {
  const auto path = folder_ / "file";
  ASSERT_TRUE(write_file(path, bytes_of("hello")));
  const auto read = read_file(path, 5);
  ASSERT_TRUE(read);
  EXPECT_EQ(text_of(*read), "hello");
}

TEST_F(FileIo, ReadsUpToTheBoundAndRefusesOneByteMore) {
  const auto path = folder_ / "file";
  for (const std::size_t bound : {std::size_t{0}, std::size_t{1}, std::size_t{65536}}) {
    ASSERT_TRUE(write_file(path, Bytes(bound, 'x')));
    const auto at_bound = read_file(path, bound);
    ASSERT_TRUE(at_bound) << bound;
    EXPECT_EQ(at_bound->size(), bound);
    ASSERT_TRUE(write_file(path, Bytes(bound + 1, 'x')));
    const auto past_bound = read_file(path, bound);
    ASSERT_FALSE(past_bound) << bound;
    EXPECT_EQ(past_bound.error().code(), ErrorCode::limit);
  }
}

TEST_F(FileIo, ReadsShortCountsFromAPipeToTheEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  {
    const UniqueFd writer(ends[1]);
    ASSERT_TRUE(write_all(writer, bytes_of("one ")));
    ASSERT_TRUE(write_all(writer, bytes_of("two")));
  }
  const auto read = read_to_end(reader, 100);
  ASSERT_TRUE(read);
  EXPECT_EQ(text_of(*read), "one two");
}

TEST_F(FileIo, ReplacesAFileWholeAndLeavesNothingElse) {
  const auto path = folder_ / "file";
  ASSERT_TRUE(write_file(path, bytes_of("a longer first text")));
  ASSERT_TRUE(write_file(path, bytes_of("second")));
  EXPECT_EQ(text_of(*read_file(path, 100)), "second");
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(FileIo, ObeysTheUmask) {
  const auto path = folder_ / "file";
  const mode_t before = ::umask(027);
  const auto written = write_file(path, bytes_of("x"));
  const mode_t after = ::umask(before);
  ASSERT_TRUE(written);
  EXPECT_EQ(after, mode_t{027});
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(FileIo, AFailedWriteLeavesNoTemporaryFile) {
  const auto path = folder_ / "target";
  ASSERT_TRUE(std::filesystem::create_directory(path));
  EXPECT_FALSE(write_file(path, bytes_of("x"))) << "replaced a directory by a file";
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(FileIo, SaysWhichFileIsMissing) {
  const auto read = read_file(folder_ / "absent", 10);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::unavailable);
  EXPECT_NE(read.error().message().find("absent"), std::string::npos);
  EXPECT_EQ(write_file(folder_ / "no" / "folder", bytes_of("x")).error().code(),
            ErrorCode::unavailable);
}

}  // namespace
}  // namespace mayfly
