// What is left after the writer was killed, the disk was full, or the folder was read-only.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iostream>

#include "base/unique_fd.hpp"
#include "store/store.hpp"
#include "tests/store/rows.hpp"
#include "tests/support/race_rounds.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::store {
namespace {

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
  }
  UniqueFd reader;
  UniqueFd writer;
};

[[noreturn]] void write_until_killed(const std::filesystem::path& database, std::uint64_t first,
                                     const UniqueFd& acknowledgements) {
  auto store = Store::open(database);
  if (!store) ::_exit(3);
  for (std::uint64_t number = first;; ++number) {
    if (!put_number(*store, number)) ::_exit(4);
    if (::write(acknowledgements.borrow(), &number, sizeof number) != sizeof number) ::_exit(5);
  }
}

// Numbers acknowledged by a writer that is killed after `wanted` of them.
std::vector<std::uint64_t> kill_writer_after(const std::filesystem::path& database,
                                             std::uint64_t first, std::size_t wanted) {
  Pipe pipe;
  const pid_t child = ::fork();
  if (child == 0) write_until_killed(database, first, pipe.writer);
  pipe.writer.reset();
  std::vector<std::uint64_t> acknowledged;
  std::uint64_t number = 0;
  while (::read(pipe.reader.borrow(), &number, sizeof number) == sizeof number) {
    acknowledged.push_back(number);
    if (acknowledged.size() == wanted) ::kill(child, SIGKILL);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return acknowledged;
}

// Goal: put() returned means it is there. Method: many writers, each killed somewhere else;
// whatever was acknowledged through the pipe must be found by the next one to open the database.
TEST(StoreDurability, NoAcknowledgedRowIsLostToKill9) {
  const test::TempDir dir;
  const auto database = dir.path() / "certificates.db";
  std::vector<std::uint64_t> acknowledged;
  const auto rounds = static_cast<std::uint64_t>(test::race_rounds(50));
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const auto more = kill_writer_after(database, round * 1000, 1 + round % 7);
    ASSERT_FALSE(more.empty());
    acknowledged.insert(acknowledged.end(), more.begin(), more.end());
    const auto store = Store::open(database);
    ASSERT_TRUE(store) << store.error().message();
    for (const std::uint64_t number : more) {
      ASSERT_TRUE(holds_number(*store, number)) << "round " << round << ", row " << number;
    }
  }
  const auto store = Store::open(database);
  ASSERT_TRUE(store);
  for (const std::uint64_t number : acknowledged) EXPECT_TRUE(holds_number(*store, number));
}

[[noreturn]] void write_rows(const std::filesystem::path& database, std::uint64_t first,
                             std::uint64_t count) {
  const auto give_up = [](const Error& error) {
    std::cerr << error.message() << std::endl;
    ::_exit(1);
  };
  auto store = Store::open(database);
  if (!store) give_up(store.error());
  for (std::uint64_t number = first; number < first + count; ++number) {
    if (auto put = put_number(*store, number); !put) give_up(put.error());
  }
  ::_exit(0);
}

// Goal: two processes may create, migrate and write one database at the same moment. Method: many
// new databases, since the dangerous moment is the first one.
TEST(StoreDurability, TwoProcessesMakeAndWriteOneDatabaseAtOnce) {
  const test::TempDir dir;
  constexpr std::uint64_t rows_each = 5;
  for (int round = 0; round < test::race_rounds(40); ++round) {
    const auto database = dir.path() / std::to_string(round) / "certificates.db";
    std::vector<pid_t> children;
    for (std::uint64_t process = 0; process < 2; ++process) {
      const pid_t child = ::fork();
      if (child == 0) write_rows(database, process * 1000, rows_each);
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = -1;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_EQ(status, 0) << "round " << round;
    }
    const auto store = Store::open(database);
    ASSERT_TRUE(store) << store.error().message();
    for (std::uint64_t i = 0; i < rows_each; ++i) {
      ASSERT_TRUE(holds_number(*store, i) && holds_number(*store, 1000 + i)) << "round " << round;
    }
  }
}

// Runs `body` in a child whose mounts or user id may be changed; its text is the failure, if any.
std::string in_child(const std::function<std::string()>& body) {
  Pipe pipe;
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string failure = body();
    const ssize_t put = ::write(pipe.writer.borrow(), failure.data(), failure.size());
    ::_exit(put == static_cast<ssize_t>(failure.size()) ? 0 : 1);
  }
  pipe.writer.reset();
  std::string failure;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(pipe.reader.borrow(), buffer, sizeof buffer)) > 0;) {
    failure.append(buffer, static_cast<std::size_t>(got));
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0 ? failure : failure + " (child status " + std::to_string(status) + ")";
}

std::string fill_the_disk(const std::filesystem::path& mount_point) {
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") != 0) {
    return "skip: cannot mount a tmpfs here";
  }
  auto store = Store::open(mount_point / "certificates.db");
  if (!store) return store.error().message();
  const Bytes large(std::size_t{40} * 1024, 'x');
  std::uint64_t number = 0;
  Result<void> last;
  for (; number < 1000; ++number) {
    last = store->put(row_of(number), large);
    if (!last) break;
  }
  if (last) return "1000 rows of 40 KiB fitted into 1 MiB";
  if (last.error().code() != ErrorCode::unavailable) return "wrong code: " + last.error().message();
  if (last.error().message().find("full") == std::string::npos) return last.error().message();
  if (number == 0) return "not even one row fitted";
  for (std::uint64_t old = 0; old < number; ++old) {
    const auto found = store->get(id_of(old));
    if (!found || !*found || **found != large) return "row " + std::to_string(old) + " is damaged";
  }
  const auto refused = store->get(id_of(number));
  if (!refused || *refused) return "the refused row is there";
  const auto reopened = Store::open(mount_point / "certificates.db");
  if (!reopened) return "reopening: " + reopened.error().message();
  const auto first = reopened->get(id_of(0));
  return first && *first && **first == large ? "" : "row 0 is gone after reopening";
}

TEST(StoreDurability, AFullDiskIsUnavailableAndOldRowsStayIntact) {
  const test::TempDir dir;
  const std::string failure = in_child([&]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return "skip: needs root to make a private mount namespace";
    }
    return fill_the_disk(dir.path());
  });
  if (failure.starts_with("skip: ")) GTEST_SKIP() << failure.substr(6);
  EXPECT_EQ(failure, "");
}

TEST(StoreDurability, AFolderThatCannotBeWrittenIsUnavailable) {
  const test::TempDir dir;
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  const std::string failure = in_child([&]() -> std::string {
    // Root passes every permission check, so become nobody first.
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return "skip: cannot drop root";
    const auto store = Store::open(dir.path() / "certificates.db");
    if (store) return "opened a database in a read-only folder";
    if (store.error().code() != ErrorCode::unavailable) return "code: " + store.error().message();
    return "";
  });
  ::chmod(dir.path().c_str(), 0700);  // or an ordinary user could not remove it
  if (failure.starts_with("skip: ")) GTEST_SKIP() << failure.substr(6);
  EXPECT_EQ(failure, "");
}

// An existing database whose folder became read-only cannot take the -wal file.
TEST(StoreDurability, AnExistingDatabaseInAReadOnlyFolderIsUnavailable) {
  const test::TempDir dir;
  const auto database = dir.path() / "certificates.db";
  {
    auto store = Store::open(database);
    ASSERT_TRUE(store);
    ASSERT_TRUE(put_number(*store, 1));
  }
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  ASSERT_EQ(::chmod(database.c_str(), 0444), 0);
  const std::string failure = in_child([&]() -> std::string {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return "skip: cannot drop root";
    const auto store = Store::open(database);
    if (store) return "opened";
    return store.error().code() == ErrorCode::unavailable ? "" : store.error().message();
  });
  ::chmod(dir.path().c_str(), 0700);
  if (failure.starts_with("skip: ")) GTEST_SKIP() << failure.substr(6);
  EXPECT_EQ(failure, "");
}

}  // namespace
}  // namespace mayfly::store
