// How many TDX quotes a second one core judges: everything anew, and with the lists and CAs that
// quotes share verified before. The ceiling is what the signatures alone cost, by the same
// libcrypto in the same run: nine P-256 verifications anew, three for a quote whose lists and CA
// are known.
//
// Read the percentages: on a machine that does other work, both sides of them slow down together.
//
// Use       bench_attest [seconds per figure]
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "attest/verify/tdx_verify.hpp"
#include "base/file_io.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/sha2.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 5;
constexpr UnixMillis appraised_at{1'771'464'171'000};
constexpr double cold_target = 450;
constexpr double kept_target = 1500;
constexpr int cold_signatures = 9;
constexpr int kept_signatures = 3;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_attest: %s\n", what);
  std::exit(1);
}

Bytes read_vector(const std::string& name) {
  auto bytes = read_file(std::string(MAYFLY_SOURCE_DIR) + "/tests/vectors/attest/tdx/" + name,
                         std::size_t{1} << 20U);
  require(bytes.has_value(), "a vector is missing");
  return *bytes;
}

// The best of several rounds: what the code can do when nothing else runs.
double per_second(double seconds, const std::function<void()>& work) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    std::chrono::duration<double> took{};
    std::size_t count = 0;
    do {
      work();
      ++count;
      took = Clock::now() - begin;
    } while (took.count() < seconds / rounds);
    best = std::max(best, static_cast<double>(count) / took.count());
  }
  return best;
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};

// OpenSSL by itself: one key, one digest, verified again and again.
double openssl_verifications_per_second(double seconds) {
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_EC_gen("P-256"));
  const crypto::Sha256 digest = crypto::sha256(bytes_of("mayfly"));
  Bytes signature(80);
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_PKEY_CTX, FreeContext> signer(EVP_PKEY_CTX_new(key.get(), nullptr));
  require(EVP_PKEY_sign_init(signer.get()) == 1 &&
              EVP_PKEY_sign(signer.get(), signature.data(), &size, digest.bytes.data(),
                            digest.bytes.size()) == 1,
          "OpenSSL cannot sign");
  const std::unique_ptr<EVP_PKEY_CTX, FreeContext> verifier(EVP_PKEY_CTX_new(key.get(), nullptr));
  require(EVP_PKEY_verify_init(verifier.get()) == 1, "OpenSSL cannot verify");
  return per_second(seconds, [&] {
    require(EVP_PKEY_verify(verifier.get(), signature.data(), size, digest.bytes.data(),
                            digest.bytes.size()) == 1,
            "OpenSSL refused its own signature");
  });
}

void report(const char* what, double rate, double target, double ceiling, int signatures) {
  std::printf(
      "  %-26s %8.0f /s   %3.0f %% of the %.0f /s that %d signatures alone allow   %s %.0f %s\n",
      what, rate, 100 * rate / ceiling, ceiling, signatures,
      rate >= target ? "target of" : "TARGET OF", target, rate >= target ? "met" : "MISSED");
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  require(seconds > 0, "usage: bench_attest [seconds per figure]");
  const Bytes quote = read_vector("quotes/v5_google_2026.bin");
  const TdxCollateral collateral{
      .tcb_info = read_vector("tcbinfo/TDX_90c06f000000_20260218T105851_e18.json"),
      .qe_identity = read_vector("qeid/TD_QE_20260218T104215_e18.json"),
      .signing_chain = read_vector("certs/tcb_signing_2025_chain.pem"),
      .root_crl = read_vector("rootcrl/root_20250320T112157.der"),
      .pck_crl = read_vector("pckcrl/platform_20260218T104115.der")};
  const TdxPolicy policy = genuine_tdx_policy();

  const double signature = openssl_verifications_per_second(seconds);
  const double cold = per_second(seconds, [&] {
    require(verify_tdx(quote, collateral, policy, appraised_at).verdict == TdxVerdict::accepted,
            "refused a quote that is good");
  });
  TdxVerifier kept(collateral, policy, appraised_at);
  const double warm = per_second(seconds, [&] {
    require(kept.verify(quote).verdict == TdxVerdict::accepted, "refused a quote that is good");
  });

  std::printf("TDX quote of version 5, %zu bytes, with Intel's lists; one core\n", quote.size());
  std::printf("  %-26s %8.0f /s   peer: OpenSSL, one key\n", "P-256 verification", signature);
  report("everything anew", cold, cold_target, signature / cold_signatures, cold_signatures);
  report("lists and CA known", warm, kept_target, signature / kept_signatures, kept_signatures);
  std::printf(
      "  Peers of its kind (Intel's QVL, dcap-qvl) are in no Debian package: not measured.\n");
  return 0;
}
