#include "verifier/time_checks.hpp"

#include <utility>

#include "certificate/timestamps.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using certificate::DecodedCertificate;
using crypto::TimestampToken;

std::string nth(std::size_t index) {
  return "token " + std::to_string(index + 1);
}

TimeJudgement unproved(std::vector<Finding> findings) {
  return {.findings = std::move(findings), .existed_before = std::nullopt};
}

// By two clocks, which differ.
bool is_surely_before(UnixMillis one, UnixMillis other) {
  return one.value + clock_skew_ms_max < other.value;
}

// Each over what it must be over, in the order of their times, none from before the run ended.
std::optional<Finding> fault_of_order(const std::vector<TimestampToken>& tokens,
                                      const DecodedCertificate& decoded) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto stamped = certificate::stamped_bytes(decoded, i);
    if (!stamped) return internal_error(Stage::time, stamped.error().message());
    if (!tokens[i].check_imprint(*stamped)) {
      return found(Code::timestamp_of_something_else, nth(i));
    }
    if (i > 0 && is_surely_before(tokens[i].latest(), tokens[i - 1].earliest())) {
      return found(Code::timestamps_disordered, nth(i));
    }
  }
  if (is_surely_before(tokens.front().latest(), decoded.proof.timestamp)) {
    return found(Code::timestamp_before_run, to_rfc3339(tokens.front().latest()));
  }
  return std::nullopt;
}

Finding time_refused(std::size_t index, const Error& error) {
  const Code code = error.code() == ErrorCode::rejected ? Code::timestamp_signature_wrong
                                                        : Code::timestamp_not_trusted;
  return found(code, nth(index) + ": " + error.message());
}

// A certificate that has expired protects its key no longer: who gets hold of it can date tokens
// back. So each token must have been stamped over before that, and the last one not be there yet.
TimeJudgement judge_tokens(const std::vector<TimestampToken>& tokens,
                           const crypto::TimestampRoots& roots, UnixMillis now) {
  std::string first_name;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto authority = tokens[i].verify(roots);
    if (!authority) return unproved({time_refused(i, authority.error())});
    if (i == 0) first_name = authority->name;
    const bool is_last = i + 1 == tokens.size();
    const UnixMillis relied_on_at = is_last ? now : tokens[i + 1].latest();
    if (authority->expires < relied_on_at) {
      return unproved(
          {found(Code::timestamp_expired, nth(i) + ", " + to_rfc3339(authority->expires))});
    }
  }
  const UnixMillis latest = tokens.front().latest();
  const std::string more =
      tokens.size() > 1 ? ", stamped over " + std::to_string(tokens.size() - 1) + " times" : "";
  return {.findings = {found(Code::time_verified,
                             "existed before " + to_rfc3339(latest) + ", by " + first_name + more)},
          .existed_before = latest};
}

TimeJudgement judge_timestamps(const DecodedCertificate& decoded, const Expected<TimeRules>& asked,
                               UnixMillis now) {
  const certificate::Proof& proof = decoded.proof;
  const auto* const rules = std::get_if<TimeRules>(&asked);
  if (proof.timestamps.empty()) {
    TimeJudgement judgement = unproved({found(Code::time_unverified)});
    if (rules != nullptr && std::holds_alternative<Required>(rules->token)) {
      judgement.findings.push_back(found(Code::timestamp_required));
    }
    return judgement;
  }
  std::vector<TimestampToken> tokens;
  for (std::size_t i = 0; i < proof.timestamps.size(); ++i) {
    auto token = TimestampToken::parse(proof.timestamps[i]);
    if (!token) {
      return unproved({found(Code::timestamp_malformed, nth(i) + ": " + token.error().message())});
    }
    tokens.push_back(*std::move(token));
  }
  if (auto fault = fault_of_order(tokens, decoded)) return unproved({*std::move(fault)});
  if (is_surely_before(now, tokens.back().earliest())) {
    return unproved({found(Code::timestamp_after_appraisal, to_rfc3339(tokens.back().earliest()))});
  }
  if (rules == nullptr) {
    return unproved({found(Code::time_unverified), found(Code::timestamps_not_checked)});
  }
  return judge_tokens(tokens, rules->authorities, now);
}

}  // namespace

TimeJudgement judge_time(const DecodedCertificate& decoded, const Expected<TimeRules>& rules,
                         UnixMillis now) {
  TimeJudgement judgement = judge_timestamps(decoded, rules, now);
  if (decoded.proof.timestamp.value > now.value + clock_skew_ms_max) {
    judgement.findings.push_back(found(Code::time_after_appraisal));
  }
  return judgement;
}

}  // namespace mayfly::verifier
