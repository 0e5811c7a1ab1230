// What the appraisal of a TPM 2.0 quote found, and what a policy asks of one.
//
// Threads   Plain values.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/findings.hpp"
#include "attest/verify/tpm_structures.hpp"
#include "crypto/public_key.hpp"

namespace mayfly::attest {

enum class TpmCheck : std::uint8_t {
  attest_magic,   // made inside a TPM, not handed to it to be signed
  attest_type,    // a quote
  attest_layout,  // nothing after it
  signature_layout,
  key_layout,      // TPMT_PUBLIC
  key_attributes,  // restricted, signing, of this TPM, made inside it, not for decryption
  key_trust,       // pinned by name, certified, or vouched for by a TEE's report
  certificate_readable,
  certificate_anchor,
  certificate_names,
  certificate_constraints,
  certificate_signatures,
  certificate_validity,
  certificate_key,  // the certificate is about the quoting key
  signature_hash,   // SHA-2
  quote_signature,
  qualified_signer,  // the key's place in the TPM's hierarchy
  extra_data,        // the 32 bytes that the caller asked to be quoted
  pcr_bank,          // SHA-2 only, each bank once
  pcr_selection,     // what the caller wanted, and not nothing
  pcr_digest,        // the values shown are the quoted ones
  boot_measured,     // PCR 0 to 4 are not all zero
  pcr_values,        // the reference values
  clock_safe,
  clock_counters,  // no reset or restart count below the enrolled one
  firmware,
};

template <>
struct CheckTable<TpmCheck> {
  static const std::array<CheckRow, 26> rows;
};

struct TpmPcr {
  TpmHash bank = TpmHash::sha256;
  std::uint32_t index = 0;
  Bytes value;
};

// A key that is known from elsewhere, without a public area: its attributes cannot be looked at.
struct TpmKeyWithoutArea {
  crypto::PublicKey key;
  std::string vouched_for_by;  // for the report: "the HCL report of an SEV-SNP machine"
};

struct TpmEvidence {
  ByteView attest;     // TPMS_ATTEST
  ByteView signature;  // TPMT_SIGNATURE
  // TPMT_PUBLIC or TPM2B_PUBLIC.
  std::variant<ByteView, TpmKeyWithoutArea> attestation_key;
  std::vector<TpmPcr> pcrs;              // exactly the quoted ones, in any order
  std::vector<Bytes> certificate_chain;  // DER, the key's first, the root last; empty if none
};

// How a verifier who was not there comes to trust the quoting key. A recorded credential
// activation is no such way: whoever recorded it could have made it up.
struct TpmKeyPinned {
  std::vector<Bytes> names;  // nameAlg || digest, of keys enrolled before
};
struct TpmKeyCertified {
  std::vector<ByteView> anchors;  // DER of the roots
  // The extended key usage of the key's certificate: "2.23.133.8.3" is TCG's for attestation keys.
  // An authority that certifies other keys too would vouch for one that anybody holds.
  Expected<std::string> extended_usage;
};
struct TpmKeyVouchedFor {};  // TpmKeyWithoutArea, whose origin the caller has verified

struct TpmClockFloor {
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;  // counts from the last reset
};
struct TpmBootMeasured {};

struct TpmPolicy {
  std::variant<TpmKeyPinned, TpmKeyCertified, TpmKeyVouchedFor> key_trust;
  Expected<Bytes> extra_data;
  Expected<std::vector<TpmPcrSelection>> selection;
  // Reference values, one row for each PCR that must have one of them. PCR 16 and 23 can be reset
  // at any time, so a reference value for them is refused.
  Expected<std::vector<TpmPcr>> pcr_values;
  Expected<TpmBootMeasured> boot_measured;
  Expected<Bytes> qualified_signer;  // tpm_qualified_name()
  Expected<TpmClockFloor> clock_floor;
  Expected<std::vector<std::uint64_t>> firmware_versions;
};

// What the quote says; signed by the key whose name this is.
struct VerifiedTpmQuote {
  Bytes key_name;  // empty for a key without a public area
  Bytes extra_data;
  TpmClockInfo clock;
  std::uint64_t firmware_version = 0;
  std::vector<TpmPcr> pcrs;  // in the order of the quote
};

struct TpmAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<TpmCheck> findings;
  // None unless layout, chain and signature hold and the PCR values are the quoted ones.
  std::optional<VerifiedTpmQuote> verified;
};

}  // namespace mayfly::attest
