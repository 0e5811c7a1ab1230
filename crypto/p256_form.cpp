#include "crypto/p256_form.hpp"

#include <algorithm>
#include <array>

#include "base/text_encoding.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/x509_identifiers.hpp"

namespace mayfly::crypto {
namespace {

// SEC 2, 2.4.2: the order n.
constexpr std::array<std::uint8_t, 32> order{
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

}  // namespace

Bytes p256_public_key_info(ByteView x_y) {
  const Bytes algorithm = der_sequence({der_object_identifier(identifier::ec_public_key),
                                        der_object_identifier(identifier::curve_p256)});
  Bytes point(1 + x_y.size(), 0x04);  // SEC 1, 2.3.3: 04 || x || y
  std::ranges::copy(x_y, point.begin() + 1);
  return der_sequence({algorithm, der_bit_string(point)});
}

std::string p256_public_key_pem(ByteView x_y) {
  constexpr std::size_t line_characters = 64;  // RFC 7468, clause 2
  const std::string text = base64_encode(p256_public_key_info(x_y));
  std::string pem = "-----BEGIN PUBLIC KEY-----\n";
  for (std::size_t at = 0; at < text.size(); at += line_characters) {
    pem += text.substr(at, line_characters) + "\n";
  }
  return pem + "-----END PUBLIC KEY-----\n";
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
  return !std::ranges::lexicographical_compare(ByteView(other).subspan(order.size()),
                                               r_s.subspan(order.size()));
}

Bytes with_negated_s(ByteView r_s) {
  Bytes out(r_s.begin(), r_s.end());
  int borrow = 0;
  for (std::size_t i = order.size(); i-- > 0;) {
    std::uint8_t& digit = out[order.size() + i];
    const int difference = order[i] - digit - borrow;
    borrow = difference < 0 ? 1 : 0;
    digit = static_cast<std::uint8_t>(difference & 0xff);
  }
  return out;
}

Bytes with_low_s(ByteView r_s) {
  return has_low_s(r_s) ? Bytes(r_s.begin(), r_s.end()) : with_negated_s(r_s);
}

}  // namespace mayfly::crypto
