// Reads an Intel TDX quote of version 4 or 5. Layout only: no signature is checked here.
//
// Source    Intel TDX DCAP Quoting Library API, appendix A.3 and A.4: header 48 B, in version 5 the
//           type and size of the body, TD body (1.0: 584 B, 1.5: 648 B), signature data of declared
//           length.
// Shapes    Integers little-endian, measurements SHA-384. Every inner length must exactly fill what
//           holds it. What follows the quote is not of it: whether it may be there is a policy's.
// Errors    limit: over tdx_quote_bytes_max.  malformed: truncated, lengths that disagree.
//           rejected: well-formed as far as read, but an SGX quote, another version, key type, TEE,
//           quoting enclave vendor or certification data.
// Threads   Pure function. What it returns borrows from `quote`.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tdx_quote_bytes_max = std::size_t{64} * 1024;

enum class TdBodyKind : std::uint8_t { td_1_0, td_1_5 };

// What the TDX module reported about the TD and about itself.
struct TdQuoteBody {
  TdBodyKind kind = TdBodyKind::td_1_0;
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
  // TD 1.5 only, else zero. `tee_tcb_svn` is of the module that launched the TD, this one of the
  // module that runs it now.
  std::array<std::uint8_t, 16> tee_tcb_svn_2{};
  crypto::Sha384 mr_service_td;  // zero: no service TD is bound
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
  std::uint16_t version = 0;
  std::array<std::uint8_t, 20> user_data{};  // the first 16 bytes identify the QE
  TdQuoteBody body;
  std::array<std::uint8_t, 64> signature{};        // r || s by attestation_key over signed_bytes
  std::array<std::uint8_t, 64> attestation_key{};  // x || y; not checked to be on the curve
  QeReport qe_report;
  std::array<std::uint8_t, 64> qe_report_signature{};
  ByteView qe_authentication_data;
  ByteView pck_chain_pem;    // leaf to root; may end in NUL
  ByteView signed_bytes;     // header, body and what version 5 puts between them
  ByteView qe_report_bytes;  // the 384 bytes that the PCK signs
  ByteView quote_bytes;      // the quote alone
  ByteView trailing_bytes;   // what the input has after it
};

// Precondition: `quote` outlives the returned value.
Result<ParsedTdxQuote> parse_tdx_quote(ByteView quote);

}  // namespace mayfly::attest
