// What the reader of a certificate asks for. Every field is required: "do not check" is spelled
// Any{reason} and is shown in the report.
//
// Never accepted, so there is no field for it: simulated evidence and debug TDs (verdict
// "unattested"), small-order signing keys, a statement without report_data, measurement and policy
// checked.
//
// Threads   Plain values.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attest/model/evidence.hpp"
#include "attest/model/expectation.hpp"
#include "attest/verify/azure_verify.hpp"
#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/google_token_verify.hpp"
#include "attest/verify/nitro_verify.hpp"
#include "attest/verify/snp_verify.hpp"
#include "attest/verify/tdx_policy.hpp"
#include "attest/verify/tpm_appraisal.hpp"
#include "crypto/sha2.hpp"
#include "crypto/timestamp_token.hpp"

namespace mayfly::verifier {

using attest::Any;
using attest::EventLogRule;
using attest::Expected;

struct Required {};
using SignerKey = std::array<std::uint8_t, 32>;  // Ed25519

// Whose word it is that a quoting key lives in a TPM and signs nothing but quotes: the reader's
// own, who enrolled it, or that of an authority which certifies attestation keys.
struct TpmKeyTrust {
  std::vector<Bytes> names;           // if there are any, nothing below is looked at
  std::vector<crypto::Sha256> roots;  // of the DER of root certificates
  Expected<std::string> extended_usage;
};

struct TpmRules {
  TpmKeyTrust key;
  attest::TpmPolicy quote;  // its key_trust is not used: it follows from `key`
  Expected<EventLogRule> event_log;
};

struct AzureRules {
  attest::AzurePolicy machine;
  Expected<EventLogRule> event_log;
};

// By whose clock a certificate existed at a time, besides its issuer's.
struct TimeRules {
  crypto::TimestampRoots authorities;  // whose tokens of RFC 3161 are believed
  Expected<Required> token;            // one of them must be there
};

// For a kind that is not among the accepted ones its section says nothing.
struct Policy {
  std::string name;
  std::optional<crypto::Sha256> hash;  // of the document that it was read from
  std::vector<attest::TeeKind> kinds;  // accepted
  Expected<std::vector<SignerKey>> signers;
  Expected<Required> collateral;  // the vendor's lists: TCB, QE identity, revocation
  Expected<TimeRules> time;       // Any: tokens are shown, and prove nothing
  // Its report_data is not used for a certificate: what the quote must bind follows from that.
  // The simulated root is never one of its anchors, whatever is put there.
  attest::TdxPolicy tdx;
  // As for `tdx`: what evidence binds follows from the certificate; of `snp`, the demand for a
  // revocation list follows from `collateral`.
  attest::SnpPolicy snp;
  TpmRules tpm;
  attest::NitroPolicy nitro;
  attest::GoogleTokenPolicy confidential_space;  // its nonce follows from the certificate
  AzureRules azure;  // beside it, `snp` or `tdx` for the machine's hardware report
};

// The vendor's roots, no known measurement, everything required.
Policy default_policy();
// The same, and any measurement: is the evidence genuine? Says nothing about what runs in the TEE.
Policy genuine_policy();

// Whether it lists what may run in a TEE of this kind. One that accepts any can show that the
// hardware is genuine, and nothing about what it measured.
bool asks_for_measurement(const Policy& policy, attest::TeeKind kind);

// One line for each Any that default_policy() does not have: "collateral: not asked for
// (<reason>)".
// Only what concerns evidence of this kind, here and below.
std::vector<std::string> weakenings_of(const Policy& policy, attest::TeeKind kind);
// One line for each Any: "platforms: <reason>".
std::vector<std::string> not_asked_by(const Policy& policy, attest::TeeKind kind);

}  // namespace mayfly::verifier
