#include "attest/verify/tcb_standing.hpp"

#include <algorithm>

namespace mayfly::attest {
namespace {

constexpr std::size_t advisory_bytes_max = 64;

// Shown to people and compared with a policy's list.
bool is_advisory(std::string_view text) {
  return !text.empty() && text.size() <= advisory_bytes_max &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool is_in_lists(TcbStatus status) {
  return status != TcbStatus::td_relaunch_advised &&
         status != TcbStatus::td_relaunch_advised_configuration_needed;
}

bool is_of_one_component(TcbStatus status) {
  return status == TcbStatus::up_to_date || status == TcbStatus::out_of_date ||
         status == TcbStatus::revoked;
}

}  // namespace

Result<TcbStanding> read_standing(const JsonPart& level) {
  TcbStanding out;
  TRY(const std::string_view status, level.text_of("tcbStatus"));
  TRY(out.status, tcb_status_from_string(status));
  if (!is_in_lists(out.status)) {
    return fail(ErrorCode::malformed, "a TCB status that no list may give");
  }
  TRY(out.tcb_date, level.time_of("tcbDate"));
  const auto advisories = level.find("advisoryIDs");
  if (!advisories) {
    return out;
  }
  TRY(const std::vector<JsonPart> parts, advisories->items());
  if (parts.size() > advisories_max) {
    return fail(ErrorCode::limit, "more than 64 advisories at one TCB level");
  }
  for (const JsonPart& part : parts) {
    TRY(const std::string_view advisory, part.text());
    if (!is_advisory(advisory)) {
      return fail(ErrorCode::malformed, "an advisory whose name is none");
    }
    out.advisories.emplace_back(advisory);
  }
  return out;
}

Result<std::vector<IsvTcbLevel>> read_isv_levels(const JsonPart& identity) {
  TRY(const JsonPart list, identity.member("tcbLevels"));
  TRY(const std::vector<JsonPart> parts, list.items());
  if (parts.empty() || parts.size() > tcb_levels_max) {
    return fail(ErrorCode::limit, "none, or more than 64, TCB levels of a module or enclave");
  }
  std::vector<IsvTcbLevel> out;
  for (const JsonPart& part : parts) {
    IsvTcbLevel level;
    TRY(const JsonPart tcb, part.member("tcb"));
    TRY(const std::uint32_t isv_svn, tcb.integer_of("isvsvn", 0xffff));
    level.isv_svn = static_cast<std::uint16_t>(isv_svn);
    TRY(level.standing, read_standing(part));
    if (!is_of_one_component(level.standing.status)) {
      return fail(ErrorCode::malformed, "a TCB status that no module or enclave can have");
    }
    if (!out.empty() && level.isv_svn >= out.back().isv_svn) {
      return fail(ErrorCode::malformed, "TCB levels of a module or enclave that do not descend");
    }
    out.push_back(std::move(level));
  }
  return out;
}

}  // namespace mayfly::attest
