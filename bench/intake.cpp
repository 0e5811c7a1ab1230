// How fast a dataset gets into sealed memory, beside the work nobody can avoid: hashing it, copying
// it, and the kernel handing out fresh memory. Ratios hold across machines; rates do not.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "crypto/sha2.hpp"
#include "intake/dataset.hpp"
#include "intake/json_siphon.hpp"

namespace {

using namespace mayfly;
using Clock = std::chrono::steady_clock;

constexpr std::size_t dataset_bytes = std::size_t{256} << 20;
constexpr int rounds = 5;

[[noreturn]] void give_up(std::string_view why) {
  std::fprintf(stderr, "bench_intake: %.*s\n", static_cast<int>(why.size()), why.data());
  std::exit(1);
}

// The best of several rounds: what the code can do when nothing else runs.
double gigabytes_per_second(std::size_t bytes, const std::function<void()>& work) {
  double best_seconds = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    work();
    const std::chrono::duration<double> took = Clock::now() - begin;
    best_seconds = std::min(best_seconds, took.count());
  }
  return static_cast<double>(bytes) / best_seconds / 1e9;
}

void expect(const crypto::Sha256& got, const crypto::Sha256& wanted) {
  if (got != wanted) give_up("a digest is wrong");
}

intake::Dataset take_from_pipe(ByteView bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) give_up("pipe2");
  const UniqueFd read_end(ends[0]);
  ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  std::thread writer([bytes, write_end = UniqueFd(ends[1])] {
    for (ByteView rest = bytes; !rest.empty();) {
      const ssize_t put = ::write(write_end.borrow(), rest.data(), rest.size());
      if (put <= 0) break;
      rest = rest.subspan(static_cast<std::size_t>(put));
    }
  });
  auto dataset =
      intake::read_stream(read_end, "dataset", {}, intake::JobIdentity::separate_user, {});
  writer.join();
  if (!dataset) give_up(dataset.error().message());
  return std::move(*dataset);
}

intake::SealedFile take_from_memory(ByteView bytes) {
  auto intake = intake::FileIntake::begin("dataset", {}, intake::JobIdentity::separate_user);
  constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
  for (ByteView rest = bytes; intake && !rest.empty();) {
    const ByteView chunk = rest.first(std::min(chunk_bytes, rest.size()));
    if (!intake->append(chunk)) give_up("append");
    rest = rest.subspan(chunk.size());
  }
  auto file = std::move(*intake).seal();
  if (!file) give_up(file.error().message());
  return std::move(*file);
}

intake::SealedFile take_from_json(std::string_view body) {
  auto siphon = intake::JsonSiphon::begin({}, intake::JobIdentity::separate_user, 1 << 20);
  constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
  for (std::size_t at = 0; siphon && at < body.size(); at += chunk_bytes) {
    if (!siphon->append(bytes_of(body.substr(at, chunk_bytes)))) give_up("append");
  }
  auto parts = std::move(*siphon).finish();
  if (!parts || !parts->data) give_up("siphon");
  return std::move(*parts->data);
}

std::string base64_body(std::size_t decoded_bytes) {
  std::string body = R"({"dataset":{"data":"base64:)";
  body.append(decoded_bytes / 3 * 4, 'b');
  return body + "\"}}";
}

void touch_fresh_memory(std::size_t bytes) {
  const UniqueFd fd(::memfd_create("bench", MFD_CLOEXEC));
  if (::ftruncate(fd.borrow(), static_cast<off_t>(bytes)) != 0) give_up("ftruncate");
  void* const fresh =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.borrow(), /*offset=*/0);
  if (fresh == MAP_FAILED) give_up("mmap");
  std::memset(fresh, 1, bytes);
  ::munmap(fresh, bytes);
}

void print_row(std::string_view what, double rate, double sha_rate) {
  std::printf("%-52.*s %7.2f GB/s   %5.2f x sha256\n", static_cast<int>(what.size()), what.data(),
              rate, rate / sha_rate);
}

}  // namespace

int main() {
  Bytes bytes(dataset_bytes / 3 * 3);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 167 >> 3);
  Bytes copy(bytes.size(), 1);
  const std::string body = base64_body(bytes.size());
  const crypto::Sha256 digest = crypto::sha256(bytes);

  std::printf("%zu MB, best of %d\n", bytes.size() >> 20, rounds);
  const double sha =
      gigabytes_per_second(bytes.size(), [&] { expect(crypto::sha256(bytes), digest); });
  print_row("sha256 over memory (one core)", sha, sha);
  print_row("memcpy",
            gigabytes_per_second(bytes.size(),
                                 [&] { std::memcpy(copy.data(), bytes.data(), bytes.size()); }),
            sha);
  print_row("first touch of a fresh memfd",
            gigabytes_per_second(bytes.size(), [&] { touch_fresh_memory(bytes.size()); }), sha);

  print_row("pipe -> sealed memfd, hashed, wiped",
            gigabytes_per_second(bytes.size(),
                                 [&] {
                                   auto dataset = take_from_pipe(bytes);
                                   expect(dataset.hash(), digest);
                                   if (std::move(dataset).wipe()->residue != 0) give_up("residue");
                                 }),
            sha);
  print_row(
      "chunks in memory (an HTTP body) -> the same",
      gigabytes_per_second(bytes.size(), [&] { expect(take_from_memory(bytes).digest(), digest); }),
      sha);
  print_row("JSON request with base64 -> the same (decoded bytes)",
            gigabytes_per_second(bytes.size(), [&] { static_cast<void>(take_from_json(body)); }),
            sha);
  return 0;
}
