// Asks the launcher of a Confidential Space workload for an attestation token that binds 64 bytes.
// What it gives is signed by Google, not by hardware: a weaker class, which no verifier takes for
// the other.
//
// Source    Google, Confidential Space, "Connect to external resources": POST /v1/token with a
//           custom audience and nonces; token type PKI, whose signing chain is in the token.
// Shapes    Audience "mayfly"; one nonce, the SHA-256 of the 64 bytes in hex.
// Errors    unavailable: no such socket, no answer in time, an answer that is not 200.  malformed:
//           an answer that is no token.  limit: over confidential_space_token_bytes_max.
// Threads   Each call has a connection of its own.
#pragma once
#include <string>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"

namespace mayfly::attest {

inline constexpr std::size_t confidential_space_token_bytes_max = std::size_t{64} * 1024;
inline constexpr const char* confidential_space_socket = "/run/container_launcher/teeserver.sock";

Result<Evidence> confidential_space_evidence(const std::string& socket,
                                             const ReportData& report_data);

}  // namespace mayfly::attest
