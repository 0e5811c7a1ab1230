// Reads an X.509 certificate of the profile that TEE vendors issue: version 3, a P-256 key, signed
// with ecdsa-with-SHA256. Nothing is fetched, no store is consulted; a chain is the caller's rule.
//
// Source    RFC 5280. Public key form RFC 5480.
// Shapes    Times as Unix milliseconds; the signature as raw r || s.
// Errors    malformed: not DER, not a certificate, an extension twice.  limit: over
//           x509_certificate_bytes_max or x509_extensions_max.  rejected: another key type or
//           signature algorithm, a point not on the curve, an unknown critical extension.
// Threads   Pure functions. What they return borrows from `der`.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/ecdsa.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t x509_certificate_bytes_max = std::size_t{16} * 1024;
inline constexpr std::size_t x509_extensions_max = 32;

enum class CertificateRole : std::uint8_t { end_entity, certificate_authority };

// Bits of RFC 5280, 4.2.1.3 that chains of ours decide on.
struct KeyUsage {
  bool digital_signature = false;
  bool certificate_signing = false;
  bool crl_signing = false;
};

struct X509Extension {
  ByteView identifier;  // content of the OBJECT IDENTIFIER
  ByteView value;       // content of the OCTET STRING
};

// Layout and key checked; the signature is NOT checked until verify_issued_by().
struct X509Certificate {
  ByteView signed_bytes;  // the whole tbsCertificate element
  ByteView serial;        // big-endian magnitude, at most 20 bytes
  ByteView issuer;        // the whole Name elements, compared byte by byte
  ByteView subject;
  std::string subject_common_name;
  UnixMillis not_before;
  UnixMillis not_after;  // inclusive
  std::array<std::uint8_t, p256_key_bytes> public_key{};
  // Absent: the certificate has no basicConstraints extension.
  std::optional<CertificateRole> role;
  std::optional<std::uint32_t> path_length_max;
  std::optional<KeyUsage> key_usage;
  std::vector<X509Extension> extensions;
  std::array<std::uint8_t, p256_signature_bytes> signature{};

  bool is_valid_at(UnixMillis at) const { return not_before <= at && at <= not_after; }
};

// Precondition: `der` outlives the returned value.
Result<X509Certificate> parse_x509(ByteView der);

// Names and signature: `certificate` names `issuer` as its issuer and carries its signature.
Result<void> verify_issued_by(const X509Certificate& certificate, const X509Certificate& issuer);

// The value of the extension with this identifier, if the certificate has it.
std::optional<ByteView> find_extension(const X509Certificate& certificate, ByteView identifier);

}  // namespace mayfly::crypto
