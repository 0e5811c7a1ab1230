// The forms that P-256 keys and signatures take outside: SubjectPublicKeyInfo, and DER in one form.
//
// Source    RFC 5480 clause 2; RFC 3279 clause 2.2.3. (r, s) and (r, n - s) are signatures of the
//           same message by the same key; where one signature has one form, it has the lower s.
// Shapes    Key x || y and signature r || s, 64 bytes each, as in crypto/ecdsa.
// Errors    malformed: not strict DER.  rejected: r or s outside [1, n-1], or the higher s.
// Threads   Pure functions.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t p256_der_signature_bytes_min = 8;
inline constexpr std::size_t p256_der_signature_bytes_max = 71;

Bytes p256_public_key_info(ByteView x_y);       // DER
std::string p256_public_key_pem(ByteView x_y);  // the same in PEM: what `openssl -verify` takes

Result<Bytes> p256_signature_from_der(ByteView der);

// Precondition of these: 64 bytes, s in [1, n-1].
bool has_low_s(ByteView r_s);
Bytes with_negated_s(ByteView r_s);
Bytes with_low_s(ByteView r_s);

}  // namespace mayfly::crypto
