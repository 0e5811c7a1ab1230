// What the appraisal of a TDX quote found: one outcome for every check, none left out.
//
// Threads   Plain values.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/event_log_runtime.hpp"
#include "attest/verify/pck_extension.hpp"
#include "attest/verify/tcb_info.hpp"
#include "attest/verify/tdx_quote.hpp"

namespace mayfly::attest {

// In the order in which they are reported. The names are stable: programs branch on them.
enum class TdxCheck : std::uint8_t {
  quote_layout,
  quote_padding,  // what follows the quote
  // chain: from the platform's provisioning key (PCK) to a pinned root
  chain_certificates,  // exactly three, each readable: P-256, ecdsa-with-SHA256, no unknown
                       // critical extension
  chain_root,          // the last one equals a pinned root, byte by byte
  chain_names,
  chain_constraints,  // CA flags, key usage, path lengths
  chain_signatures,
  chain_validity,  // every certificate valid at the time of appraisal, both ends
  pck_extension,
  // signatures: from the PCK to the quote
  qe_report_signature,
  attestation_key_binding,
  quote_signature,
  // collateral: Intel's signed lists, and where the platform stands in them
  root_crl,  // of the same root, signed by it
  root_crl_validity,
  tcb_signing_chain,  // signing certificate and root
  tcb_signing_validity,
  tcb_info_signature,
  tcb_info,  // for TDX, of a known version
  tcb_info_validity,
  qe_identity_signature,
  qe_identity,  // of the TD quoting enclave, of a known version
  qe_identity_validity,
  pck_crl,  // of the CA that issued the PCK certificate, signed by it
  pck_crl_validity,
  revocation,         // neither PCK, nor its CA, nor the TCB signing certificate
  tcb_info_platform,  // FMSPC and PCE id are the platform's
  qe_identity_match,  // the quoting enclave is that one
  tdx_module_identity,
  tcb_level,
  tcb_status,
  tcb_evaluation_number,
  collateral_age,
  // td_policy: what kind of TD this is
  td_debug_off,
  td_attributes_known,
  td_sept_ve_disable,
  td_attributes_allowed,
  td_xfam,
  td_service_td,
  td_configuration,
  td_measurement,
  td_report_data,
  platform_allowed,
  // logs: what the RTMRs were extended with
  boot_log_replay,     // the firmware's log (CCEL) leads to the RTMRs of the policy
  boot_log_events,     // separators, and what the events show
  runtime_log_replay,  // dstack's log leads to RTMR3
  runtime_log_events,  // those that the policy names are there, once
};
inline constexpr std::size_t tdx_check_count =
    static_cast<std::size_t>(TdxCheck::runtime_log_events) + 1;

enum class TdxStage : std::uint8_t { layout, chain, signatures, collateral, td_policy, logs };
TdxStage stage_of(TdxCheck check);

// `not_evaluated` is never a pass: the detail says what was missing, or which check failed first.
// `not_asked`: the policy says Any; the detail is its reason.
enum class CheckOutcome : std::uint8_t { pass, fail, not_evaluated, not_asked };

struct TdxFinding {
  TdxCheck check;
  CheckOutcome outcome;
  std::string detail;  // one sentence; may be empty for a pass
};

// Weakest first; the strongest one decides.
enum class TdxVerdict : std::uint8_t {
  accepted,
  refused,       // genuine, and the policy does not want it
  inconclusive,  // collateral, or a log that the policy asks for, is missing
  unattested,    // simulated, or under debug: no hardware protects the TD
  contradicted,  // something is forged, or does not belong together
  malformed,     // not readable as a TDX quote
};

// What a check that fails makes of the verdict.
TdxVerdict verdict_of_failure(TdxCheck check);

struct TdxTcb {
  TcbStanding standing;  // of everything together
  TcbStatus platform = TcbStatus::revoked;
  std::optional<TcbStatus> module;  // none: a module of major version 0
  TcbStatus quoting_enclave = TcbStatus::revoked;
  std::uint32_t tcb_info_evaluation_number = 0;
  std::uint32_t qe_identity_evaluation_number = 0;
};

struct TdxAppraisal {
  TdxVerdict verdict = TdxVerdict::malformed;
  std::vector<TdxFinding> findings;  // every TdxCheck once, in order
  // The pinned root that the chain verified up to; none unless every `chain` check passed.
  std::optional<AnchorKind> anchor_kind;
  std::string anchor_name;
  // What the quote says; none unless every `chain` and `signatures` check passed. It may still be
  // a debug TD: look at the verdict.
  std::optional<TdQuoteBody> verified_body;
  std::uint16_t version = 0;  // of the quote; 0 if it could not be read
  std::size_t trailing_bytes = 0;
  std::optional<PckExtension> platform;  // none unless every `chain` check passed
  // Where the platform stands; none unless the signatures of quote and lists passed.
  std::optional<TdxTcb> tcb;
  std::string measurement_name;  // of the policy's, that was met
  // What the logs show; empty unless the body is verified and its registers were replayed.
  std::vector<ProvenEvent> boot_events;  // their registers count as CCEL's: 1 is RTMR0
  std::vector<DstackEvent> runtime_events;
  // The first time at which a certificate or list that was used is no longer valid.
  std::optional<UnixMillis> earliest_expiry;

  const TdxFinding& finding(TdxCheck check) const {
    return findings.at(static_cast<std::size_t>(check));
  }
  // fail if any check of the stage failed, else not_evaluated if any was not, else pass.
  CheckOutcome outcome_of(TdxStage stage) const;
};

std::string_view to_string(TdxCheck check);  // its name above
std::string_view to_string(TdxStage stage);
std::string_view to_string(CheckOutcome outcome);
std::string_view to_string(TdxVerdict verdict);

}  // namespace mayfly::attest
