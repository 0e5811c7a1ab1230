// {"tcbInfo":{...},"signature":"<128 hex digits>"}: what Intel signs is the bytes of the first
// member as they stand, so they are located and never written anew.
//
// Source    Intel PCS API version 4, "Get TDX TCB Info" and "Get TD QE Identity".
// Errors    malformed: not JSON, another member, a signature of another length.  limit: too large.
// Threads   Pure function. What it returns borrows from `file`.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

inline constexpr std::string_view tcb_info_body_name = "tcbInfo";
inline constexpr std::string_view qe_identity_body_name = "enclaveIdentity";

// Layout checked, signature NOT checked. The body's contents are not read yet.
struct CollateralEnvelope {
  ByteView body;
  std::array<std::uint8_t, 64> signature{};  // r || s over body
};

Result<CollateralEnvelope> open_envelope(ByteView file, std::string_view body_name);

// The one spelling of an envelope: no white space outside the body, lower-case hex.
std::string plain_envelope(const CollateralEnvelope& envelope, std::string_view body_name);

}  // namespace mayfly::attest
