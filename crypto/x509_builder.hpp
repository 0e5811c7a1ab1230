// Issues certificates for the simulated PKI and for tests; parse_x509() reads what it writes.
//
// Source    RFC 5280, version 3, P-256, ecdsa-with-SHA256; names hold a common name only.
// Errors    malformed: a date outside 1970..2049, a serial or path length out of bounds.  internal:
//           libcrypto failed.
// Threads   Pure function: serial and dates are arguments.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/x509.hpp"

namespace mayfly::crypto {

enum class Criticality : std::uint8_t { ordinary, critical };

struct CertificateDraft {
  ByteView serial;  // big-endian, 1 to 20 bytes
  std::string_view issuer_common_name;
  std::string_view subject_common_name;
  UnixMillis not_before;  // whole seconds; a rest is cut off
  UnixMillis not_after;
  CertificateRole role = CertificateRole::end_entity;
  std::optional<std::uint8_t> path_length_max;  // at most 127
  std::optional<KeyUsage> key_usage;            // absent: what the role needs
  std::array<std::uint8_t, p256_key_bytes> public_key{};
  struct ExtraExtension {
    ByteView identifier;
    ByteView value;
    Criticality criticality = Criticality::ordinary;
  };
  std::optional<ExtraExtension> extra_extension;  // besides keyUsage and basicConstraints
};

// The certificate's DER.
Result<Bytes> issue_certificate(const CertificateDraft& draft, const P256PrivateKey& issuer_key);

}  // namespace mayfly::crypto
