// Reads an AWS Nitro Enclaves attestation document. Layout only: no signature is checked here.
//
// Source    AWS, "Verifying the root of trust" (nitro-enclaves-nsm-api, attestation_process.md);
//           RFC 9052 for COSE_Sign1.
// Shapes    CBOR by the rules of cbor_reader; every name once, none that is not known. One thing is
//           taken that deterministic CBOR has not: newer Nitro hypervisors write the payload's map
//           with an indefinite length, so that map, and nothing else, may have one.
// Errors    malformed: not of that form.  limit: over the bounds below.  rejected: another
//           algorithm than ES384, another digest than SHA-384.
// Threads   Pure function. What it returns borrows from `document`.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t nitro_document_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t nitro_pcrs_max = 32;
inline constexpr std::size_t nitro_bundle_certificates_max = 7;
inline constexpr std::size_t nitro_certificate_bytes_max = 1024;
inline constexpr std::size_t nitro_public_key_bytes_max = 1024;
inline constexpr std::size_t nitro_user_data_bytes_max = 512;  // of nonce and user_data alike
inline constexpr std::size_t nitro_signature_bytes = 96;

struct NitroPcr {
  std::uint32_t index = 0;
  crypto::Sha384 value;
};

struct ParsedNitroDocument {
  ByteView protected_header;
  ByteView payload;
  ByteView signature;  // r || s
  std::string_view module_id;
  UnixMillis timestamp;
  std::vector<NitroPcr> pcrs;
  ByteView certificate;             // DER
  std::vector<ByteView> ca_bundle;  // DER, the root first
  std::optional<ByteView> public_key;
  std::optional<ByteView> user_data;
  std::optional<ByteView> nonce;

  const NitroPcr* pcr(std::uint32_t index) const;
};

Result<ParsedNitroDocument> parse_nitro_document(ByteView document);

}  // namespace mayfly::attest
