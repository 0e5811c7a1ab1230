// How many pieces of evidence one core verifies in a second, beside the bare signature checks that
// libcrypto needs for the same evidence: what is left over is ours.
//
// Use       bench_attest_tee
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "attest/verify/nitro_anchor.hpp"
#include "attest/verify/nitro_verify.hpp"
#include "attest/verify/snp_verify.hpp"
#include "attest/verify/tpm_verify.hpp"
#include "crypto/pem.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;
using Clock = std::chrono::steady_clock;

// Rounds shorter than a scheduler's time slice, so that some run undisturbed on a busy machine.
constexpr int rounds = 500;
constexpr std::chrono::duration<double> round_length(0.002);

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_attest_tee: %s\n", what);
  std::exit(1);
}

// The best round: what the code can do when nothing else runs.
double per_second(const std::function<bool()>& work) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    std::size_t count = 0;
    std::chrono::duration<double> took{};
    while (took < round_length) {
      require(work(), "refused genuine evidence");
      ++count;
      took = Clock::now() - begin;
    }
    best = std::max(best, static_cast<double>(count) / took.count());
  }
  return best;
}

// EVP_PKEY_verify with a key that is ready: the least that anyone does for one signature.
double bare_ecdsa_per_second(const char* curve, std::size_t digest_size) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen(curve), &EVP_PKEY_free);
  const Bytes digest(digest_size, 0x5a);
  Bytes signature(160);
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> signer(
      EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free);
  require(
      EVP_PKEY_sign_init(signer.get()) == 1 &&
          EVP_PKEY_sign(signer.get(), signature.data(), &size, digest.data(), digest.size()) == 1,
      "libcrypto cannot sign");
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> verifier(
      EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free);
  require(EVP_PKEY_verify_init(verifier.get()) == 1, "libcrypto cannot verify");
  return per_second([&] {
    return EVP_PKEY_verify(verifier.get(), signature.data(), size, digest.data(), digest.size()) ==
           1;
  });
}

void print(const char* what, double ours, double bare, const char* bare_name) {
  std::printf("  %-34s %8.0f/s   %5.2f of %s (%.0f/s)\n", what, ours, ours / bare, bare_name, bare);
}

void measure_tpm() {
  constexpr double target = 5000;
  const double bare = bare_ecdsa_per_second("P-256", 32);
  const SwtpmQuote quote;
  const double ours =
      per_second([&] { return quote.appraise().verdict == EvidenceVerdict::accepted; });
  print("TPM quote, ECDSA P-256", ours, bare, "one bare P-256 check");
  std::printf("  %-34s %s\n", "target of 5000/s", ours >= target ? "met" : "MISSED");
}

// A document has five signatures over P-384: its own, and those of the chain below the root.
void measure_nitro(double bare_p384) {
  const Bytes document = read_attest_vector("nitro/dstack_1.bin");
  const Any nothing{"a benchmark"};
  const NitroPolicy policy{.anchors = {nitro_anchor()},
                           .age = nothing,
                           .debug_off = NitroDebugOff{},
                           .pcr_values = nothing,
                           .nonce = nothing,
                           .user_data = nothing,
                           .public_key = nothing};
  const double ours = per_second([&] {
    return appraise_nitro(document, policy, UnixMillis{1766668600000}).verdict ==
           EvidenceVerdict::accepted;
  });
  print("Nitro document, ES384", ours, bare_p384 / 5, "five bare P-384 checks");
}

// A report has one signature over P-384 and, with its chain, two over RSA-4096.
void measure_snp(double bare_p384) {
  const Bytes report = read_attest_vector("snp/coco_milan.report");
  std::vector<Bytes> chain{read_attest_vector("snp/coco_milan.vcek.der")};
  const Bytes pem = read_attest_vector("snp/certs/ask_ark_milan.pem");
  const auto authorities = crypto::split_pem_chain(pem, /*certificates_max=*/2);
  require(authorities.has_value(), "cannot read AMD's certificates");
  chain.insert(chain.end(), authorities->begin(), authorities->end());
  const SnpEvidence evidence{
      .report = report, .certificate_chain = chain, .revocation_list = std::nullopt};
  const Any nothing{"a benchmark"};
  const SnpPolicy policy{.anchors = {snp_anchors().begin(), snp_anchors().end()},
                         .revocation = nothing,
                         .providers = nothing,
                         .abi_minimum = nothing,
                         .debug_off = SnpDebugOff{},
                         .migration_off = SnpMigrationOff{},
                         .smt_off = nothing,
                         .single_socket = nothing,
                         .tcb_minimum = nothing,
                         .vmpl = nothing,
                         .measurements = nothing,
                         .host_data = nothing,
                         .id_keys = nothing,
                         .chips = nothing,
                         .report_data = nothing};
  const double ours = per_second([&] {
    return appraise_snp(evidence, policy, UnixMillis{1690000000000}).verdict ==
           EvidenceVerdict::accepted;
  });
  print("SEV-SNP report, cold", ours, bare_p384, "one bare P-384 check");
}

}  // namespace

int main() {
  const double bare_p384 = bare_ecdsa_per_second("P-384", 48);
  measure_tpm();
  measure_snp(bare_p384);
  measure_nitro(bare_p384);
  return 0;
}
