// What someone wants of a TDX quote beyond that it is genuine. Every field is asked for; what
// nobody asks is `Any` with a reason, and every report shows it.
//
// Never accepted, so there is no field for it: a TD under debug, a revoked platform, a quote that
// is not under a pinned root, collateral that is not valid at the time of appraisal.
//
// Threads   Plain values.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "attest/model/expectation.hpp"
#include "attest/model/trust_anchor.hpp"
#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/event_log_runtime.hpp"
#include "attest/verify/tcb_status.hpp"
#include "base/time.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

// An environment that was rebuilt from source and compared. MRTD alone is not enough: the kernel is
// in RTMR1, its command line in RTMR2; what a runtime extends (RTMR3) may have to be left open.
struct TdMeasurement {
  std::string name;
  crypto::Sha384 mr_td;
  std::array<Expected<crypto::Sha384>, 4> rtmr;
};

// Zero bytes after the quote: buffers of some clouds have them. Other bytes are never accepted.
enum class Padding : std::uint8_t { refused, zeros_accepted };

struct SeptVeRequired {};  // TDATTRIBUTES.SEPT_VE_DISABLE must be set

// Bits that change what a TD can do and that some environments need.
struct OptionalTdAttributes {
  bool protection_keys = false;
  bool key_locker = false;
  bool performance_monitoring = false;
};

struct AcceptedTcb {
  std::vector<TcbStatus> statuses;  // up_to_date is not implied; revoked is refused all the same
  // For a status other than UpToDate: every advisory must be in this list.
  Expected<std::vector<std::string>> advisories;
  // An OutOfDate status is accepted only for so long after its tcbDate, if it is in `statuses`.
  std::int64_t out_of_date_grace_days = 0;
};

struct TdxPolicy {
  std::vector<TrustAnchor> anchors;
  Expected<std::vector<TdMeasurement>> measurements;  // an empty list accepts none
  Expected<std::array<std::uint8_t, 64>> report_data;
  Expected<crypto::Sha384> mr_config_id;
  Expected<crypto::Sha384> mr_owner;
  Expected<crypto::Sha384> mr_owner_config;
  Expected<std::vector<crypto::Sha384>> service_tds;  // none bound is always accepted
  Expected<SeptVeRequired> sept_ve_disable;
  OptionalTdAttributes attributes;
  AcceptedTcb tcb;
  Expected<std::uint32_t> evaluation_number_min;   // guards against rolled-back lists
  Expected<std::int64_t> collateral_age_days_max;  // since the oldest list was issued
  Expected<std::vector<std::array<std::uint8_t, 16>>> platforms;  // PPID or PIID
  // The firmware's log (CCEL) must lead to these RTMRs.
  Expected<EventLogRule> event_log;
  // dstack's log must lead to RTMR3, and have each of these events once; it may have others. An
  // application can extend RTMR3 with a name of the boot's again, hence once.
  Expected<std::vector<DstackEvent>> runtime_log;
  PhysicalAccessTrust physical_access = PhysicalAccessTrust::none;
  Padding padding = Padding::refused;
};

// Intel's root; UpToDate only; SEPT_VE_DISABLE; no measurement known, so every TD is refused until
// its measurements are listed. Open, with a reason: what only the caller can know.
TdxPolicy default_tdx_policy();

// The same, and any measurement: is the quote genuine and the platform current? Says nothing about
// what runs in the TD.
TdxPolicy genuine_tdx_policy();

// One line for each Any: "measurements: <reason>".
std::vector<std::string> not_asked_by(const TdxPolicy& policy);

}  // namespace mayfly::attest
