// Reads the TPM 2.0 structures that a quote consists of. Layout only: nothing is verified here.
//
// Source    TCG, TPM 2.0 Library, Part 2: TPMS_ATTEST (10.12.12), TPMT_SIGNATURE (11.3.4),
//           TPMT_PUBLIC (12.2.4), TPML_PCR_SELECTION (10.9.7), TPMA_OBJECT (8.3).
// Shapes    Integers big-endian; sized buffers have a two-byte length. Every structure must fill
//           its bytes exactly.
// Errors    malformed: truncated, trailing bytes, a magic, type or selector that is not one of
//           these structures.  limit: over tpm_structure_bytes_max.  rejected: well-formed, but an
//           algorithm that is not trusted here (SHA-1, HMAC, ECDAA, curves other than P-256 and
//           P-384).
// Threads   Pure functions. What they return borrows from their input.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/public_key.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tpm_structure_bytes_max = 4096;
inline constexpr std::uint32_t tpm_generated_magic = 0xff544347;  // "made inside a TPM"
inline constexpr std::uint16_t tpm_attest_quote_type = 0x8018;
inline constexpr std::uint32_t tpm_pcr_count = 24;

// TPM_ALG_ID, as far as hashes go. SHA-1 can be read, and is refused by every check.
enum class TpmHash : std::uint16_t {
  sha1 = 0x0004,
  sha256 = 0x000b,
  sha384 = 0x000c,
  sha512 = 0x000d,
};
std::string_view to_string(TpmHash hash);
std::size_t tpm_digest_bytes(TpmHash hash);
// rejected for SHA-1.
Result<crypto::HashAlgorithm> trusted_hash(TpmHash hash);

struct TpmPcrSelection {
  TpmHash bank = TpmHash::sha256;
  std::uint32_t mask = 0;  // bit i: PCR i
  auto operator<=>(const TpmPcrSelection&) const = default;
};

struct TpmClockInfo {
  std::uint64_t clock_ms = 0;  // powered time since the TPM was last cleared
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool is_safe = false;  // no greater clock value was ever reported
};

// TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE.
struct ParsedTpmQuote {
  ByteView qualified_signer;
  ByteView extra_data;
  TpmClockInfo clock;
  std::uint64_t firmware_version = 0;
  std::vector<TpmPcrSelection> selections;
  ByteView pcr_digest;
};
Result<ParsedTpmQuote> parse_tpm_quote(ByteView attest);

// TPMT_SIGNATURE; `signature` as crypto::PublicKey takes it.
struct ParsedTpmSignature {
  TpmHash hash = TpmHash::sha256;
  crypto::SignatureForm form = crypto::SignatureForm::ecdsa;
  Bytes signature;
};
// ECDSA numbers are padded to the curve's width: 32 bytes, or 48 if one is longer than 32.
Result<ParsedTpmSignature> parse_tpm_signature(ByteView signature);

// TPMA_OBJECT.
namespace tpm_attribute {
inline constexpr std::uint32_t fixed_tpm = 1U << 1U;
inline constexpr std::uint32_t fixed_parent = 1U << 4U;
inline constexpr std::uint32_t sensitive_data_origin = 1U << 5U;
inline constexpr std::uint32_t encrypted_duplication = 1U << 11U;
inline constexpr std::uint32_t restricted = 1U << 16U;
inline constexpr std::uint32_t decrypt = 1U << 17U;
inline constexpr std::uint32_t sign = 1U << 18U;
}  // namespace tpm_attribute

struct TpmRsaKey {
  ByteView modulus;
  std::uint32_t exponent = 0;
};
struct TpmEccKey {
  crypto::EcdsaCurve curve = crypto::EcdsaCurve::p256;
  Bytes x_y;
};

// TPMT_PUBLIC of an asymmetric key, or TPM2B_PUBLIC around one.
struct ParsedTpmPublic {
  TpmHash name_algorithm = TpmHash::sha256;
  std::uint32_t attributes = 0;
  ByteView auth_policy;
  bool has_symmetric = false;  // it wraps children: a storage key
  // The scheme that the key is bound to; none: any.
  std::optional<crypto::SignatureForm> scheme;
  std::optional<TpmHash> scheme_hash;
  std::variant<TpmRsaKey, TpmEccKey> key;
  ByteView encoded;  // the TPMT_PUBLIC, without an outer length
};
Result<ParsedTpmPublic> parse_tpm_public(ByteView encoded);
Result<crypto::PublicKey> key_of(const ParsedTpmPublic& area);

// nameAlg || H(TPMT_PUBLIC): Part 1, 16.
Result<Bytes> tpm_name_of(const ParsedTpmPublic& area);

// The qualified Name of the last of `names`, each the child of the one before it, the first being a
// primary key of `hierarchy` (TPM_RH_ENDORSEMENT: 0x4000000b): Part 1, 16.
Result<Bytes> tpm_qualified_name(std::uint32_t hierarchy, const std::vector<Bytes>& names);
inline constexpr std::uint32_t tpm_hierarchy_owner = 0x40000001;
inline constexpr std::uint32_t tpm_hierarchy_endorsement = 0x4000000b;

}  // namespace mayfly::attest
