#include "verifier/policy_document.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "attest/verify/anchors.hpp"
#include "certificate/canonical_json.hpp"
#include "verifier/policy_reader.hpp"
#include "verifier/policy_sections.hpp"

namespace mayfly::verifier {
namespace {

using namespace policy_reader;
using attest::TdxPolicy;
using certificate::CanonicalDocument;

constexpr std::string_view policy_schema = "mayfly/policy/v1";

Result<attest::TdMeasurement> read_measurement(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"mr_td", "name", "rtmr0", "rtmr1", "rtmr2", "rtmr3"}));
  attest::TdMeasurement out;
  TRY(const JsonValue name, value.member("name"));
  TRY(out.name, plain_text(name));
  TRY(const JsonValue mr_td, value.member("mr_td"));
  TRY(out.mr_td, read_sha384(mr_td));
  for (std::size_t i = 0; i < out.rtmr.size(); ++i) {
    TRY(out.rtmr.at(i),
        read_expected<crypto::Sha384>(value, "rtmr" + std::to_string(i), read_sha384));
  }
  return out;
}

Result<attest::TcbStatus> read_status(const JsonValue& value) {
  TRY(const std::string text, value.string());
  const auto status = attest::tcb_status_from_string(text);
  if (!status || *status == attest::TcbStatus::revoked) {
    return wrong(value, "must be a TCB status of Intel's, and not Revoked");
  }
  return *status;
}

Result<attest::AcceptedTcb> read_tcb(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"advisories", "out_of_date_grace_days", "statuses"}));
  attest::AcceptedTcb out;
  TRY(const JsonValue statuses, value.member("statuses"));
  TRY(out.statuses, read_list<attest::TcbStatus>(statuses, read_status));
  const auto read_advisories = [](const JsonValue& list) {
    return read_list<std::string>(list, plain_text);
  };
  TRY(out.advisories,
      read_expected<std::vector<std::string>>(value, "advisories", read_advisories));
  TRY(const JsonValue grace, value.member("out_of_date_grace_days"));
  TRY(out.out_of_date_grace_days, read_integer(grace, 3650));
  return out;
}

Result<attest::OptionalTdAttributes> read_attributes(const JsonValue& value) {
  attest::OptionalTdAttributes out;
  using Flag = bool attest::OptionalTdAttributes::*;
  TRY(const std::vector<Flag> flags, read_list<Flag>(value, [](const JsonValue& entry) {
        return read_word<Flag>(entry,
                               {{"KL", &attest::OptionalTdAttributes::key_locker},
                                {"PERFMON", &attest::OptionalTdAttributes::performance_monitoring},
                                {"PKS", &attest::OptionalTdAttributes::protection_keys}});
      }));
  for (const Flag flag : flags) {
    out.*flag = true;
  }
  return out;
}

Result<void> read_configuration(const JsonValue& value, TdxPolicy& out) {
  TRY(out.mr_config_id, read_expected<crypto::Sha384>(value, "mr_config_id", read_sha384));
  TRY(out.mr_owner, read_expected<crypto::Sha384>(value, "mr_owner", read_sha384));
  TRY(out.mr_owner_config, read_expected<crypto::Sha384>(value, "mr_owner_config", read_sha384));
  TRY(out.report_data,
      read_expected<std::array<std::uint8_t, 64>>(value, "report_data", read_hex<64>));
  TRY(out.sept_ve_disable,
      read_expected<attest::SeptVeRequired>(value, "sept_ve_disable", [](const JsonValue& entry) {
        return read_word<attest::SeptVeRequired>(entry, {{"required", {}}});
      }));
  TRY(const JsonValue attributes, value.member("attributes_allowed"));
  TRY(out.attributes, read_attributes(attributes));
  TRY(const JsonValue padding, value.member("padding"));
  TRY(out.padding,
      read_word<attest::Padding>(padding, {{"refused", attest::Padding::refused},
                                           {"zeros-accepted", attest::Padding::zeros_accepted}}));
  return {};
}

Result<void> read_platforms(const JsonValue& value, TdxPolicy& out) {
  using Ids = std::vector<std::array<std::uint8_t, 16>>;
  TRY(out.platforms, read_expected<Ids>(value, "platforms", [](const JsonValue& list) {
        return read_list<std::array<std::uint8_t, 16>>(list, read_hex<16>);
      }));
  TRY(out.physical_access, read_physical_access(value, out.platforms));
  return {};
}

Result<TdxPolicy> read_tdx(const JsonValue& value) {
  CHECK_OK(expect_members(
      value,
      {"attributes_allowed", "collateral_age_days_max", "evaluation_number_min", "event_log",
       "measurements", "mr_config_id", "mr_owner", "mr_owner_config", "padding", "physical_access",
       "platforms", "report_data", "runtime_log", "sept_ve_disable", "service_tds", "tcb"}));
  TdxPolicy out;
  const auto anchors = attest::default_anchors();
  out.anchors = {anchors.begin(), anchors.end()};
  TRY(out.measurements, read_expected<std::vector<attest::TdMeasurement>>(
                            value, "measurements", [](const JsonValue& list) {
                              return read_list<attest::TdMeasurement>(list, read_measurement);
                            }));
  TRY(out.service_tds,
      read_expected<std::vector<crypto::Sha384>>(value, "service_tds", [](const JsonValue& list) {
        return read_list<crypto::Sha384>(list, read_sha384);
      }));
  TRY(const JsonValue tcb, value.member("tcb"));
  TRY(out.tcb, read_tcb(tcb));
  TRY(const auto number,
      read_expected<std::int64_t>(value, "evaluation_number_min",
                                  [](const JsonValue& n) { return read_integer(n, 0x7fffffff); }));
  if (const auto* wanted = std::get_if<std::int64_t>(&number)) {
    out.evaluation_number_min = static_cast<std::uint32_t>(*wanted);
  } else {
    out.evaluation_number_min = std::get<Any>(number);
  }
  TRY(out.collateral_age_days_max,
      read_expected<std::int64_t>(value, "collateral_age_days_max",
                                  [](const JsonValue& n) { return read_integer(n, 3650); }));
  CHECK_OK(read_configuration(value, out));
  CHECK_OK(read_platforms(value, out));
  CHECK_OK(read_td_logs(value, out));
  return out;
}

constexpr std::array<std::pair<std::string_view, attest::TeeKind>, 7> known_kinds{
    {{"tdx", attest::TeeKind::tdx},
     {"snp", attest::TeeKind::snp},
     {"tpm", attest::TeeKind::tpm},
     {"nitro", attest::TeeKind::nitro},
     {"azure-snp", attest::TeeKind::azure_snp},
     {"azure-tdx", attest::TeeKind::azure_tdx},
     {"confidential-space", attest::TeeKind::confidential_space}}};

Result<attest::TeeKind> read_kind(const JsonValue& value) {
  TRY(const std::string text, value.string());
  for (const auto& [name, kind] : known_kinds) {
    if (text == name) return kind;
  }
  return wrong(value,
               "must be one of: tdx, snp, tpm, nitro, azure-snp, azure-tdx, confidential-space");
}

bool any_of(const std::vector<attest::TeeKind>& kinds,
            std::initializer_list<attest::TeeKind> wanted) {
  return std::ranges::any_of(
      kinds, [&](attest::TeeKind kind) { return std::ranges::find(wanted, kind) != wanted.end(); });
}

// A section for each kind that is accepted, and no other: what is not used would only look used.
std::vector<std::string_view> sections_for(const std::vector<attest::TeeKind>& kinds) {
  using attest::TeeKind;
  std::vector<std::string_view> names;
  if (any_of(kinds, {TeeKind::azure_snp, TeeKind::azure_tdx})) names.push_back("azure");
  if (any_of(kinds, {TeeKind::confidential_space})) names.push_back("confidential_space");
  if (any_of(kinds, {TeeKind::nitro})) names.push_back("nitro");
  if (any_of(kinds, {TeeKind::snp, TeeKind::azure_snp})) names.push_back("snp");
  if (any_of(kinds, {TeeKind::tdx, TeeKind::azure_tdx})) names.push_back("tdx");
  if (any_of(kinds, {TeeKind::tpm})) names.push_back("tpm");
  return names;
}

Result<void> read_section(const JsonValue& root, std::string_view name, Policy& out) {
  TRY(const JsonValue section, root.member(name));
  if (name == "azure") {
    TRY(out.azure, read_azure_section(section));
  } else if (name == "confidential_space") {
    TRY(out.confidential_space, read_confidential_space_section(section));
  } else if (name == "nitro") {
    TRY(out.nitro, read_nitro_section(section));
  } else if (name == "snp") {
    TRY(out.snp, read_snp_section(section));
  } else if (name == "tpm") {
    TRY(out.tpm, read_tpm_section(section));
  } else {
    TRY(out.tdx, read_tdx(section));
  }
  return {};
}

Result<Policy> read_policy(const JsonValue& root) {
  Policy out = default_policy();
  TRY(const JsonValue kinds, root.member("kinds"));
  TRY(out.kinds, read_list<attest::TeeKind>(kinds, read_kind));
  std::vector<std::string_view> names = sections_for(out.kinds);
  const std::vector<std::string_view> sections = names;
  names.insert(names.end(), {"collateral", "kinds", "name", "schema", "signers"});
  if (root.find("time")) names.push_back("time");
  CHECK_OK(expect_members(root, names));
  TRY(const JsonValue named_schema, root.member("schema"));
  TRY(const std::string schema_text, named_schema.string());
  if (schema_text != policy_schema) {
    return wrong(named_schema, "must be mayfly/policy/v1");
  }
  TRY(const JsonValue name, root.member("name"));
  TRY(out.name, plain_text(name));
  TRY(out.signers,
      read_expected<std::vector<SignerKey>>(root, "signers", [](const JsonValue& list) {
        return read_list<SignerKey>(list, read_hex<32>);
      }));
  TRY(out.collateral, read_required<Required>(root, "collateral"));
  if (root.find("time")) {
    TRY(out.time, read_expected<TimeRules>(root, "time", read_time_section));
  }
  for (const std::string_view section : sections) {
    CHECK_OK(read_section(root, section, out));
  }
  return out;
}

}  // namespace

Result<Policy> parse_policy(ByteView document) {
  const certificate::JsonBounds bounds{.bytes_max = policy_document_bytes_max};
  TRY(const std::string canonical,
      certificate::canonicalize(document, certificate::TopLevel::object, bounds));
  TRY(const CanonicalDocument parsed,
      CanonicalDocument::parse(bytes_of(canonical), certificate::TopLevel::object, bounds));
  TRY(Policy out, read_policy(parsed.root()));
  out.hash = crypto::sha256(bytes_of(canonical));
  return out;
}

}  // namespace mayfly::verifier
