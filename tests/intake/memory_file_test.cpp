// What the kernel lets anyone do with a sealed dataset file, and what is left after a wipe.
#include "intake/memory_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "intake/dataset.hpp"

namespace mayfly::intake {
namespace {

constexpr std::string_view contents = "name,ssn\nAda,123-45-6789\n";

SealedFile sealed(JobIdentity identity, std::string_view bytes = contents) {
  auto intake = FileIntake::begin("dataset.csv", {}, identity);
  EXPECT_TRUE(intake && intake->append(bytes_of(bytes)));
  auto file = std::move(*intake).seal();
  EXPECT_TRUE(file) << file.error().message();
  return std::move(*file);
}

// As the file's owner with every privilege this test has: no one holds a better descriptor.
UniqueFd reopen_for_writing(const SealedFile& file) {
  const std::string self = "/proc/self/fd/" + std::to_string(file.fd().borrow());
  EXPECT_EQ(::fchmod(file.fd().borrow(), 0600), 0);
  return UniqueFd(::open(self.c_str(), O_RDWR | O_CLOEXEC));
}

class SealedFileOf : public testing::TestWithParam<JobIdentity> {};

TEST_P(SealedFileOf, RefusesToBeWritten) {
  const SealedFile file = sealed(GetParam());
  const UniqueFd writer = reopen_for_writing(file);
  ASSERT_TRUE(writer);
  EXPECT_EQ(::pwrite(writer.borrow(), "X", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, writer.borrow(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fallocate(writer.borrow(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(text_of(file.view()), contents);
}

TEST_P(SealedFileOf, CannotBecomeWritableThroughAReadOnlyMapping) {
  const SealedFile file = sealed(GetParam());
  const UniqueFd writer = reopen_for_writing(file);
  void* const mapping = ::mmap(nullptr, 1, PROT_READ, MAP_SHARED, writer.borrow(), 0);
  ASSERT_NE(mapping, MAP_FAILED);
  EXPECT_EQ(::mprotect(mapping, 1, PROT_READ | PROT_WRITE), -1);
  ::munmap(mapping, 1);
}

TEST_P(SealedFileOf, RefusesToGrow) {
  const SealedFile file = sealed(GetParam());
  const UniqueFd writer = reopen_for_writing(file);
  EXPECT_EQ(::ftruncate(writer.borrow(), contents.size() + 1), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fallocate(writer.borrow(), 0, 0, contents.size() + 1), -1);
}

TEST_P(SealedFileOf, TakesNoFurtherSeal) {
  const SealedFile file = sealed(GetParam());
  const UniqueFd writer = reopen_for_writing(file);
  EXPECT_EQ(::fcntl(writer.borrow(), F_ADD_SEALS, F_SEAL_WRITE), -1);
  const int seals = ::fcntl(file.fd().borrow(), F_GET_SEALS);
  const int wanted = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
  EXPECT_EQ(seals & wanted, wanted);
}

INSTANTIATE_TEST_SUITE_P(EitherIdentity, SealedFileOf,
                         testing::Values(JobIdentity::separate_user, JobIdentity::same_user),
                         [](const auto& identity) {
                           return identity.param == JobIdentity::same_user ? "SameUser"
                                                                           : "SeparateUser";
                         });

TEST(SealedFile, CannotBeShrunkByAJobOfTheSameUser) {
  const SealedFile file = sealed(JobIdentity::same_user);
  const UniqueFd writer = reopen_for_writing(file);
  EXPECT_EQ(::ftruncate(writer.borrow(), 0), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SealedFile, HandsOutADescriptorThatCanNeitherWriteNorTruncate) {
  const SealedFile file = sealed(JobIdentity::separate_user);
  EXPECT_EQ(::fcntl(file.fd().borrow(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::ftruncate(file.fd().borrow(), 0), -1);
  EXPECT_EQ(::fcntl(file.fd().borrow(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  struct stat status{};
  ASSERT_EQ(::fstat(file.fd().borrow(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0444U);
  EXPECT_EQ(status.st_size, static_cast<off_t>(contents.size()));
}

// What a wipe leaves in the kernel's object, seen through a descriptor that outlives it.
TEST(Wipe, LeavesOnlyZerosWhereTheFileCannotBeTruncated) {
  auto file = sealed(JobIdentity::same_user);
  const UniqueFd kept(::fcntl(file.fd().borrow(), F_DUPFD_CLOEXEC, 0));
  ASSERT_TRUE(Dataset::of_file(std::move(file)).wipe());
  std::string after(contents.size(), 'x');
  ASSERT_EQ(::pread(kept.borrow(), after.data(), after.size(), 0),
            static_cast<ssize_t>(contents.size()));
  EXPECT_EQ(after, std::string(contents.size(), '\0'));
}

TEST(Wipe, LeavesAnEmptyFileOtherwise) {
  auto file = sealed(JobIdentity::separate_user);
  const UniqueFd kept(::fcntl(file.fd().borrow(), F_DUPFD_CLOEXEC, 0));
  ASSERT_TRUE(Dataset::of_file(std::move(file)).wipe());
  struct stat status{};
  ASSERT_EQ(::fstat(kept.borrow(), &status), 0);
  EXPECT_EQ(status.st_size, 0);
  EXPECT_EQ(status.st_blocks, 0);
}

TEST(Wipe, HappensToAFileThatIsOnlyDestroyed) {
  UniqueFd kept;
  {
    const SealedFile file = sealed(JobIdentity::same_user);
    kept.reset(::fcntl(file.fd().borrow(), F_DUPFD_CLOEXEC, 0));
  }
  char first = 'x';
  ASSERT_EQ(::pread(kept.borrow(), &first, 1, 0), 1);
  EXPECT_EQ(first, '\0');
}

TEST(Wipe, HappensToAFileThatIsReplaced) {
  SealedFile file = sealed(JobIdentity::same_user);
  const UniqueFd kept(::fcntl(file.fd().borrow(), F_DUPFD_CLOEXEC, 0));
  file = sealed(JobIdentity::same_user, "another");
  char first = 'x';
  ASSERT_EQ(::pread(kept.borrow(), &first, 1, 0), 1);
  EXPECT_EQ(first, '\0');
  EXPECT_EQ(text_of(file.view()), "another");
}

TEST(Wipe, ReportsWhatItDidWhenNothingIsLeft) {
  const auto report = Dataset::of_file(sealed(JobIdentity::separate_user)).wipe();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->method, "zero+truncate+close");
  EXPECT_EQ(report->bytes, contents.size());
  EXPECT_EQ(report->residue, 0U);
  EXPECT_EQ(report->scanned,
            (std::vector<std::string>{"dataset bytes", "/proc/self/maps", "/proc/self/fd"}));
  const auto same_user = Dataset::of_file(sealed(JobIdentity::same_user)).wipe();
  ASSERT_TRUE(same_user);
  EXPECT_EQ(same_user->method, "zero+close");
  EXPECT_EQ(same_user->residue, 0U);
}

TEST(Wipe, CountsADescriptorThatOutlivesItAsResidue) {
  auto file = sealed(JobIdentity::separate_user);
  const UniqueFd kept(::fcntl(file.fd().borrow(), F_DUPFD_CLOEXEC, 0));
  const auto report = Dataset::of_file(std::move(file)).wipe();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->residue, 1U);
}

TEST(Wipe, CountsAMappingThatOutlivesItAsResidue) {
  auto file = sealed(JobIdentity::separate_user);
  void* const kept = ::mmap(nullptr, contents.size(), PROT_READ, MAP_SHARED, file.fd().borrow(), 0);
  ASSERT_NE(kept, MAP_FAILED);
  const auto report = Dataset::of_file(std::move(file)).wipe();
  ::munmap(kept, contents.size());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->residue, 1U);
}

TEST(Wipe, CountsALookThatCannotBeDoneAsResidue) {
  auto dataset = Dataset::of_file(sealed(JobIdentity::separate_user));
  // No descriptor can be opened: neither look can be done.
  struct Starve {
    rlimit before{};
    Starve() {
      ::getrlimit(RLIMIT_NOFILE, &before);
      const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
      ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~Starve() { ::setrlimit(RLIMIT_NOFILE, &before); }
  };
  Result<WipeReport> report = fail(ErrorCode::internal, "not run");
  {
    const Starve starve;
    report = std::move(dataset).wipe();
  }
  ASSERT_TRUE(report);
  EXPECT_EQ(report->residue, 2U);
  EXPECT_EQ(report->scanned[1], "/proc/self/maps (could not be read)");
  EXPECT_EQ(report->scanned[2], "/proc/self/fd (could not be read)");
}

TEST(LookAfter, CountsBytesThatWereNotZeroed) {
  const auto report = look_after({Erasure{
      .inode = {}, .bytes_zeroed = 10, .nonzero_bytes = 3, .failed_steps = 1, .truncated = false}});
  EXPECT_EQ(report.residue, 4U);
  EXPECT_EQ(report.method, "zero+close");
}

}  // namespace
}  // namespace mayfly::intake
