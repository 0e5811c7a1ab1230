// What a verifier asks of a certificate. The default of every member is its strictest value; each
// weakening is a value of type Any, with a reason, and every report prints it.
//
// Never accepted, under any policy: simulated evidence and debug TDs (verdict "unattested"), small-
// order signing keys, a statement without report_data, measurement and policy checked.
//
// Threads   Plain values.
#pragma once
#include <array>
#include <string>
#include <variant>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::verifier {

struct Required {};
// "Do not ask for this", and why.
struct Any {
  std::string reason;
};

// An environment that was rebuilt from source and compared: all of it, or it is another one.
struct Measurement {
  std::string name;
  crypto::Sha384 mr_td;
  std::array<crypto::Sha384, 4> rtmr;
};

struct Policy {
  std::string name;
  // Roots believed to be hardware. The simulated root is never one of them, whatever is put here.
  std::vector<attest::TrustAnchor> anchors;
  std::vector<Measurement> measurements;   // accepted; empty: none is known
  std::variant<Required, Any> collateral;  // fresh TCB, QE identity and revocation lists
};

// The vendor's roots, no known measurement, everything required.
Policy default_policy();

// One line for each Any in the policy: "collateral: not asked for (<reason>)".
std::vector<std::string> weakenings_of(const Policy& policy);

}  // namespace mayfly::verifier
