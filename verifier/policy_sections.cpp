#include "verifier/policy_sections.hpp"

#include <array>
#include <limits>
#include <string>
#include <utility>

#include "verifier/policy_reader.hpp"

namespace mayfly::verifier {
namespace {

using namespace policy_reader;
using attest::TpmHash;

constexpr std::int64_t u8_max = std::numeric_limits<std::uint8_t>::max();
constexpr std::int64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t seconds_max = std::int64_t{10} * 366 * 24 * 60 * 60;
constexpr std::size_t tpm_name_bytes_max = 66;  // TPM2B_NAME of a SHA-512
constexpr std::size_t bound_bytes_max = 1024;

// A member that is a whole number.
template <class T>
Result<void> read_number(const JsonValue& object, std::string_view name, std::int64_t value_max,
                         T& out) {
  TRY(const JsonValue value, object.member(name));
  TRY(const std::int64_t number, read_integer(value, value_max));
  out = static_cast<T>(number);
  return {};
}

Result<attest::SnpTcb> read_snp_tcb(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"boot_loader", "fmc", "microcode", "snp", "tee"}));
  attest::SnpTcb out;
  CHECK_OK(read_number(value, "boot_loader", u8_max, out.boot_loader));
  CHECK_OK(read_number(value, "fmc", u8_max, out.fmc));
  CHECK_OK(read_number(value, "microcode", u8_max, out.microcode));
  CHECK_OK(read_number(value, "snp", u8_max, out.snp));
  CHECK_OK(read_number(value, "tee", u8_max, out.tee));
  return out;
}

Result<attest::SnpAbi> read_abi(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"major", "minor"}));
  attest::SnpAbi out;
  CHECK_OK(read_number(value, "major", u8_max, out.major));
  CHECK_OK(read_number(value, "minor", u8_max, out.minor));
  return out;
}

Result<Bytes> read_chip(const JsonValue& value) {
  TRY(const auto id, read_hex<attest::snp_chip_id_bytes>(value));
  return Bytes(id.begin(), id.end());
}

Result<std::vector<Bytes>> read_chips(const JsonValue& list) {
  return read_list<Bytes>(list, read_chip);
}

Result<std::vector<std::string>> read_texts(const JsonValue& list) {
  return read_list<std::string>(list, plain_text);
}

Result<std::uint32_t> read_vmpl(const JsonValue& value) {
  TRY(const std::int64_t level, read_integer(value, 3));
  return static_cast<std::uint32_t>(level);
}

Result<void> read_snp_guest(const JsonValue& value, attest::SnpPolicy& out) {
  TRY(out.migration_off, read_required<attest::SnpMigrationOff>(value, "migration_off"));
  TRY(out.smt_off, read_required<attest::SnpSmtOff>(value, "smt_off"));
  TRY(out.single_socket, read_required<attest::SnpSingleSocket>(value, "single_socket"));
  TRY(out.vmpl, read_expected<std::uint32_t>(value, "vmpl", read_vmpl));
  TRY(out.measurements,
      read_expected<std::vector<crypto::Sha384>>(value, "measurements", read_sha384_list));
  using HostData = std::array<std::uint8_t, 32>;
  TRY(out.host_data, read_expected<HostData>(value, "host_data", read_hex<32>));
  TRY(out.id_keys, read_expected<std::vector<crypto::Sha384>>(value, "id_keys", read_sha384_list));
  using ReportData = std::array<std::uint8_t, 64>;
  TRY(out.report_data, read_expected<ReportData>(value, "report_data", read_hex<64>));
  return {};
}

constexpr std::array<std::pair<std::string_view, TpmHash>, 3> banks{
    {{"sha256", TpmHash::sha256}, {"sha384", TpmHash::sha384}, {"sha512", TpmHash::sha512}}};

Result<TpmHash> read_bank(const JsonValue& object) {
  TRY(const JsonValue value, object.member("bank"));
  TRY(const std::string text, value.string());
  for (const auto& [name, bank] : banks) {
    if (text == name) return bank;
  }
  return wrong(value, "must be one of: sha256, sha384, sha512");
}

Result<std::uint32_t> read_pcr_index(const JsonValue& value) {
  TRY(const std::int64_t index, read_integer(value, attest::tpm_pcr_count - 1));
  return static_cast<std::uint32_t>(index);
}

Result<attest::TpmPcr> read_pcr(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"bank", "index", "value"}));
  attest::TpmPcr out;
  TRY(out.bank, read_bank(value));
  TRY(const JsonValue index, value.member("index"));
  TRY(out.index, read_pcr_index(index));
  TRY(const JsonValue reference, value.member("value"));
  TRY(out.value, read_bytes(reference, 64));
  if (out.value.size() != attest::tpm_digest_bytes(out.bank)) {
    return wrong(reference, "must be a digest of the bank's hash");
  }
  return out;
}

Result<attest::TpmPcrSelection> read_selection(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"bank", "pcrs"}));
  attest::TpmPcrSelection out;
  TRY(out.bank, read_bank(value));
  TRY(const JsonValue pcrs, value.member("pcrs"));
  TRY(const auto indices, read_list<std::uint32_t>(pcrs, read_pcr_index));
  for (const std::uint32_t index : indices) {
    out.mask |= 1U << index;
  }
  return out;
}

Result<attest::TpmClockFloor> read_clock(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"reset_count_min", "restart_count_min"}));
  attest::TpmClockFloor out;
  CHECK_OK(read_number(value, "reset_count_min", u32_max, out.reset_count));
  CHECK_OK(read_number(value, "restart_count_min", u32_max, out.restart_count));
  return out;
}

Result<std::uint64_t> read_firmware(const JsonValue& value) {
  TRY(const auto bytes, read_hex<8>(value));
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) {
    out = out << 8U | byte;
  }
  return out;
}

// A list that is empty would ask for nothing and look as if it did.
template <class T>
Result<std::vector<T>> read_some(const JsonValue& list, Result<T> (*read)(const JsonValue&)) {
  TRY(std::vector<T> out, read_list<T>(list, read));
  if (out.empty()) {
    return wrong(list, "must not be empty");
  }
  return out;
}

Result<Bytes> read_bound(const JsonValue& value) {
  return read_bytes(value, bound_bytes_max);
}

Result<attest::TpmPolicy> read_quote(const JsonValue& value) {
  attest::TpmPolicy out;
  TRY(out.extra_data, read_expected<Bytes>(value, "extra_data", read_bound));
  using Selections = std::vector<attest::TpmPcrSelection>;
  TRY(out.selection, read_expected<Selections>(value, "selection", [](const JsonValue& list) {
        return read_some<attest::TpmPcrSelection>(list, read_selection);
      }));
  using Pcrs = std::vector<attest::TpmPcr>;
  TRY(out.pcr_values, read_expected<Pcrs>(value, "pcr_values", [](const JsonValue& list) {
        return read_some<attest::TpmPcr>(list, read_pcr);
      }));
  TRY(out.boot_measured, read_required<attest::TpmBootMeasured>(value, "boot_measured"));
  TRY(out.qualified_signer,
      read_expected<Bytes>(value, "qualified_signer", [](const JsonValue& name) {
        return read_bytes(name, tpm_name_bytes_max);
      }));
  TRY(out.clock_floor, read_expected<attest::TpmClockFloor>(value, "clock", read_clock));
  using Versions = std::vector<std::uint64_t>;
  TRY(out.firmware_versions,
      read_expected<Versions>(value, "firmware_versions", [](const JsonValue& list) {
        return read_some<std::uint64_t>(list, read_firmware);
      }));
  return out;
}

template <class ReadIndex>
Result<EventLogRule> read_log_rule(const JsonValue& value, ReadIndex read_index) {
  CHECK_OK(expect_members(value, {"payloads", "registers", "separators"}));
  EventLogRule out;
  TRY(const JsonValue registers, value.member("registers"));
  TRY(out.registers, read_some<std::uint32_t>(registers, read_index));
  TRY(out.separators, read_required<attest::OneSeparator>(value, "separators"));
  TRY(out.payloads, read_required<attest::PayloadsMeasured>(value, "payloads"));
  return out;
}

Result<EventLogRule> read_event_log(const JsonValue& value) {
  return read_log_rule(value, read_pcr_index);
}

Result<std::uint32_t> read_rtmr_index(const JsonValue& value) {
  TRY(const std::int64_t index, read_integer(value, 3));
  return static_cast<std::uint32_t>(index);
}

Result<attest::DstackEvent> read_runtime_event(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"event", "payload"}));
  attest::DstackEvent out;
  TRY(const JsonValue name, value.member("event"));
  TRY(out.name, plain_text(name));
  TRY(const JsonValue payload, value.member("payload"));
  TRY(out.payload, read_bytes(payload, attest::dstack_event_payload_bytes_max));
  if (auto encoded = attest::encode_dstack_events(std::span(&out, 1)); !encoded) {
    return wrong(name, encoded.error().message());
  }
  return out;
}

Result<crypto::Sha256> read_root(const JsonValue& value) {
  crypto::Sha256 out;
  TRY(out.bytes, read_hex<32>(value));
  return out;
}

Result<Bytes> read_name(const JsonValue& value) {
  return read_bytes(value, tpm_name_bytes_max);
}

Result<TpmKeyTrust> read_key(const JsonValue& value) {
  TpmKeyTrust out{.names = {}, .roots = {}, .extended_usage = Any{"the key is known by name"}};
  if (value.find("names")) {
    CHECK_OK(expect_members(value, {"names"}));
    TRY(const JsonValue names, value.member("names"));
    TRY(out.names, read_some<Bytes>(names, read_name));
    return out;
  }
  CHECK_OK(expect_members(value, {"extended_usage", "roots"}));
  TRY(const JsonValue roots, value.member("roots"));
  TRY(out.roots, read_some<crypto::Sha256>(roots, read_root));
  TRY(out.extended_usage, read_expected<std::string>(value, "extended_usage", plain_text));
  return out;
}

Result<attest::NitroPcr> read_nitro_pcr(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"index", "value"}));
  attest::NitroPcr out;
  CHECK_OK(read_number(value, "index", attest::nitro_pcrs_max - 1, out.index));
  TRY(const JsonValue reference, value.member("value"));
  TRY(out.value, read_sha384(reference));
  return out;
}

// As Google publishes it (JWKS): "n" and "e" are base64url, and e is 65537, "AQAB".
Result<attest::GoogleTokenKey> read_token_key(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"e", "kid", "n"}));
  attest::GoogleTokenKey out;
  TRY(const JsonValue id, value.member("kid"));
  TRY(out.id, plain_text(id));
  TRY(const JsonValue modulus, value.member("n"));
  TRY(const std::string digits, modulus.string());
  auto bytes = base64url_decode(digits);
  if (!bytes) {
    return wrong(modulus, "must be base64url");
  }
  out.modulus = std::move(*bytes);
  TRY(const JsonValue exponent, value.member("e"));
  TRY(const std::string written, exponent.string());
  if (written != "AQAB") {
    return wrong(exponent, "must be AQAB");
  }
  return out;
}

Result<void> read_token_trust(const JsonValue& section, attest::GoogleTokenPolicy& out) {
  TRY(const JsonValue key, section.member("key"));
  CHECK_OK(expect_members(key, {"keys", "roots"}));
  TRY(const JsonValue roots, key.member("roots"));
  TRY(out.roots, read_list<crypto::Sha256>(roots, read_root));
  TRY(const JsonValue keys, key.member("keys"));
  TRY(out.keys, read_list<attest::GoogleTokenKey>(keys, read_token_key));
  if (out.roots.empty() && out.keys.empty()) {
    return wrong(key, "must list a root or a key");
  }
  return {};
}

Result<attest::NitroAge> read_age(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"ahead_seconds_max", "seconds_max"}));
  constexpr std::int64_t second_ms = 1000;
  std::int64_t ahead = 0;
  std::int64_t age = 0;
  CHECK_OK(read_number(value, "ahead_seconds_max", seconds_max, ahead));
  CHECK_OK(read_number(value, "seconds_max", seconds_max, age));
  return attest::NitroAge{.age_ms_max = age * second_ms, .ahead_ms_max = ahead * second_ms};
}

Result<Bytes> read_certificate(const JsonValue& value) {
  TRY(const std::string text, value.string());
  auto der = base64_decode(text);
  if (!der) return wrong(value, "must be a certificate: its DER in base64");
  return der;
}

}  // namespace

Result<TimeRules> read_time_section(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"authorities", "token"}));
  TRY(const JsonValue list, value.member("authorities"));
  TRY(std::vector<Bytes> ders, read_list<Bytes>(list, read_certificate));
  auto authorities = crypto::TimestampRoots::from_der(std::move(ders));
  if (!authorities) return wrong(list, authorities.error().message());
  TRY(auto token, read_required<Required>(value, "token"));
  return TimeRules{.authorities = *std::move(authorities), .token = std::move(token)};
}

Result<void> read_td_logs(const JsonValue& section, attest::TdxPolicy& out) {
  TRY(out.event_log, read_expected<EventLogRule>(section, "event_log", [](const JsonValue& rule) {
        return read_log_rule(rule, read_rtmr_index);
      }));
  using Events = std::vector<attest::DstackEvent>;
  TRY(out.runtime_log, read_expected<Events>(section, "runtime_log", [](const JsonValue& list) {
        return read_list<attest::DstackEvent>(list, read_runtime_event);
      }));
  return {};
}

Result<attest::SnpPolicy> read_snp_section(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"abi_minimum", "chips", "host_data", "id_keys", "measurements",
                                  "migration_off", "physical_access", "providers", "report_data",
                                  "single_socket", "smt_off", "tcb_minimum", "vmpl"}));
  attest::SnpPolicy out = default_policy().snp;
  TRY(out.providers, read_expected<std::vector<std::string>>(value, "providers", read_texts));
  TRY(out.abi_minimum, read_expected<attest::SnpAbi>(value, "abi_minimum", read_abi));
  TRY(out.tcb_minimum, read_expected<attest::SnpTcb>(value, "tcb_minimum", read_snp_tcb));
  CHECK_OK(read_snp_guest(value, out));
  TRY(out.chips, read_expected<std::vector<Bytes>>(value, "chips", read_chips));
  TRY(out.physical_access, read_physical_access(value, out.chips));
  return out;
}

Result<TpmRules> read_tpm_section(const JsonValue& value) {
  CHECK_OK(expect_members(
      value, {"boot_measured", "clock", "event_log", "extra_data", "firmware_versions", "key",
              "pcr_values", "qualified_signer", "selection"}));
  TpmRules out = default_policy().tpm;
  TRY(const JsonValue key, value.member("key"));
  TRY(out.key, read_key(key));
  TRY(out.quote, read_quote(value));
  TRY(out.event_log, read_expected<EventLogRule>(value, "event_log", read_event_log));
  return out;
}

Result<attest::NitroPolicy> read_nitro_section(const JsonValue& value) {
  CHECK_OK(expect_members(value, {"age", "nonce", "pcr_values", "public_key", "user_data"}));
  attest::NitroPolicy out = default_policy().nitro;
  TRY(out.age, read_expected<attest::NitroAge>(value, "age", read_age));
  using Pcrs = std::vector<attest::NitroPcr>;
  TRY(out.pcr_values, read_expected<Pcrs>(value, "pcr_values", [](const JsonValue& list) {
        return read_some<attest::NitroPcr>(list, read_nitro_pcr);
      }));
  TRY(out.nonce, read_expected<Bytes>(value, "nonce", read_bound));
  TRY(out.user_data, read_expected<Bytes>(value, "user_data", read_bound));
  TRY(out.public_key, read_expected<Bytes>(value, "public_key", read_bound));
  return out;
}

Result<attest::GoogleTokenPolicy> read_confidential_space_section(const JsonValue& value) {
  CHECK_OK(expect_members(
      value, {"audience", "hardware", "images", "key", "nonce", "secure_boot", "support", "time"}));
  attest::GoogleTokenPolicy out;
  CHECK_OK(read_token_trust(value, out));
  TRY(out.time, read_required<attest::GoogleTokenCurrent>(value, "time"));
  TRY(out.audience, read_expected<std::string>(value, "audience", plain_text));
  TRY(out.nonce, read_expected<std::string>(value, "nonce", plain_text));
  TRY(out.hardware, read_expected<std::vector<std::string>>(value, "hardware", read_texts));
  TRY(out.secure_boot, read_required<attest::GoogleSecureBoot>(value, "secure_boot"));
  TRY(out.support, read_expected<std::string>(value, "support", plain_text));
  TRY(out.images, read_expected<std::vector<std::string>>(value, "images", read_texts));
  return out;
}

Result<AzureRules> read_azure_section(const JsonValue& value) {
  CHECK_OK(expect_members(value,
                          {"boot_measured", "clock", "event_log", "extra_data", "firmware_versions",
                           "pcr_values", "qualified_signer", "secure_boot", "selection"}));
  AzureRules out = default_policy().azure;
  TRY(out.machine.quote, read_quote(value));
  TRY(out.machine.secure_boot, read_required<attest::AzureSecureBoot>(value, "secure_boot"));
  TRY(out.event_log, read_expected<EventLogRule>(value, "event_log", read_event_log));
  return out;
}

}  // namespace mayfly::verifier
