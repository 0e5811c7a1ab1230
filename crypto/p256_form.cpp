#include "crypto/p256_form.hpp"

#include <algorithm>

#include "crypto/der_writer.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509_identifiers.hpp"

namespace mayfly::crypto {

Bytes p256_public_key_info(ByteView x_y) {
  const Bytes algorithm = der_sequence({der_object_identifier(identifier::ec_public_key),
                                        der_object_identifier(identifier::curve_p256)});
  Bytes point(1 + x_y.size(), 0x04);  // SEC 1, 2.3.3: 04 || x || y
  std::ranges::copy(x_y, point.begin() + 1);
  return der_sequence({algorithm, der_bit_string(point)});
}

std::string p256_public_key_pem(ByteView x_y) {
  return pem_text("PUBLIC KEY", p256_public_key_info(x_y));
}

Result<Bytes> p256_signature_from_der(ByteView der) {
  TRY(Bytes r_s, ecdsa_signature_from_der(EcdsaCurve::p256, der));
  CHECK_OK(check_ecdsa_signature_range(EcdsaCurve::p256, r_s));
  if (!has_low_s(r_s)) {
    return fail(ErrorCode::rejected,
                "an ECDSA signature with the higher of its two values of s: the format takes the "
                "lower one");
  }
  return r_s;
}

bool has_low_s(ByteView r_s) {
  const Bytes other = with_negated_s(r_s);
  return !std::ranges::lexicographical_compare(ByteView(other).subspan(p256_order.size()),
                                               r_s.subspan(p256_order.size()));
}

Bytes with_negated_s(ByteView r_s) {
  Bytes out(r_s.begin(), r_s.end());
  int borrow = 0;
  for (std::size_t i = p256_order.size(); i-- > 0;) {
    std::uint8_t& digit = out[p256_order.size() + i];
    const int difference = p256_order[i] - digit - borrow;
    borrow = difference < 0 ? 1 : 0;
    digit = static_cast<std::uint8_t>(difference & 0xff);
  }
  return out;
}

Bytes with_low_s(ByteView r_s) {
  return has_low_s(r_s) ? Bytes(r_s.begin(), r_s.end()) : with_negated_s(r_s);
}

}  // namespace mayfly::crypto
