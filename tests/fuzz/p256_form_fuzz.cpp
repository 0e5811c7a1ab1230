// Goal: a P-256 signature has one form. Method: bytes that are taken as one must come out of the
// writer as they went in, the other value of s must be refused, and so must one byte more or less;
// the first 64 bytes are tried as a key, and as r || s.
#include <algorithm>
#include <cstdlib>

#include "crypto/ecdsa.hpp"
#include "crypto/p256_form.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::crypto;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_signature(ByteView der) {
  const auto r_s = p256_signature_from_der(der);
  if (!r_s) {
    require(!r_s.error().message().empty());
    return;
  }
  require(der.size() >= p256_der_signature_bytes_min && der.size() <= p256_der_signature_bytes_max);
  require(std::ranges::equal(ecdsa_signature_to_der(*r_s), der));
  require(has_low_s(*r_s) && with_low_s(*r_s) == *r_s);
  const Bytes other = with_negated_s(*r_s);
  require(!has_low_s(other) && with_low_s(other) == *r_s);
  require(!p256_signature_from_der(ecdsa_signature_to_der(other)));
  require(!p256_signature_from_der(der.first(der.size() - 1)));
  Bytes longer(der.begin(), der.end());
  longer.push_back(0);
  require(!p256_signature_from_der(longer));
}

void check_raw(ByteView raw, ByteView message) {
  require(p256_public_key_pem(raw).ends_with("-----END PUBLIC KEY-----\n"));
  // Either outcome is fine: it must come back.
  if (const auto key = EcdsaPublicKey::from_raw(EcdsaCurve::p256, raw)) {
    const auto verified = key->verify(message, raw);
    require(verified || !verified.error().message().empty());
  }
  if (!check_ecdsa_signature_range(EcdsaCurve::p256, raw)) return;
  const auto again = p256_signature_from_der(ecdsa_signature_to_der(with_low_s(raw)));
  require(again && *again == with_low_s(raw));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  check_signature(input);
  if (size >= p256_signature_bytes) {
    check_raw(input.first(p256_signature_bytes), input.subspan(p256_signature_bytes));
  }
  return 0;
}
