// Reads the report that Azure's paravisor (HCL) keeps in a virtual TPM: a hardware report, and the
// claims whose hash is in it. Layout only: nothing is verified here.
//
// Source    Azure, "Guest attestation for confidential VMs": NV index 0x01400001 of the virtual
//           TPM; OpenHCL, igvm_attest (attestation report header and request data).
// Shapes    Integers little-endian: header 32 B ("HCLA", version 1 or 2), hardware report 1184 B
//           (an SEV-SNP report, or a TDREPORT of 1024 B and zeros), request header 20 B, claims,
//           zeros.
// Errors    malformed: not of that form.  limit: over azure_report_bytes_max.  rejected: another
//           kind of report or hash.
// Threads   Pure functions. What they return borrows from the report.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "attest/verify/azure_json.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/public_key.hpp"

namespace mayfly::attest {

inline constexpr std::size_t azure_report_bytes_max = std::size_t{16} * 1024;

enum class AzureTee : std::uint8_t { snp, tdx };

struct ParsedAzureReport {
  std::uint32_t version = 0;
  AzureTee tee = AzureTee::snp;
  crypto::HashAlgorithm claims_hash = crypto::HashAlgorithm::sha256;
  ByteView hardware_report;  // of SEV-SNP: 1184 bytes, as appraise_snp() takes it
  ByteView claims;           // the JSON, exactly as hashed
};
Result<ParsedAzureReport> parse_azure_report(ByteView report);

// The 64 bytes that a hardware report binds if it vouches for these claims: their hash, then zeros.
std::array<std::uint8_t, 64> azure_report_data(const ParsedAzureReport& report);

// The same report with everything that nothing vouches for in one spelling: version 2, the sizes
// and state of the request zero, a TDREPORT (which no key signs) zero, nothing after the claims.
Result<Bytes> plain_azure_report(ByteView report);

// "HCLAkPub" among the claims' keys: RSA, for signing, there once.
Result<crypto::PublicKey> azure_attestation_key(const AzureJson& claims);

}  // namespace mayfly::attest
