// How current a platform's firmware is, in Intel's words.
//
// Source    Intel PCS API version 4, TCB info and identity; Intel DCAP, "TD relaunch".
// Errors    malformed: a word that Intel's lists do not use.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::attest {

enum class TcbStatus : std::uint8_t {
  up_to_date,
  sw_hardening_needed,
  configuration_needed,
  configuration_and_sw_hardening_needed,
  out_of_date,
  out_of_date_configuration_needed,
  revoked,
  // Never in a list: what an appraisal of a TD 1.5 may conclude.
  td_relaunch_advised,
  td_relaunch_advised_configuration_needed,
};

std::string_view to_string(TcbStatus status);  // "UpToDate"
Result<TcbStatus> tcb_status_from_string(std::string_view text);

// OutOfDate, with or without configuration needed.
bool is_out_of_date(TcbStatus status);

}  // namespace mayfly::attest
