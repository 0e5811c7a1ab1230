// What can be taken in as a dataset, what is refused, and what it is known by afterwards.
#include "intake/dataset.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <thread>

#include "crypto/content_hash.hpp"
#include "intake/file_name.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::intake {
namespace {

constexpr auto separate_user = JobIdentity::separate_user;

Result<Dataset> take(const std::filesystem::path& path, const IntakeLimits& limits = {}) {
  return read_path(path, "dataset.csv", limits, separate_user, {});
}

Result<SealedFile> take_bytes(std::string name, ByteView bytes) {
  TRY(auto intake, FileIntake::begin(std::move(name), {}, separate_user));
  CHECK_OK(intake.append(bytes));
  return std::move(intake).seal();
}

// Bytes that differ at every place, so that a lost, doubled or moved block changes the digest.
Bytes varied(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24U);
  }
  return bytes;
}

crypto::Sha256 key_of(ByteView bytes) {
  crypto::Sha256Hasher hasher;
  hasher.update(bytes);
  hasher.update(bytes_of("mayfly/disclosure-key/v1"));
  return std::move(hasher).finish();
}

TEST(FileIntake, KnowsAFileByTheSha256OfItsBytes) {
  const std::size_t step = std::size_t{1} << 20;
  // Around every size at which something changes: empty, a page, the step, the hashing thread.
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{4097},
        step - 1, step, step + 1, hash_thread_from_bytes, 3 * hash_thread_from_bytes + 7}) {
    const Bytes bytes = varied(size);
    const auto file = take_bytes("a", bytes);
    ASSERT_TRUE(file) << size << ": " << file.error().message();
    EXPECT_EQ(file->size_bytes(), size);
    EXPECT_EQ(file->digest(), crypto::sha256(bytes)) << size;
    EXPECT_TRUE(std::ranges::equal(file->view(), bytes)) << size;
  }
}

TEST(FileIntake, GivesTheSameFileForAnySplitOfTheBytes) {
  const Bytes bytes = varied(100'000);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{65'537}}) {
    auto intake = FileIntake::begin("a", {}, separate_user);
    ASSERT_TRUE(intake);
    for (ByteView rest = bytes; !rest.empty();) {
      const ByteView chunk = rest.first(std::min(piece, rest.size()));
      ASSERT_TRUE(intake->append(chunk));
      rest = rest.subspan(chunk.size());
    }
    const auto file = std::move(*intake).seal();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->digest(), crypto::sha256(bytes)) << piece;
  }
}

TEST(FileIntake, MixesBothWaysOfWriting) {
  const Bytes bytes = varied(300'000);
  auto intake = FileIntake::begin("a", {}, separate_user);
  ASSERT_TRUE(intake);
  bool in_place = false;
  for (ByteView rest = bytes; !rest.empty(); in_place = !in_place) {
    const ByteView chunk = rest.first(std::min<std::size_t>(rest.size(), 7'777));
    if (in_place) {
      const auto space = intake->room(chunk.size() + 50'000);
      ASSERT_TRUE(space);
      std::ranges::fill(*space, std::uint8_t{'x'});  // more than is committed
      std::ranges::copy(chunk, space->begin());
      ASSERT_TRUE(intake->commit(chunk.size()));
    } else {
      ASSERT_TRUE(intake->append(chunk));
    }
    rest = rest.subspan(chunk.size());
  }
  const auto file = std::move(*intake).seal();
  ASSERT_TRUE(file);
  EXPECT_EQ(file->digest(), crypto::sha256(bytes));
  EXPECT_TRUE(std::ranges::equal(file->view(), bytes));
}

TEST(FileIntake, SurvivesBeingMovedWhileItsHashIsBehind) {
  const Bytes bytes = varied(3 * hash_thread_from_bytes);
  auto first = FileIntake::begin("a", {}, separate_user);
  auto second = FileIntake::begin("b", {}, separate_user);
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(first->append(bytes));
  ASSERT_TRUE(second->append(varied(2 * hash_thread_from_bytes)));
  *second = std::move(*first);  // drops b while it is being hashed
  ASSERT_TRUE(second->append(bytes_of("end")));
  const auto file = std::move(*second).seal();
  ASSERT_TRUE(file);
  Bytes all = bytes;
  all.insert(all.end(), {'e', 'n', 'd'});
  EXPECT_EQ(file->digest(), crypto::sha256(all));
  EXPECT_EQ(file->name(), "a");
}

TEST(FileIntake, LeavesNothingOfWhatWasWrittenButNotCommitted) {
  auto intake = FileIntake::begin("a", {}, JobIdentity::same_user);
  ASSERT_TRUE(intake);
  const auto space = intake->room(64);
  ASSERT_TRUE(space);
  std::ranges::fill(*space, std::uint8_t{'x'});
  ASSERT_TRUE(intake->commit(16));
  const auto file = std::move(*intake).seal();
  ASSERT_TRUE(file);
  EXPECT_EQ(text_of(file->view()), std::string(16, 'x'));
  EXPECT_EQ(file->view().data()[16], 0);  // the rest of the page is mapped
}

TEST(FileIntake, TakesExactlyTheBoundAndRefusesOneByteMore) {
  const IntakeLimits limits{.dataset_bytes_max = 10'000};
  auto at_bound = FileIntake::begin("a", limits, separate_user);
  ASSERT_TRUE(at_bound && at_bound->append(varied(10'000)));
  EXPECT_TRUE(std::move(*at_bound).seal());

  auto over = FileIntake::begin("a", limits, separate_user);
  ASSERT_TRUE(over);
  const auto refused = over->append(varied(10'001));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_NE(refused.error().message().find("10000 bytes (dataset_bytes_max)"), std::string::npos);
}

TEST(ReadPath, TakesAFileAsItself) {
  const test::TempDir dir;
  const auto dataset = take(dir.write("in.csv", "a,b\n1,2\n"));
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_FALSE(dataset->is_directory());
  EXPECT_EQ(dataset->hash(), crypto::sha256(bytes_of("a,b\n1,2\n")));
  EXPECT_EQ(dataset->disclosure_key(), key_of(bytes_of("a,b\n1,2\n")));
  ASSERT_EQ(dataset->files().size(), 1U);
  EXPECT_EQ(dataset->files()[0].name(), "dataset.csv");
}

TEST(ReadPath, TakesAnEmptyFile) {
  const test::TempDir dir;
  auto dataset = take(dir.write("empty", ""));
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->hash(), crypto::sha256({}));
  EXPECT_EQ(std::move(*dataset).wipe()->residue, 0U);
}

TEST(ReadPath, KnowsADirectoryByItsContentHash) {
  const test::TempDir dir;
  dir.write("b/two.txt", "22");
  dir.write("a.txt", "1");
  dir.write("b/c/three.txt", "");
  auto dataset = take(dir.path());
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_TRUE(dataset->is_directory());
  EXPECT_EQ(dataset->size_bytes(), 3U);
  const auto entry = [](std::string name, std::string_view text) {
    return crypto::ContentEntry{.name = std::move(name),
                                .size_bytes = text.size(),
                                .digest = crypto::sha256(bytes_of(text))};
  };
  const auto expected = crypto::content_hash(
      crypto::dataset_directory_label,
      {entry("a.txt", "1"), entry("b/c/three.txt", ""), entry("b/two.txt", "22")});
  EXPECT_EQ(dataset->hash(), *expected);
  crypto::Sha256Hasher keys;
  for (const std::string_view text : {"1", "", "22"}) keys.update(key_of(bytes_of(text)).view());
  EXPECT_EQ(dataset->disclosure_key(), std::move(keys).finish());
  EXPECT_EQ(std::move(*dataset).wipe()->residue, 0U);
}

TEST(ReadPath, CountsAllFilesOfADirectoryAgainstOneBound) {
  const test::TempDir dir;
  dir.write("a", "12345");
  dir.write("b", "67890");
  EXPECT_TRUE(take(dir.path(), {.dataset_bytes_max = 10}));
  const auto over = take(dir.path(), {.dataset_bytes_max = 9});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), ErrorCode::limit);
  EXPECT_NE(over.error().message().find("9 bytes (dataset_bytes_max)"), std::string::npos);
}

TEST(ReadPath, TakesAsManyFilesAsTheBoundAndNoMore) {
  const test::TempDir dir;
  const IntakeLimits limits;
  for (std::size_t i = 0; i < limits.files_max; ++i) dir.write(std::to_string(i), "x");
  auto at_bound = take(dir.path(), limits);
  ASSERT_TRUE(at_bound) << at_bound.error().message();
  EXPECT_EQ(at_bound->files().size(), limits.files_max);
  EXPECT_EQ(std::move(*at_bound).wipe()->residue, 0U);

  dir.write("one more", "x");
  const auto over = take(dir.path(), limits);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), ErrorCode::limit);
  EXPECT_NE(over.error().message().find("4096 files or directories (files_max)"),
            std::string::npos);
}

TEST(ReadPath, BoundsDirectoriesThatHoldNoFile) {
  const test::TempDir dir;
  for (int i = 0; i < 4; ++i) std::filesystem::create_directory(dir.path() / std::to_string(i));
  dir.write("0/file", "x");
  EXPECT_TRUE(take(dir.path(), {.files_max = 4}));
  std::filesystem::create_directory(dir.path() / "one more");
  EXPECT_EQ(take(dir.path(), {.files_max = 4}).error().code(), ErrorCode::limit);
}

TEST(ReadPath, RefusesADirectoryWithoutAFile) {
  const test::TempDir dir;
  EXPECT_EQ(take(dir.path()).error().code(), ErrorCode::malformed);
}

TEST(ReadPath, RefusesOddFilesInADirectoryByName) {
  const auto refusal = [](const test::TempDir& dir) {
    const auto taken = take(dir.path());
    if (taken) return std::string("accepted");
    EXPECT_EQ(taken.error().code(), ErrorCode::malformed);
    return taken.error().message();
  };
  {
    const test::TempDir dir;
    dir.write("real", "x");
    std::filesystem::create_symlink("real", dir.path() / "inner-link");
    EXPECT_NE(refusal(dir).find("\"inner-link\" is a symbolic link"), std::string::npos);
  }
  {
    const test::TempDir dir;
    std::filesystem::create_symlink("/etc", dir.path() / "outward");
    EXPECT_NE(refusal(dir).find("\"outward\" is a symbolic link"), std::string::npos);
  }
  {
    const test::TempDir dir;
    ASSERT_EQ(::mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
    EXPECT_NE(refusal(dir).find("\"pipe\" is a FIFO"), std::string::npos);
  }
  {
    const test::TempDir dir;
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (dir.path() / "sock").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(fd.borrow(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_NE(refusal(dir).find("\"sock\" is a socket"), std::string::npos);
  }
}

TEST(ReadPath, RefusesADeviceInADirectory) {
  const test::TempDir dir;
  if (::mknod((dir.path() / "null").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) {
    GTEST_SKIP() << "needs permission to make a device node";
  }
  const auto taken = take(dir.path());
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message().find("\"null\" is a device"), std::string::npos);
}

TEST(ReadPath, RefusesAPathThatIsNeitherFileNorDirectory) {
  const test::TempDir dir;
  ASSERT_EQ(::mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  for (const auto& path : {dir.path() / "pipe", std::filesystem::path("/dev/null")}) {
    const auto taken = take(path);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code(), ErrorCode::malformed);
    EXPECT_NE(taken.error().message().find("pipe it in"), std::string::npos);
  }
}

TEST(ReadPath, SaysWhichPathIsMissingOrUnreadable) {
  const auto missing = take("/no/such/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::unavailable);
  EXPECT_NE(missing.error().message().find("/no/such/file"), std::string::npos);

  const test::TempDir dir;
  const auto path = dir.write("private", "x");
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const uid_t us = ::geteuid();
  // Root may read any file.
  if (us == 0 && ::seteuid(65534) != 0) GTEST_SKIP() << "root, and may not become another user";
  const auto unreadable = take(path);
  ASSERT_EQ(::seteuid(us), 0);
  ASSERT_FALSE(unreadable);
  EXPECT_EQ(unreadable.error().code(), ErrorCode::unavailable);
  EXPECT_NE(unreadable.error().message().find("Permission denied"), std::string::npos);
}

TEST(ReadPath, TakesWhatItReadOfAFileThatGrowsMeanwhile) {
  const test::TempDir dir;
  const auto path = dir.write("growing", std::string(std::size_t{3} << 20, 'a'));
  std::uint64_t reported = 0;
  const auto dataset = read_path(path, "dataset.csv", {}, separate_user, [&](std::uint64_t bytes) {
    if (reported == 0) std::ofstream(path, std::ios::app) << "more";
    reported = bytes;
  });
  ASSERT_TRUE(dataset);
  EXPECT_EQ(dataset->size_bytes(), (std::size_t{3} << 20) + 4);
  EXPECT_EQ(reported, dataset->size_bytes());
  EXPECT_EQ(dataset->hash(), crypto::sha256(dataset->files()[0].view()));
}

TEST(ReadStream, ReadsAPipeToItsEnd) {
  const Bytes bytes = varied(std::size_t{5} << 20);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);  // non-blocking on our side too
  const UniqueFd read_end(ends[0]);
  std::thread writer([&bytes, write_end = UniqueFd(ends[1])]() mutable {
    ::fcntl(write_end.borrow(), F_SETFL, 0);
    for (ByteView rest = bytes; !rest.empty();) {
      const ssize_t put = ::write(write_end.borrow(), rest.data(), rest.size());
      if (put <= 0) break;
      rest = rest.subspan(static_cast<std::size_t>(put));
    }
    write_end.reset();
  });
  const auto dataset = read_stream(read_end, "dataset", {}, separate_user, {});
  writer.join();
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->hash(), crypto::sha256(bytes));
}

TEST(ReadStream, TakesExactlyTheBoundAndRefusesOneByteMore) {
  const test::TempDir dir;
  const UniqueFd fd(::open(dir.write("in", "0123456789").c_str(), O_RDONLY | O_CLOEXEC));
  const auto at_bound = read_stream(fd, "dataset", {.dataset_bytes_max = 10}, separate_user, {});
  EXPECT_TRUE(at_bound) << at_bound.error().message();
  ::lseek(fd.borrow(), 0, SEEK_SET);
  const auto over = read_stream(fd, "dataset", {.dataset_bytes_max = 9}, separate_user, {});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), ErrorCode::limit);
}

TEST(Dataset, RefusesTwoFilesOfOneName) {
  std::vector<SealedFile> files;
  files.push_back(*take_bytes("a", bytes_of("1")));
  files.push_back(*take_bytes("a", bytes_of("2")));
  EXPECT_EQ(Dataset::of_directory(std::move(files)).error().code(), ErrorCode::malformed);
}

TEST(CheckFileName, TakesRelativePathsOfPlainParts) {
  for (const char* name : {"a", "data/part-1.csv", "..a", "a..", ".hidden", "größe/データ.csv",
                           "with space", "\xF0\x9F\x98\x80"}) {
    EXPECT_TRUE(check_file_name(name)) << name;
  }
}

TEST(CheckFileName, RefusesNamesThatLeaveTheDirectoryOrDriveATerminal) {
  const std::array<std::string, 17> names = {"",
                                             "/",
                                             "/a",
                                             "a/",
                                             "a//b",
                                             ".",
                                             "..",
                                             "a/../b",
                                             "./a",
                                             std::string("a\0b", 3),
                                             "a\nb",
                                             "a\x1B[2Jb",
                                             "a\x7F",
                                             "a\xC2\x9B",
                                             "\xFF",
                                             "\xED\xA0\x80",
                                             "\xC0\xAE\xC0\xAE/a"};
  for (const std::string& name : names) {
    const auto checked = check_file_name(name);
    ASSERT_FALSE(checked) << printable(name);
    EXPECT_EQ(checked.error().code(), ErrorCode::malformed);
    for (const char c : checked.error().message()) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7F) << "a message must not carry the name's own bytes";
    }
  }
}

TEST(CheckFileName, HoldsEachBoundAndRefusesOneMore) {
  const std::string part(file_name_part_bytes_max, 'a');
  EXPECT_TRUE(check_file_name(part));
  EXPECT_EQ(check_file_name(part + "a").error().code(), ErrorCode::limit);

  std::string deep = "a";
  for (std::size_t i = 1; i < file_name_parts_max; ++i) deep += "/a";
  EXPECT_TRUE(check_file_name(deep));
  EXPECT_EQ(check_file_name(deep + "/a").error().code(), ErrorCode::limit);

  const std::string longest = part + "/" + part + "/" + part + "/" + part.substr(1) + "/b";
  ASSERT_EQ(longest.size(), file_name_bytes_max);
  EXPECT_TRUE(check_file_name(longest));
  EXPECT_EQ(check_file_name(longest + "b").error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::intake
