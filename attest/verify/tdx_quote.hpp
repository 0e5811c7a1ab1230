// Reads an Intel TDX quote of version 4. Layout only: no signature is checked here.
//
// Source    Intel TDX DCAP Quoting Library API, appendix A.3: header 48 B, TD body 584 B, signature
//           data of declared length.
// Shapes    Integers little-endian, measurements SHA-384. Every inner length must exactly fill what
//           holds it. All-zero padding after the quote is counted, not kept.
// Errors    limit: over tdx_quote_bytes_max.  malformed: truncated, lengths that disagree, other
//           bytes after the end.  rejected: well-formed as far as read, but another version (SGX 3,
//           TDX 5), key type, TEE, quoting enclave vendor or certification data.
// Threads   Pure function. What it returns borrows from `quote`.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tdx_quote_bytes_max = std::size_t{64} * 1024;

// What the TDX module reported about the TD and about itself.
struct TdQuoteBody {
  std::array<std::uint8_t, 16> tee_tcb_svn{};
  crypto::Sha384 mr_seam;         // the TDX module
  crypto::Sha384 mr_signer_seam;  // its signer; zero is Intel
  std::uint64_t seam_attributes = 0;
  std::uint64_t td_attributes = 0;
  std::uint64_t xfam = 0;
  crypto::Sha384 mr_td;  // the TD's initial contents
  crypto::Sha384 mr_config_id;
  crypto::Sha384 mr_owner;
  crypto::Sha384 mr_owner_config;
  std::array<crypto::Sha384, 4> rtmr;          // extended at boot and run time
  std::array<std::uint8_t, 64> report_data{};  // what the guest asked to be bound
};

// The report of the quoting enclave (QE), which vouches for the attestation key.
struct QeReport {
  std::array<std::uint8_t, 16> cpu_svn{};
  std::uint32_t misc_select = 0;
  std::array<std::uint8_t, 16> attributes{};
  crypto::Sha256 mr_enclave;
  crypto::Sha256 mr_signer;
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  std::array<std::uint8_t, 64> report_data{};
};

struct ParsedTdxQuote {
  std::array<std::uint8_t, 20> user_data{};  // the first 16 bytes identify the QE
  TdQuoteBody body;
  std::array<std::uint8_t, 64> signature{};        // r || s by attestation_key over signed_bytes
  std::array<std::uint8_t, 64> attestation_key{};  // x || y; not checked to be on the curve
  QeReport qe_report;
  std::array<std::uint8_t, 64> qe_report_signature{};
  ByteView qe_authentication_data;
  ByteView pck_chain_pem;    // leaf to root; may end in NUL
  ByteView signed_bytes;     // header and body
  ByteView qe_report_bytes;  // the 384 bytes that the PCK signs
  ByteView quote_bytes;      // the quote without padding
  std::size_t trailing_zero_bytes = 0;
};

// Precondition: `quote` outlives the returned value.
Result<ParsedTdxQuote> parse_tdx_quote(ByteView quote);

}  // namespace mayfly::attest
