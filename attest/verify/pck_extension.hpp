// What a PCK certificate says about the platform it was issued for.
//
// Source    Intel SGX PCK Certificate and CRL Profile Specification, clause 1.3.5 (extension
//           1.2.840.113741.1.13.1).
// Errors    malformed: not of that form, an item twice, TCB, PCE id or FMSPC missing.
// Threads   Pure function.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

struct PckExtension {
  std::optional<std::array<std::uint8_t, 16>> ppid;  // names the processor package
  std::array<std::uint8_t, 16> tcb_components{};     // SVNs the certificate was issued for
  std::uint16_t pce_svn = 0;
  std::array<std::uint8_t, 16> cpu_svn{};
  std::array<std::uint8_t, 2> pce_id{};
  std::array<std::uint8_t, 6> fmspc{};  // family, model, stepping, platform, custom SKU
  std::optional<std::uint8_t> sgx_type;
  // Multi-package platforms only.
  std::optional<std::array<std::uint8_t, 16>> piid;  // names the platform instance
  std::optional<bool> dynamic_platform;
  std::optional<bool> cached_keys;
  std::optional<bool> smt_enabled;
};

// `value` is the content of the extension's OCTET STRING.
Result<PckExtension> parse_pck_extension(ByteView value);

}  // namespace mayfly::attest
