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
#include "attest/verify/tdx_policy.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::verifier {

using attest::Any;
using attest::Expected;

struct Required {};
using SignerKey = std::array<std::uint8_t, 32>;  // Ed25519

struct Policy {
  std::string name;
  std::optional<crypto::Sha256> hash;  // of the document that it was read from
  std::vector<attest::TeeKind> kinds;  // accepted
  Expected<std::vector<SignerKey>> signers;
  Expected<Required> collateral;  // the vendor's lists: TCB, QE identity, revocation
  // Its report_data is not used for a certificate: what the quote must bind follows from that.
  // The simulated root is never one of its anchors, whatever is put there.
  attest::TdxPolicy tdx;
};

// The vendor's roots, no known measurement, everything required.
Policy default_policy();
// The same, and any measurement: is the evidence genuine? Says nothing about what runs in the TEE.
Policy genuine_policy();

// Whether it lists what may run in the TEE. A policy that accepts any measurement can show that
// hardware is genuine, and nothing about what it measured.
bool asks_for_measurement(const Policy& policy);

// One line for each Any that default_policy() does not have: "collateral: not asked for
// (<reason>)".
std::vector<std::string> weakenings_of(const Policy& policy);
// One line for each Any: "platforms: <reason>".
std::vector<std::string> not_asked_by(const Policy& policy);

}  // namespace mayfly::verifier
