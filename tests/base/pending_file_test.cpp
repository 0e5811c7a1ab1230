#include "base/pending_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/file_io.hpp"

namespace mayfly {
namespace {

namespace fs = std::filesystem;

class PendingFileTest : public testing::Test {
 protected:
  PendingFileTest() {
    std::string pattern = (fs::temp_directory_path() / "pending_file_test.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data()) == nullptr ? fs::path() : fs::canonical(pattern);
  }
  ~PendingFileTest() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  void SetUp() override { ASSERT_FALSE(folder_.empty()) << "needs a writable temporary folder"; }

  std::ptrdiff_t files_in_folder() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  std::string text_at(const fs::path& path) const {
    const auto bytes = read_file(path, 1000);
    return bytes ? std::string(text_of(*bytes)) : "unreadable: " + bytes.error().message();
  }

  // A node of the test's own: if it were replaced by root, the machine's is still there. An
  // ordinary user cannot make one, and could not replace that in /dev. Empty: neither.
  fs::path device(const std::string& name, unsigned minor_number) const {
    const auto path = folder_ / name;
    if (::mknod(path.c_str(), S_IFCHR | 0666, makedev(1, minor_number)) == 0 &&
        UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC))) {
      return path;
    }
    return ::geteuid() == 0 ? fs::path() : fs::path("/dev") / name;
  }

  fs::path folder_;
};

TEST_F(PendingFileTest, LeavesNothingUntilItIsWritten) {
  const auto path = folder_ / "file";
  auto file = PendingFile::open(path);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(files_in_folder(), 0);
  ASSERT_TRUE(std::move(*file).write(bytes_of("text")));
  EXPECT_EQ(text_at(path), "text");
  EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(PendingFileTest, KnowsBeforeTheWorkThatItCannotBeWritten) {
  const auto missing = PendingFile::open(folder_ / "no" / "file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().error_number(), ENOENT);
  ASSERT_TRUE(fs::create_directory(folder_ / "folder"));
  for (const fs::path& path : {folder_ / "folder", folder_ / "new" / "", folder_ / "folder" / ""}) {
    const auto folder = PendingFile::open(path);
    ASSERT_FALSE(folder) << path;
    EXPECT_NE(folder.error().message().find("add a file name"), std::string::npos) << path;
  }
  // A file system that no file can be made in, for root neither.
  EXPECT_FALSE(PendingFile::open("/proc/self/nothing"));
  EXPECT_EQ(files_in_folder(), 1);
}

// A container's user mounts one file over another. In a process of its own: nothing stays mounted.
TEST_F(PendingFileTest, RefusesAFileThatIsMountedByItself) {
  const auto path = folder_ / "file";
  ASSERT_TRUE(write_file(path, bytes_of("text")));
  constexpr int no_namespace = 2;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      ::_exit(no_namespace);
    }
    const auto file = PendingFile::open(path);
    ::_exit(!file && file.error().message().find("mount its folder") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_namespace) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PendingFileTest, ReplacesTheTargetOfALinkAndKeepsTheLink) {
  ASSERT_TRUE(fs::create_directory(folder_ / "elsewhere"));
  const auto target = folder_ / "elsewhere" / "target";
  const auto link = folder_ / "link";
  ASSERT_TRUE(write_file(target, bytes_of("before")));
  fs::create_symlink("elsewhere/target", link);
  ASSERT_TRUE(write_file(link, bytes_of("after")));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(text_at(target), "after");
}

TEST_F(PendingFileTest, RefusesALinkToNothing) {
  fs::create_symlink("absent", folder_ / "link");
  const auto file = PendingFile::open(folder_ / "link");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("is a link to nothing"), std::string::npos);
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
}

TEST_F(PendingFileTest, WritesThroughAFifo) {
  const auto path = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(write_file(path, bytes_of("text")));
  const auto read = read_to_end(reader, 100);
  ASSERT_TRUE(read);
  EXPECT_EQ(text_of(*read), "text");
  EXPECT_TRUE(fs::is_fifo(path));
}

TEST_F(PendingFileTest, WritesThroughACharacterDevice) {
  const auto path = device("null", 3);
  if (path.empty()) GTEST_SKIP() << "devices are not obeyed in the folder for temporary files";
  ASSERT_TRUE(write_file(path, bytes_of("text")));
  EXPECT_TRUE(fs::is_character_file(path));
}

TEST_F(PendingFileTest, SaysWhenADeviceIsFull) {
  const auto path = device("full", 7);
  if (path.empty()) GTEST_SKIP() << "devices are not obeyed in the folder for temporary files";
  const auto written = write_file(path, bytes_of("text"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().error_number(), ENOSPC);
}

TEST_F(PendingFileTest, WritesThroughADescriptorAtItsPosition) {
  const auto path = folder_ / "file";
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(write_all(fd, bytes_of("first ")));
  const std::string number = std::to_string(fd.borrow());
  for (const std::string table : {"/dev/fd/", "/proc/self/fd/"}) {
    auto file = PendingFile::open(table + number);
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(file->descriptor(), fd.borrow());
    ASSERT_TRUE(std::move(*file).write(bytes_of("then ")));
  }
  EXPECT_EQ(text_at(path), "first then then ");
}

TEST_F(PendingFileTest, RefusesADescriptorThatIsOnlyRead) {
  const UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto file = PendingFile::of_descriptor(fd.borrow());
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("not open for writing"), std::string::npos);
}

TEST_F(PendingFileTest, RefusesASocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ / "socket";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.borrow(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_FALSE(PendingFile::open(path));
  EXPECT_TRUE(fs::is_socket(path));
}

TEST_F(PendingFileTest, RefusesWhatCameToStandThereMeanwhile) {
  const auto path = folder_ / "file";
  auto file = PendingFile::open(path);
  ASSERT_TRUE(file);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(std::move(*file).write(bytes_of("text")));
  EXPECT_TRUE(fs::is_fifo(path));
  EXPECT_EQ(files_in_folder(), 1) << "left its temporary file";
}

TEST_F(PendingFileTest, GrowsUnseenUntilItIsWhole) {
  const auto path = folder_ / "file";
  ASSERT_TRUE(write_file(path, bytes_of("before")));
  auto growing = PendingFile::open(path).value().begin();
  ASSERT_TRUE(growing) << growing.error().message();
  const std::string part(50'000, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(growing->append(bytes_of(part)));
  ASSERT_TRUE(growing->append(bytes_of(std::string(200'000, 'y'))));
  EXPECT_EQ(text_at(path), "before");
  ASSERT_TRUE(std::move(*growing).finish());
  EXPECT_EQ(fs::file_size(path), 400'000U);
  EXPECT_EQ(text_of(read_file(path, 400'000).value()),
            std::string(200'000, 'x') + std::string(200'000, 'y'));
}

TEST_F(PendingFileTest, LeavesNothingOfAFileThatWasNotFinished) {
  {
    auto growing = PendingFile::open(folder_ / "file").value().begin();
    ASSERT_TRUE(growing) << growing.error().message();
    ASSERT_TRUE(growing->append(bytes_of(std::string(200'000, 'x'))));
  }
  EXPECT_EQ(files_in_folder(), 0);
}

TEST_F(PendingFileTest, GrowsThroughADescriptor) {
  const UniqueFd target(::open((folder_ / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(target);
  auto growing = PendingFile::of_descriptor(target.borrow()).value().begin();
  ASSERT_TRUE(growing) << growing.error().message();
  ASSERT_TRUE(growing->append(bytes_of("one ")));
  ASSERT_TRUE(growing->append(bytes_of("two")));
  ASSERT_TRUE(std::move(*growing).finish());
  EXPECT_EQ(text_at(folder_ / "file"), "one two");
}

TEST_F(PendingFileTest, KnowsOnePlaceUnderTwoNames) {
  const auto place = [&](const fs::path& path) {
    auto file = PendingFile::open(path);
    EXPECT_TRUE(file) << path;
    return std::move(*file);
  };
  ASSERT_TRUE(fs::create_directory(folder_ / "folder"));
  EXPECT_TRUE(place(folder_ / "new").is_same_place(place(folder_ / "folder" / ".." / "new")));
  EXPECT_FALSE(place(folder_ / "new").is_same_place(place(folder_ / "newer")));
  ASSERT_TRUE(write_file(folder_ / "file", bytes_of("x")));
  fs::create_symlink("file", folder_ / "link");
  EXPECT_TRUE(place(folder_ / "file").is_same_place(place(folder_ / "link")));
}

}  // namespace
}  // namespace mayfly
