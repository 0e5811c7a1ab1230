// How fast a certificate is checked, beside the JSON parser that most C++ programs would use. That
// parser does less: it accepts duplicate names and any order, spelling and white space.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "certificate/canonical_document.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/decode.hpp"
#include "tests/certificate/sample.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::certificate;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 5;
constexpr std::size_t bytes_per_round = std::size_t{200} << 20;
constexpr double target_mb_per_s = 200;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_certificate_check: %s\n", what);
  std::exit(1);
}

// The best of several rounds: what the code can do when nothing else runs.
double megabytes_per_second(std::size_t bytes, std::size_t share,
                            const std::function<bool()>& work) {
  const std::size_t repeats = std::max<std::size_t>(1, bytes_per_round / share / bytes);
  double best_seconds = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < repeats; ++i) require(work(), "refused its own certificate");
    const std::chrono::duration<double> took = Clock::now() - begin;
    best_seconds = std::min(best_seconds, took.count());
  }
  return static_cast<double>(bytes * repeats) / best_seconds / 1e6;
}

void measure(const char* what, const Bytes& certificate) {
  const std::size_t size = certificate.size();
  const double check =
      megabytes_per_second(size, 1, [&] { return check_canonical(certificate).has_value(); });
  const double read = megabytes_per_second(
      size, 1, [&] { return CanonicalDocument::parse(certificate).has_value(); });
  const double decode =
      megabytes_per_second(size, 4, [&] { return decode_certificate(certificate).has_value(); });
  const double peer_tree = megabytes_per_second(
      size, 10, [&] { return !nlohmann::json::parse(certificate, nullptr, false).is_discarded(); });
  const double peer_check =
      megabytes_per_second(size, 10, [&] { return nlohmann::json::accept(certificate); });
  std::printf("%s, %zu bytes\n", what, size);
  std::printf("  strict check      %8.0f MB/s   %5.1f x nlohmann accept (%.0f MB/s)   %s\n", check,
              check / peer_check, peer_check,
              check >= target_mb_per_s ? "target of 200 met" : "TARGET OF 200 MISSED");
  std::printf("  check and index   %8.0f MB/s   %5.1f x nlohmann parse (%.0f MB/s)\n", read,
              read / peer_tree, peer_tree);
  std::printf("  decode to structs %8.0f MB/s   %5.1f x nlohmann parse\n\n", decode,
              decode / peer_tree);
}

// About 6 KB: what a small job leaves behind.
Bytes small_certificate() {
  Proof proof = certificate::test::sample_proof();
  proof.tee_quote.resize(1000);
  return certificate::test::encode_sample(certificate::test::sample_statement(), proof);
}

// About 12 MB: many scripts and kinds of execution, and a large result with text and fractions.
Bytes large_certificate() {
  Statement statement = certificate::test::sample_statement();
  Claim& claim = statement.claim;
  for (int i = 0; i < 9'900; ++i) {
    const std::string name = "file_" + std::to_string(i);
    claim.sandbox.scripts.push_back(
        {.name = name, .digest = certificate::test::digest_of(name), .size = i});
    claim.execution.tool_uses->push_back({.tool = name,
                                          .digest = certificate::test::digest_of(name),
                                          .args_hash = certificate::test::keyed_hash_of(name),
                                          .exit_code = 0,
                                          .count = i});
  }
  std::string value = "[";
  for (int i = 0; i < 24'000; ++i) {
    if (i > 0) value += ',';
    value += "{\"score\":0." + std::to_string(1'000'001 + 2 * i) + ",\"text\":\"" +
             std::string(300, 'x') + "\"}";
  }
  claim.result.value = value + "]";
  return certificate::test::encode_sample(statement);
}

}  // namespace

int main() {
  measure("small certificate", small_certificate());
  measure("large certificate", large_certificate());
  return 0;
}
