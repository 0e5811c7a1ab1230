// The root of the SIMULATED PKI: anyone can make evidence under it; it proves nothing about
// hardware. It exists so that one verifying path serves a laptop and a TEE.
//
// Its private key is the SHA-256 of a public sentence, so it is openly worthless. It is in no
// default set of anchors: a verifier that means to accept it says so by including this header.
//
// Threads   Pure functions.
#pragma once
#include <string_view>

#include "attest/model/trust_anchor.hpp"
#include "base/result.hpp"
#include "crypto/ecdsa.hpp"

namespace mayfly::attest {

// Subject names of the simulated chain, leaf to root.
inline constexpr std::string_view simulated_pck_name = "Mayfly SIMULATED PCK Certificate";
inline constexpr std::string_view simulated_pck_ca_name = "Mayfly SIMULATED PCK CA";
inline constexpr std::string_view simulated_root_name = "Mayfly SIMULATED Root CA - not hardware";

inline constexpr std::string_view simulated_root_key_sentence =
    "Mayfly SIMULATED Root CA: this private key is public and proves nothing about hardware.\n";

TrustAnchor simulated_anchor();
Result<crypto::P256PrivateKey> simulated_root_key();

}  // namespace mayfly::attest
