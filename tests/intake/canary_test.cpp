// Goal: plaintext is in the sealed memfd and nowhere else, and after a wipe nowhere at all.
// Method: a canary that this process never held in clear comes in by a pipe; another program then
// searches this process. Before the wipe it must be found: a scan that finds nothing proves
// nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "base/file_io.hpp"
#include "intake/dataset.hpp"
#include "intake/json_siphon.hpp"
#include "intake/sealed_intake.hpp"
#include "intake/stack_burn.hpp"
#include "tests/intake/base64_text.hpp"
#include "tests/intake/sealed_pieces.hpp"
#include "tests/support/canary_scan.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitizer.hpp"

namespace mayfly::intake {
namespace {

std::vector<std::string> places_of(const test::Canary& canary) {
  const auto done = test::run_process(
      {MAYFLY_BIN_DIR "/canary_scan", "--tmpfs", "--process", std::to_string(::getpid())},
      {.stdin_text = canary.text() + "\n"});
  EXPECT_NE(done.exit_code, 2) << done.stderr_text;
  std::vector<std::string> lines;
  std::istringstream text(done.stdout_text);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The mapping, or a descriptor of it: the only places that may hold it.
void expect_only_in_the_memfd(const std::vector<std::string>& places) {
  EXPECT_FALSE(places.empty()) << "the scan would miss a copy";
  for (const std::string& place : places) {
    EXPECT_TRUE(place.find("/memfd:mayfly-dataset") != std::string::npos ||
                place.find(" descriptor ") != std::string::npos)
        << place;
  }
}

// The read end of a pipe into which a child writes what `make` returns: made there, never here.
UniqueFd written_by_a_child(const std::function<std::string()>& make) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool written = write_all(write_end, bytes_of(make())).has_value();
    ::_exit(written ? 0 : 1);
  }
  EXPECT_GT(child, 0);
  return read_end;
}

void reap_children() {
  int status = 0;
  while (::wait(&status) > 0) EXPECT_EQ(status, 0);
}

std::string around(const std::string& canary) {
  return std::string(100'000, 'a') + canary + std::string(100'000, 'b');
}

TEST(Canary, IsInTheSealedMemoryOnlyAndGoneAfterTheWipe) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer keeps copies of its own";
  const auto canary = test::Canary::random();
  const UniqueFd pipe = written_by_a_child([&] { return around(canary.clear()); });
  auto dataset = read_stream(pipe, "dataset", {}, JobIdentity::separate_user, {});
  reap_children();
  ASSERT_TRUE(dataset);
  expect_only_in_the_memfd(places_of(canary));
  EXPECT_EQ(std::move(*dataset).wipe()->residue, 0U);
  burn_stack();
  EXPECT_EQ(places_of(canary), std::vector<std::string>{});
}

// As a server would read it: pieces through one buffer of its own, wiped.
Result<JsonSiphon::Parts> siphon_from(const UniqueFd& fd) {
  TRY(auto siphon, JsonSiphon::begin({}, JobIdentity::separate_user, /*rest_bytes_max=*/4096));
  std::array<std::uint8_t, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(fd.borrow(), buffer.data(), buffer.size());
    if (got <= 0) break;
    CHECK_OK(siphon.append(ByteView(buffer).first(static_cast<std::size_t>(got))));
  }
  ::explicit_bzero(buffer.data(), buffer.size());
  return std::move(siphon).finish();
}

TEST(Canary, IsNoStringWhenItComesAsBase64InJson) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer keeps copies of its own";
  const auto canary = test::Canary::random();
  const UniqueFd pipe = written_by_a_child([&] {
    return R"({"dataset":{"format":"csv","data":"base64:)" +
           test::base64_text(around(canary.clear())) + R"("},"nonce":""})";
  });
  auto parts = siphon_from(pipe);
  reap_children();
  ASSERT_TRUE(parts && parts->data);
  burn_stack();
  expect_only_in_the_memfd(places_of(canary));
  EXPECT_EQ(Dataset::of_file(std::move(*parts->data)).wipe()->residue, 0U);
  EXPECT_EQ(places_of(canary), std::vector<std::string>{});
}

// Pieces of about `piece` bytes, so that the canary lies in one of them or across two.
Bytes sealed_by_the_child(const UploadSession& session, const std::string& data,
                          std::size_t piece) {
  using crypto::StreamTag;
  test::Clear clear{{test::bytes_from("{}"), StreamTag::push}};
  for (std::size_t at = 0; at < data.size(); at += piece) {
    clear.emplace_back(test::bytes_from(data.substr(at, piece)), StreamTag::message);
  }
  clear.emplace_back(Bytes(), StreamTag::final);
  return test::seal_pieces(session.public_key(), session.id(), clear).all();
}

Result<SealedIntake::Opened> open_from(const UniqueFd& fd, UploadSession& session) {
  TRY(auto intake,
      SealedIntake::begin(session, {}, JobIdentity::separate_user, /*rest_bytes_max=*/4096));
  std::array<std::uint8_t, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(fd.borrow(), buffer.data(), buffer.size());
    if (got <= 0) break;
    CHECK_OK(intake.append(ByteView(buffer).first(static_cast<std::size_t>(got))));
  }
  return intake.finish();
}

TEST(Canary, IsOpenedIntoTheSealedMemoryOnly) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer keeps copies of its own";
  for (const std::size_t piece : {piece_bytes_max, std::size_t{1001}}) {
    const auto canary = test::Canary::random();
    UploadSession session(crypto::X25519PrivateKey::generate().value(), crypto::Sha256{});
    const UniqueFd pipe = written_by_a_child([&] {
      return std::string(text_of(sealed_by_the_child(session, around(canary.clear()), piece)));
    });
    auto opened = open_from(pipe, session);
    reap_children();
    ASSERT_TRUE(opened && opened->parts.data) << opened.error().message();
    burn_stack();
    expect_only_in_the_memfd(places_of(canary));
    EXPECT_EQ(Dataset::of_file(std::move(*opened->parts.data)).wipe()->residue, 0U);
    EXPECT_EQ(places_of(canary), std::vector<std::string>{});
  }
}

TEST(Canary, IsGoneWhenAnIntakeIsRefusedHalfWay) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer keeps copies of its own";
  const auto canary = test::Canary::random();
  const UniqueFd pipe = written_by_a_child([&] { return around(canary.clear()); });
  EXPECT_FALSE(
      read_stream(pipe, "dataset", {.dataset_bytes_max = 150'000}, JobIdentity::separate_user, {}));
  ::wait(nullptr);
  burn_stack();
  EXPECT_EQ(places_of(canary), std::vector<std::string>{});
}

std::uint64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    if (name != field + ":") continue;
    std::uint64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

TEST(Intake, UsesNoMemoryBesideTheDatasetAtAnySize) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer's own memory is counted too";
  constexpr std::uint64_t dataset_bytes = std::uint64_t{256} << 20;
  constexpr std::uint64_t slack_bytes = std::uint64_t{4} << 20;
  const UniqueFd pipe = written_by_a_child([&] { return std::string(dataset_bytes, 'x'); });
  const std::uint64_t anonymous_before = status_bytes("RssAnon");
  const std::uint64_t shared_before = status_bytes("RssShmem");
  std::uint64_t anonymous_peak = 0;
  std::uint64_t shared_peak = 0;
  const auto dataset = read_stream(pipe, "dataset", {}, JobIdentity::separate_user, [&](auto) {
    anonymous_peak = std::max(anonymous_peak, status_bytes("RssAnon"));
    shared_peak = std::max(shared_peak, status_bytes("RssShmem"));
  });
  reap_children();
  ASSERT_TRUE(dataset);
  EXPECT_EQ(dataset->size_bytes(), dataset_bytes);
  EXPECT_LT(anonymous_peak, anonymous_before + slack_bytes);
  EXPECT_LT(shared_peak, shared_before + dataset_bytes + slack_bytes);
}

TEST(SealedIntake, UsesNoMemoryBesideTheDatasetAtAnySize) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer's own memory is counted too";
  constexpr std::uint64_t dataset_bytes = std::uint64_t{64} << 20;
  constexpr std::uint64_t slack_bytes = std::uint64_t{4} << 20;
  UploadSession session(crypto::X25519PrivateKey::generate().value(), crypto::Sha256{});
  const UniqueFd pipe = written_by_a_child([&] {
    return std::string(
        text_of(sealed_by_the_child(session, std::string(dataset_bytes, 'x'), piece_bytes_max)));
  });
  auto intake = SealedIntake::begin(session, {}, JobIdentity::separate_user, 4096).value();
  const std::uint64_t anonymous_before = status_bytes("RssAnon");
  std::uint64_t anonymous_peak = 0;
  Bytes buffer(std::size_t{1} << 16);
  std::uint64_t next_look = 0;
  std::uint64_t taken = 0;
  for (ssize_t got = 0; (got = ::read(pipe.borrow(), buffer.data(), buffer.size())) > 0;) {
    ASSERT_TRUE(intake.append(ByteView(buffer).first(static_cast<std::size_t>(got))));
    taken += static_cast<std::uint64_t>(got);
    if (taken < next_look) continue;
    next_look = taken + (std::uint64_t{1} << 20);
    anonymous_peak = std::max(anonymous_peak, status_bytes("RssAnon"));
  }
  reap_children();
  const auto opened = intake.finish();
  ASSERT_TRUE(opened && opened->parts.data);
  EXPECT_EQ(opened->parts.data->size_bytes(), dataset_bytes);
  EXPECT_LT(anonymous_peak, anonymous_before + slack_bytes);
}

// The other half of ZeroingDelete.LeavesNothingOfAStringThatDied: without it there is a copy.
TEST(PlainDelete, LeavesACopyOfAStringThatDied) {
  if (test::sanitizer_build) GTEST_SKIP() << "a sanitizer overwrites what was freed";
  const auto canary = test::Canary::random();
  {
    std::string text(1000, 'x');
    std::string clear = canary.clear();
    text.replace(500, clear.size(), clear);
    ::explicit_bzero(clear.data(), clear.size());
    asm volatile("" : : "r"(text.data()) : "memory");
  }
  burn_stack();
  const auto places = places_of(canary);
  ASSERT_EQ(places.size(), 1U);
  EXPECT_NE(places[0].find("[heap]"), std::string::npos) << places[0];
}

}  // namespace
}  // namespace mayfly::intake
