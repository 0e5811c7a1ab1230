#include "verifier/policy_document.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "attest/verify/anchors.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/canonical_json.hpp"

namespace mayfly::verifier {
namespace {

using attest::TdxPolicy;
using certificate::CanonicalDocument;
using certificate::JsonKind;
using certificate::JsonValue;

constexpr std::string_view schema = "mayfly/policy/v1";
constexpr std::size_t list_entries_max = 1024;
constexpr std::size_t reason_bytes_max = 512;

std::unexpected<Error> wrong(const JsonValue& value, std::string_view what) {
  return std::unexpected(value.malformed(what));
}

// Exactly these members: one that is unknown might be meant to ask for something.
Result<void> expect_members(const JsonValue& object,
                            std::initializer_list<std::string_view> names) {
  if (object.kind() != JsonKind::object) {
    return wrong(object, "must be an object");
  }
  for (auto child = object.first_child(); child; child = child->next_sibling()) {
    if (std::ranges::find(names, child->raw_name()) == names.end()) {
      return wrong(*child, "is not a member of a policy");
    }
  }
  for (const std::string_view name : names) {
    CHECK_OK(object.member(name));
  }
  return {};
}

Result<std::string> plain_text(const JsonValue& value) {
  TRY(std::string text, value.string());
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (text.empty() || text.size() > reason_bytes_max || !is_plain) {
    return wrong(value, "must be 1 to 512 bytes of text on one line");
  }
  return text;
}

// The reason, if the value is {"any":"<reason>"}.
Result<std::optional<Any>> read_any(const JsonValue& value) {
  if (!value.find("any")) {
    return std::optional<Any>();
  }
  CHECK_OK(expect_members(value, {"any"}));
  TRY(const JsonValue reason, value.member("any"));
  TRY(std::string text, plain_text(reason));
  return std::optional(Any{std::move(text)});
}

template <class T, class Read>
Result<Expected<T>> read_expected(const JsonValue& object, std::string_view name, Read read) {
  TRY(const JsonValue value, object.member(name));
  TRY(std::optional<Any> any, read_any(value));
  if (any) {
    return Expected<T>(std::move(*any));
  }
  TRY(T wanted, read(value));
  return Expected<T>(std::move(wanted));
}

template <class T, class Read>
Result<std::vector<T>> read_list(const JsonValue& value, Read read) {
  if (value.kind() != JsonKind::array) {
    return wrong(value, "must be a list, or {\"any\":\"<reason>\"} where that is allowed");
  }
  std::vector<T> out;
  for (auto child = value.first_child(); child; child = child->next_sibling()) {
    if (out.size() == list_entries_max) {
      return wrong(value, "must have at most 1024 entries");
    }
    TRY(T entry, read(*child));
    out.push_back(std::move(entry));
  }
  return out;
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> read_hex(const JsonValue& value) {
  TRY(const std::string text, value.string());
  const auto bytes = hex_decode(text);
  if (!bytes || bytes->size() != N) {
    return wrong(value, "must be " + std::to_string(2 * N) + " lower-case hex digits");
  }
  std::array<std::uint8_t, N> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

Result<crypto::Sha384> read_sha384(const JsonValue& value) {
  crypto::Sha384 out;
  TRY(out.bytes, read_hex<48>(value));
  return out;
}

Result<std::int64_t> read_integer(const JsonValue& value, std::int64_t value_max) {
  TRY(const std::int64_t number, value.integer());
  if (number < 0 || number > value_max) {
    return wrong(value, "must be a whole number up to " + std::to_string(value_max));
  }
  return number;
}

// One of a few words, each standing for a value.
template <class T>
Result<T> read_word(const JsonValue& value,
                    std::initializer_list<std::pair<std::string_view, T>> words) {
  TRY(const std::string text, value.string());
  std::string known;
  for (const auto& [word, meaning] : words) {
    if (text == word) {
      return meaning;
    }
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return wrong(value, "must be one of: " + known);
}

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
  TRY(const JsonValue trust, value.member("physical_access"));
  using attest::PhysicalAccessTrust;
  TRY(out.physical_access,
      read_word<PhysicalAccessTrust>(trust, {{"none", PhysicalAccessTrust::none},
                                             {"allowlisted", PhysicalAccessTrust::allowlisted}}));
  if (out.physical_access == PhysicalAccessTrust::allowlisted &&
      std::holds_alternative<Any>(out.platforms)) {
    return wrong(trust, "cannot be allowlisted while platforms lists none");
  }
  return {};
}

Result<TdxPolicy> read_tdx(const JsonValue& value) {
  CHECK_OK(expect_members(
      value,
      {"attributes_allowed", "collateral_age_days_max", "evaluation_number_min", "measurements",
       "mr_config_id", "mr_owner", "mr_owner_config", "padding", "physical_access", "platforms",
       "report_data", "sept_ve_disable", "service_tds", "tcb"}));
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
  return out;
}

Result<Policy> read_policy(const JsonValue& root) {
  CHECK_OK(expect_members(root, {"collateral", "kinds", "name", "schema", "signers", "tdx"}));
  TRY(const JsonValue named_schema, root.member("schema"));
  TRY(const std::string schema_text, named_schema.string());
  if (schema_text != schema) {
    return wrong(named_schema, "must be mayfly/policy/v1");
  }
  Policy out;
  TRY(const JsonValue name, root.member("name"));
  TRY(out.name, plain_text(name));
  TRY(const JsonValue kinds, root.member("kinds"));
  TRY(out.kinds, read_list<attest::TeeKind>(kinds, [](const JsonValue& entry) {
        return read_word<attest::TeeKind>(entry, {{"tdx", attest::TeeKind::tdx}});
      }));
  TRY(out.signers,
      read_expected<std::vector<SignerKey>>(root, "signers", [](const JsonValue& list) {
        return read_list<SignerKey>(list, read_hex<32>);
      }));
  TRY(out.collateral, read_expected<Required>(root, "collateral", [](const JsonValue& entry) {
        return read_word<Required>(entry, {{"required", {}}});
      }));
  TRY(const JsonValue tdx, root.member("tdx"));
  TRY(out.tdx, read_tdx(tdx));
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
