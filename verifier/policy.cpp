#include "verifier/policy.hpp"

#include <algorithm>

#include "attest/model/binding.hpp"
#include "attest/verify/nitro_anchor.hpp"
#include "attest/verify/snp_anchors.hpp"

namespace mayfly::verifier {
namespace {

using attest::TeeKind;

std::string reason_of(const Any& any) {
  return any.reason.empty() ? "no reason given" : any.reason;
}

std::string name_of(const std::string& line) {
  return line.substr(0, line.find(':'));
}

template <class T>
void append_if_any(std::string_view name, const Expected<T>& expected,
                   std::vector<std::string>& lines) {
  if (const auto* any = std::get_if<Any>(&expected)) {
    lines.push_back(std::string(name) + ": " + reason_of(*any));
  }
}

attest::SnpPolicy default_snp_policy() {
  const auto anchors = attest::snp_anchors();
  const Any by_owner{"the caller named none"};
  return {.anchors = {anchors.begin(), anchors.end()},
          .revocation = attest::SnpRevocationChecked{},
          .providers = std::vector<std::string>(),
          .abi_minimum = Any{"the TCB minimum bounds the firmware"},
          .debug_off = attest::SnpDebugOff{},
          .migration_off = attest::SnpMigrationOff{},
          .smt_off = Any{"clouds run guests on both threads of a core"},
          .single_socket = Any{"clouds do not promise one"},
          .tcb_minimum = Any{"AMD publishes no list of levels, and the caller named none"},
          .vmpl = 0U,
          .measurements = std::vector<crypto::Sha384>(),
          .host_data = Any{"set by the host, and measured into nothing by itself"},
          .id_keys = by_owner,
          .chips = Any{"the caller listed none: any genuine chip is accepted"},
          .report_data = Any{"the caller named no value to be bound"}};
}

attest::TpmPolicy default_quote_policy() {
  return {.key_trust = attest::TpmKeyPinned{},
          .extra_data = Any{"the caller named no value to be bound"},
          .selection = Any{"the reference values say which PCRs must be there"},
          .pcr_values = std::vector<attest::TpmPcr>(),
          .boot_measured = attest::TpmBootMeasured{},
          .qualified_signer = Any{"follows from the key's path, where that is given"},
          .clock_floor = Any{"the caller named none"},
          .firmware_versions = Any{"the caller named none"}};
}

const Any no_log{"the PCR values speak for themselves"};

TpmRules default_tpm_rules() {
  return {.key = {.names = {}, .roots = {}, .extended_usage = "2.23.133.8.3"},
          .quote = default_quote_policy(),
          .event_log = no_log};
}

attest::NitroPolicy default_nitro_policy() {
  return {.anchors = {attest::nitro_anchor()},
          .age = Any{"a certificate is read long after; its time is the hypervisor's word"},
          .debug_off = attest::NitroDebugOff{},
          .pcr_values = std::vector<attest::NitroPcr>(),
          .nonce = Any{"the caller named none"},
          .user_data = Any{"the caller named no value to be bound"},
          .public_key = Any{"the caller named none"}};
}

// Google's root certificate for these tokens is a document's to name: it is Google's word alone.
attest::GoogleTokenPolicy default_confidential_space_policy() {
  return {.roots = {},
          .keys = {},
          .time = Any{"a certificate is read long after; its time is Google's word"},
          .audience = std::string(attest::token_audience),
          .nonce = Any{"the caller named no value to be bound"},
          .hardware = std::vector<std::string>{"GCP_AMD_SEV", "GCP_INTEL_TDX"},
          .secure_boot = attest::GoogleSecureBoot{},
          .support = "STABLE",
          .images = std::vector<std::string>()};
}

AzureRules default_azure_rules() {
  return {.machine = {.quote = default_quote_policy(), .secure_boot = attest::AzureSecureBoot{}},
          .event_log = no_log};
}

void append_snp(const attest::SnpPolicy& policy, std::vector<std::string>& lines) {
  append_if_any("snp.providers", policy.providers, lines);
  append_if_any("snp.abi_minimum", policy.abi_minimum, lines);
  append_if_any("snp.migration_off", policy.migration_off, lines);
  append_if_any("snp.smt_off", policy.smt_off, lines);
  append_if_any("snp.single_socket", policy.single_socket, lines);
  append_if_any("snp.tcb_minimum", policy.tcb_minimum, lines);
  append_if_any("snp.vmpl", policy.vmpl, lines);
  append_if_any("snp.measurements", policy.measurements, lines);
  append_if_any("snp.host_data", policy.host_data, lines);
  append_if_any("snp.id_keys", policy.id_keys, lines);
  append_if_any("snp.chips", policy.chips, lines);
  append_if_any("snp.report_data", policy.report_data, lines);
}

void append_log(const std::string& section, const Expected<EventLogRule>& rule,
                std::vector<std::string>& lines) {
  append_if_any(section + "event_log", rule, lines);
  if (const auto* wanted = std::get_if<EventLogRule>(&rule)) {
    append_if_any(section + "event_log.separators", wanted->separators, lines);
    append_if_any(section + "event_log.payloads", wanted->payloads, lines);
  }
}

void append_quote(const std::string& section, const attest::TpmPolicy& policy,
                  std::vector<std::string>& lines) {
  append_if_any(section + "extra_data", policy.extra_data, lines);
  append_if_any(section + "selection", policy.selection, lines);
  append_if_any(section + "pcr_values", policy.pcr_values, lines);
  append_if_any(section + "boot_measured", policy.boot_measured, lines);
  append_if_any(section + "qualified_signer", policy.qualified_signer, lines);
  append_if_any(section + "clock", policy.clock_floor, lines);
  append_if_any(section + "firmware_versions", policy.firmware_versions, lines);
}

void append_nitro(const attest::NitroPolicy& policy, std::vector<std::string>& lines) {
  append_if_any("nitro.age", policy.age, lines);
  append_if_any("nitro.pcr_values", policy.pcr_values, lines);
  append_if_any("nitro.nonce", policy.nonce, lines);
  append_if_any("nitro.user_data", policy.user_data, lines);
  append_if_any("nitro.public_key", policy.public_key, lines);
}

void append_confidential_space(const attest::GoogleTokenPolicy& policy,
                               std::vector<std::string>& lines) {
  append_if_any("confidential_space.time", policy.time, lines);
  append_if_any("confidential_space.audience", policy.audience, lines);
  append_if_any("confidential_space.nonce", policy.nonce, lines);
  append_if_any("confidential_space.hardware", policy.hardware, lines);
  append_if_any("confidential_space.secure_boot", policy.secure_boot, lines);
  append_if_any("confidential_space.support", policy.support, lines);
  append_if_any("confidential_space.images", policy.images, lines);
}

void append_tdx(const attest::TdxPolicy& policy, std::vector<std::string>& lines) {
  for (const std::string& line : attest::not_asked_by(policy)) {
    lines.push_back("tdx." + line);
  }
}

void append_azure(const AzureRules& rules, std::vector<std::string>& lines) {
  append_quote("azure.", rules.machine.quote, lines);
  append_log("azure.", rules.event_log, lines);
  append_if_any("azure.secure_boot", rules.machine.secure_boot, lines);
}

void append_section(const Policy& policy, TeeKind kind, std::vector<std::string>& lines) {
  switch (kind) {
    case TeeKind::tdx:
    case TeeKind::simulated_tdx: append_tdx(policy.tdx, lines); return;
    case TeeKind::snp: append_snp(policy.snp, lines); return;
    case TeeKind::nitro: append_nitro(policy.nitro, lines); return;
    case TeeKind::confidential_space:
      append_confidential_space(policy.confidential_space, lines);
      return;
    case TeeKind::tpm:
      append_if_any("tpm.key.extended_usage", policy.tpm.key.extended_usage, lines);
      append_quote("tpm.", policy.tpm.quote, lines);
      append_log("tpm.", policy.tpm.event_log, lines);
      return;
    case TeeKind::azure_snp:
      append_snp(policy.snp, lines);
      append_azure(policy.azure, lines);
      return;
    case TeeKind::azure_tdx:
      append_tdx(policy.tdx, lines);
      append_azure(policy.azure, lines);
      return;
  }
}

}  // namespace

Policy default_policy() {
  return {
      .name = "default",
      .hash = std::nullopt,
      .kinds = {TeeKind::tdx, TeeKind::snp, TeeKind::nitro, TeeKind::azure_snp, TeeKind::azure_tdx},
      .signers = Any{"a quote binds the signing key of its certificate"},
      .collateral = Required{},
      .time = Any{"the caller named no time-stamping authority"},
      .tdx = attest::default_tdx_policy(),
      .snp = default_snp_policy(),
      .tpm = default_tpm_rules(),
      .nitro = default_nitro_policy(),
      .confidential_space = default_confidential_space_policy(),
      .azure = default_azure_rules()};
}

Policy genuine_policy() {
  const Any any{"asked is only whether the evidence is genuine, not what runs there"};
  Policy policy = default_policy();
  policy.name = "genuine-only";
  policy.tdx = attest::genuine_tdx_policy();
  policy.snp.measurements = any;
  policy.snp.providers = any;
  policy.snp.vmpl = any;
  policy.tpm.quote.pcr_values = any;
  policy.nitro.pcr_values = any;
  policy.confidential_space.images = any;
  policy.azure.machine.quote.pcr_values = any;
  return policy;
}

bool asks_for_measurement(const Policy& policy, TeeKind kind) {
  switch (kind) {
    case TeeKind::tdx:
    case TeeKind::simulated_tdx: return !std::holds_alternative<Any>(policy.tdx.measurements);
    case TeeKind::snp: return !std::holds_alternative<Any>(policy.snp.measurements);
    case TeeKind::nitro: return !std::holds_alternative<Any>(policy.nitro.pcr_values);
    case TeeKind::confidential_space:
      return !std::holds_alternative<Any>(policy.confidential_space.images);
    case TeeKind::tpm: return !std::holds_alternative<Any>(policy.tpm.quote.pcr_values);
    case TeeKind::azure_snp:
    case TeeKind::azure_tdx:
      return !std::holds_alternative<Any>(policy.azure.machine.quote.pcr_values);
  }
  return false;
}

std::vector<std::string> not_asked_by(const Policy& policy, TeeKind kind) {
  std::vector<std::string> lines;
  append_if_any("signers", policy.signers, lines);
  append_if_any("collateral", policy.collateral, lines);
  append_if_any("time", policy.time, lines);
  if (const auto* rules = std::get_if<TimeRules>(&policy.time)) {
    append_if_any("time.token", rules->token, lines);
  }
  append_section(policy, kind, lines);
  return lines;
}

std::vector<std::string> weakenings_of(const Policy& policy, TeeKind kind) {
  const std::vector<std::string> by_default = not_asked_by(default_policy(), kind);
  std::vector<std::string> lines;
  for (const std::string& line : not_asked_by(policy, kind)) {
    const std::string name = name_of(line);
    // A part of what the default does not ask at all is no weakening either.
    if (std::ranges::none_of(by_default, [&name](const auto& each) {
          return name_of(each) == name || name.starts_with(name_of(each) + ".");
        })) {
      lines.push_back(name + ": not asked for (" + line.substr(name.size() + 2) + ")");
    }
  }
  return lines;
}

}  // namespace mayfly::verifier
