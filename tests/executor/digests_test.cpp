// What is remembered of the image from run to run: right or not at all, and never a run's word.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/file_io.hpp"
#include "executor/digest_keeper.hpp"
#include "executor/digest_table.hpp"
#include "executor/program_digests.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::executor {
namespace {

constexpr FileIdentity some_file{
    .device = 1, .inode = 2, .size_bytes = 3, .modified_ns = 4, .changed_ns = 5};
const crypto::Sha256 planted = crypto::sha256(bytes_of("planted"));

DigestTable table_of(const std::map<FileIdentity, crypto::Sha256>& rows) {
  const auto memory = make_digest_table(rows);
  EXPECT_TRUE(memory) << memory.error().message();
  auto table = DigestTable::map(*memory);
  EXPECT_TRUE(table) << table.error().message();
  return *table;
}

struct stat status_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}

TEST(DigestTable, KnowsAFileByEverythingThatAChangeWouldChange) {
  std::map<FileIdentity, crypto::Sha256> rows{{some_file, planted}};
  for (std::uint64_t i = 100; i < 200; ++i) rows[{.device = i}] = crypto::sha256({});
  const DigestTable table = table_of(rows);
  EXPECT_EQ(table.find(some_file), planted);
  for (const auto field : {&FileIdentity::device, &FileIdentity::inode}) {
    FileIdentity other = some_file;
    ++(other.*field);
    EXPECT_FALSE(table.find(other));
  }
  for (const auto field :
       {&FileIdentity::size_bytes, &FileIdentity::modified_ns, &FileIdentity::changed_ns}) {
    FileIdentity other = some_file;
    ++(other.*field);
    EXPECT_FALSE(table.find(other));
  }
  EXPECT_FALSE(table_of({}).find(some_file));
  EXPECT_FALSE(DigestTable().find(some_file));
}

TEST(DigestTable, RefusesMemoryThatCouldStillChangeOrIsNoTable) {
  const UniqueFd open_memory(
      static_cast<int>(::memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  ASSERT_TRUE(write_all(open_memory, Bytes(72, 0)));
  EXPECT_FALSE(DigestTable::map(open_memory));
  const UniqueFd odd(static_cast<int>(::memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  ASSERT_TRUE(write_all(odd, Bytes(73, 0)));
  ASSERT_EQ(
      ::fcntl(odd.borrow(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
      0);
  EXPECT_FALSE(DigestTable::map(odd));
}

TEST(DigestTable, HoldsItsBoundAtItAndPastIt) {
  std::map<FileIdentity, crypto::Sha256> rows;
  for (std::uint64_t i = 0; i < digest_table_rows_max; ++i) rows[{.device = i}] = planted;
  EXPECT_EQ(table_of(rows).find({.device = digest_table_rows_max - 1}), planted);
  rows[{.device = digest_table_rows_max}] = planted;
  const auto past = make_digest_table(rows);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

// With a wrong digest planted for it: which of the two is told?
crypto::Sha256 digest_told_of(const std::string& path) {
  ProgramDigests digests(table_of({{identity_of(status_of(path)), planted}}));
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto slot = digests.add(std::move(file), status_of(path));
  if (!slot || !digests.finish()) return {};
  return digests.digest(*slot);
}

TEST(ProgramDigests, RemembersNothingOfAFileThatAJobCouldWrite) {
  const mayfly::test::TempDir folder;
  const std::string path = folder.path() / "program";
  ASSERT_TRUE(write_file(path, bytes_of("contents")));
  EXPECT_EQ(digest_told_of(path), crypto::sha256(bytes_of("contents")));
}

// Without one, nothing can be created in a tmpfs of the namespace.
bool map_own_user(uid_t outside) {
  const std::string line = "0 " + std::to_string(outside) + " 1";
  const UniqueFd map(::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
  const UniqueFd groups(::open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC));
  const UniqueFd group_map(::open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC));
  return write_all(map, bytes_of(line)) && write_all(groups, bytes_of("deny")) &&
         write_all(group_map, bytes_of(line));
}

TEST(ProgramDigests, BelievesWhatIsRememberedOfTheImage) {
  const uid_t user = ::geteuid();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !map_own_user(user) ||
        ::mount("t", "/tmp", "tmpfs", 0, nullptr) != 0) {
      ::_exit(77);
    }
    const bool written = write_file("/tmp/program", bytes_of("contents")).has_value();
    const bool locked = ::mount(nullptr, "/tmp", nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    ::_exit(written && locked && digest_told_of("/tmp/program") == planted ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "needs user namespaces";
  EXPECT_EQ(status, 0);
}

// Goal: a run that lies about a file changes nothing for the next. Method: a report with a wrong
// digest; then what a run would be handed.
TEST(DigestKeeper, ReadsForItselfWhatARunNames) {
  constexpr int tries_max = 1000;
  const std::string path = "/usr/bin/env";
  const auto contents = read_file(path, std::size_t{16} * 1024 * 1024);
  ASSERT_TRUE(contents);
  RunReport report;
  report.files.image_files = {{path, planted, contents->size()}, {"/tmp/not-of-the-image", {}, 0}};
  DigestKeeper keeper;
  EXPECT_FALSE(keeper.table());
  keeper.note(report);
  for (int i = 0; i < tries_max; ++i) {
    if (const UniqueFd memory = keeper.table()) {
      const auto table = DigestTable::map(memory);
      ASSERT_TRUE(table) << table.error().message();
      EXPECT_EQ(table->find(identity_of(status_of(path))), crypto::sha256(*contents));
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL() << "the file was not read";
}

}  // namespace
}  // namespace mayfly::executor
