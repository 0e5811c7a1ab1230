// Appraises the certificate of a TPM's endorsement key (EK): was it issued by a pinned
// manufacturer, for an endorsement key, of which TPM? For enrolling a TPM: that an attestation key
// lives in the same TPM is then shown by activating a credential, which nobody can check
// afterwards.
//
// Source    TCG, EK Credential Profile for TPM 2.0, clause 3.2: extended key usage 2.23.133.8.1,
//           subject alternative name with manufacturer (2.23.133.2.1), model (.2) and version (.3).
//           TCG, TPM 2.0 Library Part 1, 16, and the profile's template L-1 for the Name of an EK.
// Errors    tpm_ek_name: rejected, another key than RSA-2048.
// Threads   Pure functions: no I/O, no clock, no globals.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/verify/findings.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/public_key.hpp"

namespace mayfly::attest {

enum class TpmEkCheck : std::uint8_t {
  ek_readable,
  ek_anchor,
  ek_names,
  ek_constraints,
  ek_signatures,
  ek_validity,
  ek_usage,  // it is an endorsement key's certificate, and the key does not sign
  ek_tpm,    // manufacturer, model and version are there
};

template <>
struct CheckTable<TpmEkCheck> {
  static const std::array<CheckRow, 8> rows;
};

struct VerifiedTpmEk {
  crypto::PublicKey key;
  std::string manufacturer;  // "id:" and the vendor's id in hex
  std::string model;
  std::string version;
};

struct TpmEkAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<TpmEkCheck> findings;
  std::optional<VerifiedTpmEk> verified;  // none unless every check passed
};

// `chain`: DER, the EK's first, the root last.
TpmEkAppraisal appraise_tpm_ek(std::span<const Bytes> chain, std::span<const ByteView> anchors,
                               UnixMillis at);

// The Name that an RSA EK made by the profile's default template has: with it, the qualified Name
// of a key below it can be computed.
Result<Bytes> tpm_ek_name(ByteView modulus);

}  // namespace mayfly::attest
