#include "attest/verify/tdx_finding.hpp"

namespace mayfly::attest {

TdxFinding pass_or_fail(TdxCheck check, const Result<void>& result) {
  if (result) {
    return {check, CheckOutcome::pass, ""};
  }
  return {check, CheckOutcome::fail, result.error().message()};
}

TdxFinding pass_if(TdxCheck check, bool condition, std::string_view otherwise) {
  if (condition) {
    return {check, CheckOutcome::pass, ""};
  }
  return {check, CheckOutcome::fail, std::string(otherwise)};
}

TdxFinding not_evaluated(TdxCheck check, std::string_view why) {
  return {check, CheckOutcome::not_evaluated, std::string(why)};
}

TdxFinding not_asked(TdxCheck check, const Any& any) {
  return {check, CheckOutcome::not_asked, any.reason.empty() ? "no reason given" : any.reason};
}

std::string not_valid_at(const Validity& validity, UnixMillis at) {
  if (validity.from <= at && at <= validity.until) {
    return "";
  }
  const bool is_early = at < validity.from;
  return std::string(validity.what) + " is not valid " + (is_early ? "before " : "after ") +
         to_rfc3339(is_early ? validity.from : validity.until);
}

}  // namespace mayfly::attest
