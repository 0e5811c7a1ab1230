#include "attest/verify/td_log_checks.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "attest/verify/tdx_finding.hpp"

namespace mayfly::attest {
namespace {

void append_both(TdxCheck first, TdxCheck second, CheckOutcome outcome, const std::string& detail,
                 TdLogFindings& out) {
  out.findings.push_back({first, outcome, detail});
  out.findings.push_back({second, outcome, detail});
}

void append_not_asked(TdxCheck first, TdxCheck second, const Any& any, TdLogFindings& out) {
  append_both(first, second, CheckOutcome::not_asked,
              any.reason.empty() ? "no reason given" : any.reason, out);
}

// Several of the log's own checks in one of the quote's: the first that failed says why.
TdxFinding merged(TdxCheck check, const Findings<EventLogCheck>& findings,
                  std::initializer_list<EventLogCheck> parts) {
  TdxFinding out{check, CheckOutcome::not_asked, ""};
  for (const EventLogCheck part : parts) {
    const CheckFinding<EventLogCheck>& finding = findings.at(part);
    switch (finding.outcome) {
      case FindingOutcome::fail: return {check, CheckOutcome::fail, finding.detail};
      case FindingOutcome::not_evaluated:
        return {check, CheckOutcome::not_evaluated, finding.detail};
      case FindingOutcome::pass: out = {check, CheckOutcome::pass, ""}; break;
      case FindingOutcome::waived:
        if (out.outcome == CheckOutcome::not_asked) out.detail = finding.detail;
        break;
    }
  }
  return out;
}

void check_boot_log(const TdQuoteBody& body, const TdLogs& logs, const TdxPolicy& policy,
                    TdLogFindings& out) {
  constexpr TdxCheck replay = TdxCheck::boot_log_replay;
  constexpr TdxCheck events = TdxCheck::boot_log_events;
  if (const auto* any = std::get_if<Any>(&policy.event_log)) {
    append_not_asked(replay, events, *any, out);
    return;
  }
  if (!logs.boot) {
    append_both(replay, events, CheckOutcome::not_evaluated, "no boot log was given", out);
    return;
  }
  const auto& rule = std::get<EventLogRule>(policy.event_log);
  EventLogPolicy wanted{.kind = EventLogKind::ccel,
                        .bank = TpmHash::sha384,
                        .registers = {},
                        .separators = rule.separators,
                        .payloads = rule.payloads};
  for (const std::uint32_t index : rule.registers) {
    wanted.registers.push_back(index + 1);
  }
  std::vector<QuotedRegister> quoted;
  for (std::uint32_t i = 0; i < body.rtmr.size(); ++i) {
    const auto& value = body.rtmr.at(i).bytes;
    quoted.push_back({i + 1, Bytes(value.begin(), value.end())});
  }
  EventLogAppraisal appraisal = appraise_event_log(*logs.boot, quoted, wanted);
  out.findings.push_back(merged(replay, appraisal.findings,
                                {EventLogCheck::log_layout, EventLogCheck::log_bank,
                                 EventLogCheck::log_registers, EventLogCheck::log_replay}));
  out.findings.push_back(merged(events, appraisal.findings,
                                {EventLogCheck::log_separators, EventLogCheck::log_payloads}));
  out.boot_events = std::move(appraisal.events);
}

TdxFinding named_events(const std::vector<DstackEvent>& events,
                        const std::vector<DstackEvent>& wanted) {
  constexpr TdxCheck check = TdxCheck::runtime_log_events;
  for (const DstackEvent& each : wanted) {
    const auto count = std::ranges::count(events, each.name, &DstackEvent::name);
    if (count != 1) {
      return {check, CheckOutcome::fail,
              "the event " + each.name + " is there " + std::to_string(count) +
                  " times, and must be once"};
    }
    if (std::ranges::find(events, each) == events.end()) {
      return {check, CheckOutcome::fail,
              "the event " + each.name + " has another payload than the policy asks for"};
    }
  }
  return {check, CheckOutcome::pass, ""};
}

void check_runtime_log(const TdQuoteBody& body, const TdLogs& logs, const TdxPolicy& policy,
                       TdLogFindings& out) {
  constexpr TdxCheck replay = TdxCheck::runtime_log_replay;
  constexpr TdxCheck check = TdxCheck::runtime_log_events;
  if (const auto* any = std::get_if<Any>(&policy.runtime_log)) {
    append_not_asked(replay, check, *any, out);
    return;
  }
  if (!logs.runtime) {
    append_both(replay, check, CheckOutcome::not_evaluated, "no runtime log was given", out);
    return;
  }
  auto events = decode_dstack_events(*logs.runtime);
  if (!events) {
    out.findings.push_back({replay, CheckOutcome::fail, events.error().message()});
    out.findings.push_back(not_evaluated(check, "the log could not be read"));
    return;
  }
  if (replay_dstack_events(*events) != body.rtmr.at(3)) {
    out.findings.push_back(
        {replay, CheckOutcome::fail, "the log does not end in the quoted value of RTMR3"});
    out.findings.push_back(not_evaluated(check, "the log is not that of this TD"));
    return;
  }
  out.findings.push_back({replay, CheckOutcome::pass, ""});
  out.findings.push_back(
      named_events(*events, std::get<std::vector<DstackEvent>>(policy.runtime_log)));
  out.runtime_events = std::move(*events);
}

}  // namespace

TdLogFindings check_td_logs(const TdQuoteBody& body, const TdLogs& logs, const TdxPolicy& policy) {
  TdLogFindings out;
  check_boot_log(body, logs, policy, out);
  check_runtime_log(body, logs, policy, out);
  return out;
}

}  // namespace mayfly::attest
