#include "attest/verify/event_log_appraisal.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "attest/verify/refuse.hpp"
#include "crypto/constant_time.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 6> CheckTable<EventLogCheck>::rows{{
    {CheckStage::layout, "log_layout"},
    {CheckStage::signature, "log_bank"},
    {CheckStage::signature, "log_registers"},
    {CheckStage::signature, "log_replay"},
    {CheckStage::policy, "log_separators"},
    {CheckStage::policy, "log_payloads"},
}};

namespace {

using LogFindings = Findings<EventLogCheck>;

std::string name_of(EventLogKind kind, std::uint32_t index) {
  if (kind == EventLogKind::tpm) {
    return "PCR " + std::to_string(index);
  }
  return index == 0 ? "MRTD" : "RTMR" + std::to_string(index - 1);
}

Result<void> check_bank(const ParsedEventLog& log, TpmHash bank) {
  if (auto hash = trusted_hash(bank); !hash) {
    return refuse(hash.error().message());
  }
  if (std::ranges::find(log.banks, bank) == log.banks.end()) {
    return refuse("the log has no digests of " + std::string(to_string(bank)));
  }
  return {};
}

Result<void> check_registers(const ParsedEventLog& log, const EventLogPolicy& policy) {
  if (policy.registers.empty()) {
    return refuse("the policy names no register that the log must account for");
  }
  if (policy.kind == EventLogKind::tpm) {
    return {};
  }
  for (const LoggedEvent& event : log.events) {
    const bool is_measured = event.type != event_type::no_action;
    if (event.register_index > 4 || (event.register_index == 0 && is_measured)) {
      return refuse("an event is of a register that no event can extend");
    }
  }
  return {};
}

Result<void> check_replay(const std::vector<Bytes>& replayed,
                          std::span<const QuotedRegister> quoted, const EventLogPolicy& policy) {
  for (const std::uint32_t index : policy.registers) {
    const std::string name = name_of(policy.kind, index);
    const auto found = std::ranges::find(quoted, index, &QuotedRegister::index);
    if (found == quoted.end() || index >= replayed.size()) {
      return refuse(name + " is not among the quoted registers");
    }
    if (!crypto::equal_in_constant_time(replayed[index], found->value)) {
      return refuse("the log does not end in the quoted value of " + name);
    }
  }
  return {};
}

Result<void> check_separators(const ParsedEventLog& log, EventLogKind kind) {
  std::set<std::uint32_t> seen;
  for (const LoggedEvent& event : log.events) {
    if (event.type != event_type::separator) {
      continue;
    }
    const std::string name = name_of(kind, event.register_index);
    if (!seen.insert(event.register_index).second) {
      return refuse("a second separator in " + name +
                    ": events after the first are not the boot's");
    }
    const bool is_plain =
        std::ranges::equal(event.data, std::array<std::uint8_t, 4>{}) ||
        std::ranges::equal(event.data, std::array<std::uint8_t, 4>{0xff, 0xff, 0xff, 0xff});
    if (!is_plain) {
      return refuse("the separator in " + name + " reports a failed boot");
    }
  }
  return {};
}

Result<void> check_payloads(const ParsedEventLog& log, const EventLogPolicy& policy) {
  for (std::size_t i = 0; i < log.events.size(); ++i) {
    const LoggedEvent& event = log.events[i];
    if (event.type != event_type::no_action &&
        bind_payload(event, policy.bank).binding == PayloadBinding::contradicted) {
      return refuse("event " + std::to_string(i + 1) + ", in " +
                    name_of(policy.kind, event.register_index) +
                    ", shows something else than what was measured");
    }
  }
  return {};
}

std::vector<ProvenEvent> proven_events(const ParsedEventLog& log, const EventLogPolicy& policy) {
  std::vector<ProvenEvent> out;
  std::set<std::uint32_t> separated;
  for (const LoggedEvent& event : log.events) {
    const bool is_replayed =
        std::ranges::find(policy.registers, event.register_index) != policy.registers.end();
    if (!is_replayed || event.type == event_type::no_action) {
      continue;
    }
    const BoundPayload payload = bind_payload(event, policy.bank);
    const ByteView digest = event.digest(policy.bank)->value;
    out.push_back({.register_index = event.register_index,
                   .type = event.type,
                   .digest = Bytes(digest.begin(), digest.end()),
                   .binding = payload.binding,
                   .measured = Bytes(payload.measured.begin(), payload.measured.end()),
                   .is_before_separator = !separated.contains(event.register_index)});
    if (event.type == event_type::separator) {
      separated.insert(event.register_index);
    }
  }
  return out;
}

}  // namespace

EventLogAppraisal appraise_event_log(ByteView log, std::span<const QuotedRegister> quoted,
                                     const EventLogPolicy& policy) {
  EventLogAppraisal out;
  LogFindings& findings = out.findings;
  const auto parsed = parse_event_log(log);
  if (!parsed) {
    findings.fail(EventLogCheck::log_layout, parsed.error().message());
    return out;
  }
  findings.judge(EventLogCheck::log_layout, {});
  const Result<void> bank = check_bank(*parsed, policy.bank);
  findings.judge(EventLogCheck::log_bank, bank);
  findings.judge(EventLogCheck::log_registers, check_registers(*parsed, policy));
  findings.expect(EventLogCheck::log_separators, policy.separators,
                  [&](const auto&) { return check_separators(*parsed, policy.kind); });
  if (bank) {
    findings.judge(EventLogCheck::log_replay,
                   check_replay(replay_event_log(*parsed, policy.bank), quoted, policy));
    findings.expect(EventLogCheck::log_payloads, policy.payloads,
                    [&](const auto&) { return check_payloads(*parsed, policy); });
  }
  out.verdict = findings.verdict();
  if (findings.holds(CheckStage::layout) && findings.holds(CheckStage::signature)) {
    out.events = proven_events(*parsed, policy);
  }
  return out;
}

}  // namespace mayfly::attest
