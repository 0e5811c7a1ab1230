#include "attest/verify/event_log.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t sha1_bytes = 20;
constexpr std::string_view signature_text("Spec ID Event03\0", 16);
constexpr std::string_view locality_text("StartupLocality\0", 16);
constexpr std::size_t banks_max = 8;

std::unexpected<Error> bad_event_log(std::string what) {
  return fail(ErrorCode::malformed, "not a crypto-agile event log: " + std::move(what));
}

// SM3 and later algorithms are announced with their length, so their digests can be stepped over.
struct Bank {
  std::uint16_t algorithm;
  std::size_t bytes;
};

std::optional<TpmHash> known_hash(std::uint16_t algorithm) {
  for (const TpmHash hash : {TpmHash::sha1, TpmHash::sha256, TpmHash::sha384, TpmHash::sha512}) {
    if (algorithm == static_cast<std::uint16_t>(hash)) {
      return hash;
    }
  }
  return std::nullopt;
}

Result<std::vector<Bank>> take_announced_banks(ByteReader& reader) {
  TRY(const std::uint32_t count, reader.take_u32_le());
  if (count == 0 || count > banks_max) {
    return bad_event_log("it announces no bank, or more than 8");
  }
  std::vector<Bank> banks;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY(const std::uint16_t algorithm, reader.take_u16_le());
    TRY(const std::uint16_t bytes, reader.take_u16_le());
    const auto hash = known_hash(algorithm);
    const bool is_repeated =
        std::ranges::any_of(banks, [&](const Bank& bank) { return bank.algorithm == algorithm; });
    if (bytes > 64 || is_repeated || (hash && tpm_digest_bytes(*hash) != bytes)) {
      return bad_event_log("it announces a bank twice, or with a length that is not its hash's");
    }
    banks.push_back({algorithm, bytes});
  }
  return banks;
}

// TCG_EfiSpecIDEvent, inside an event of the old format.
Result<std::vector<Bank>> take_announcement(ByteReader& reader) {
  TRY(const std::uint32_t index, reader.take_u32_le());
  TRY(const std::uint32_t type, reader.take_u32_le());
  TRY(const ByteView digest, reader.take(sha1_bytes));
  TRY(const std::uint32_t size, reader.take_u32_le());
  TRY(const ByteView data, reader.take(size));
  // CCEL has no register 0 that events belong to, and announces in its first.
  if (index > 1 || type != event_type::no_action || !are_zero(digest)) {
    return bad_event_log("it does not begin with an announcement of its banks");
  }
  ByteReader fields(data);
  TRY(const ByteView signature, fields.take(signature_text.size()));
  if (text_of(signature) != signature_text) {
    return bad_event_log("its announcement is of another version");
  }
  CHECK_OK(fields.take(8));  // platform class, version, errata, size of UINTN
  TRY(std::vector<Bank> banks, take_announced_banks(fields));
  TRY(const std::uint8_t vendor_size, fields.take_u8());
  if (fields.remaining() != vendor_size) {
    return bad_event_log("its announcement is not as long as it says");
  }
  return banks;
}

Result<std::vector<LoggedDigest>> take_digests(ByteReader& reader, const std::vector<Bank>& banks) {
  TRY(const std::uint32_t count, reader.take_u32_le());
  if (count != banks.size()) {
    return bad_event_log("an event has digests for other banks than those announced");
  }
  std::vector<LoggedDigest> digests;
  std::vector<std::uint16_t> seen;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY(const std::uint16_t algorithm, reader.take_u16_le());
    const auto bank = std::ranges::find(banks, algorithm, &Bank::algorithm);
    if (bank == banks.end() || std::ranges::find(seen, algorithm) != seen.end()) {
      return bad_event_log("an event has digests for other banks than those announced");
    }
    seen.push_back(algorithm);
    TRY(const ByteView value, reader.take(bank->bytes));
    if (const auto hash = known_hash(algorithm)) {
      digests.push_back({*hash, value});
    }
  }
  return digests;
}

Result<LoggedEvent> take_event(ByteReader& reader, const std::vector<Bank>& banks) {
  LoggedEvent event;
  TRY(event.register_index, reader.take_u32_le());
  TRY(event.type, reader.take_u32_le());
  if (event.register_index >= event_log_registers_max) {
    return bad_event_log("an event is of a register that no machine has");
  }
  TRY(event.digests, take_digests(reader, banks));
  TRY(const std::uint32_t size, reader.take_u32_le());
  TRY(event.data, reader.take(size));
  return event;
}

bool is_padding(ByteView rest) {
  const std::uint8_t first = rest.front();
  return (first == 0xff || first == 0) &&
         std::ranges::all_of(rest, [first](std::uint8_t byte) { return byte == first; });
}

// A record of zeros would be an event without digests, which no log with a bank has.
bool is_at_end(ByteView rest) {
  return rest.empty() || is_padding(rest);
}

// It is in the log only if it is not 0; it comes before anything is measured.
Result<void> read_startup_locality(const LoggedEvent& event, ParsedEventLog& out) {
  const bool is_locality = event.data.size() == locality_text.size() + 1 &&
                           text_of(event.data).starts_with(locality_text);
  if (!is_locality) {
    return {};
  }
  const std::uint8_t locality = event.data.back();
  const bool is_late = std::ranges::any_of(out.events, [](const LoggedEvent& earlier) {
    return earlier.register_index == 0 && earlier.type != event_type::no_action;
  });
  if (event.register_index != 0 || is_late || out.startup_locality != 0 ||
      (locality != 3 && locality != 4)) {
    return bad_event_log("a StartupLocality that is late, repeated or none that a TPM starts in");
  }
  out.startup_locality = locality;
  return {};
}

bool has_digest_of(const LoggedEvent& event, TpmHash bank, ByteView measured) {
  const LoggedDigest* digest = event.digest(bank);
  const auto hash = trusted_hash(bank);
  return digest != nullptr && hash &&
         std::ranges::equal(crypto::digest_of(*hash, measured), digest->value);
}

// UEFI_VARIABLE_DATA: GUID, length of the name in 16-bit units, length of the value, both.
ByteView variable_value(ByteView data) {
  ByteReader reader(data);
  const auto guid = reader.take(16);
  const auto name_units = reader.take_u64_le();
  const auto value_bytes = reader.take_u64_le();
  if (!guid || !name_units || !value_bytes || *name_units > reader.remaining() / 2) {
    return {};
  }
  const auto name = reader.take(static_cast<std::size_t>(*name_units) * 2);
  if (!name || *value_bytes != reader.remaining()) {
    return {};
  }
  return data.subspan(reader.offset());
}

ByteView until_nul(ByteView text) {
  const auto end = std::ranges::find(text, std::uint8_t{0});
  return text.first(static_cast<std::size_t>(end - text.begin()));
}

struct Candidates {
  std::vector<ByteView> parts;
  bool is_measured_by_type = true;  // one of the parts must be what was measured
};

// GRUB logs "prefix: command" and a NUL, and measures the command: upstream without the NUL, Red
// Hat's with it, some builds with another byte after it.
Candidates loader_candidates(ByteView data) {
  constexpr std::array<std::string_view, 5> prefixes{
      "grub_cmd: ", "kernel_cmdline: ", "module_cmdline: ", "grub_cmd ", "grub_kernel_cmdline "};
  for (const std::string_view prefix : prefixes) {
    if (text_of(data).starts_with(prefix)) {
      const ByteView rest = data.subspan(prefix.size());
      return {{until_nul(rest), rest, rest.empty() ? rest : rest.first(rest.size() - 1)}};
    }
  }
  return {{data}, /*is_measured_by_type=*/false};
}

Candidates candidates_of(const LoggedEvent& event) {
  const ByteView data = event.data;
  switch (event.type) {
    case event_type::separator:
    case event_type::action:
    case event_type::crtm_version:
    case event_type::nonhost_info:
    case event_type::omit_boot_device_events:
    case event_type::variable_driver_config:
    case event_type::gpt_event:
    case event_type::efi_action:
    case event_type::hcrtm_event: return {{data}};
    case event_type::variable_boot:
    case event_type::variable_boot2: return {{data, variable_value(data)}};
    case event_type::variable_authority:
      // Some builds of shim log one byte more than they measure.
      return {{data, data.empty() ? data : data.first(data.size() - 1)}};
    case event_type::initial_program_loader: return loader_candidates(data);
    case event_type::event_tag:
      return {{data, data.size() > 8 ? data.subspan(8) : data}, /*is_measured_by_type=*/false};
    case event_type::post_code: return {{data}, /*is_measured_by_type=*/false};
    default: return {{}, /*is_measured_by_type=*/false};
  }
}

}  // namespace

const LoggedDigest* LoggedEvent::digest(TpmHash hash) const {
  const auto found = std::ranges::find(digests, hash, &LoggedDigest::hash);
  return found == digests.end() ? nullptr : &*found;
}

Result<ParsedEventLog> parse_event_log(ByteView log) {
  if (log.size() > event_log_bytes_max) {
    return fail(ErrorCode::limit, "an event log is at most 4 MiB, this one has " +
                                      std::to_string(log.size()) + " bytes");
  }
  ByteReader reader(log);
  ParsedEventLog out;
  TRY(const std::vector<Bank> banks, take_announcement(reader));
  for (const Bank& bank : banks) {
    if (const auto hash = known_hash(bank.algorithm)) {
      out.banks.push_back(*hash);
    }
  }
  while (!is_at_end(log.subspan(reader.offset()))) {
    if (out.events.size() == event_log_events_max) {
      return fail(ErrorCode::limit, "an event log has at most 65536 events");
    }
    TRY(LoggedEvent event, take_event(reader, banks));
    if (event.type == event_type::no_action) {
      CHECK_OK(read_startup_locality(event, out));
    }
    out.events.push_back(std::move(event));
  }
  out.bytes_used = reader.offset();
  return out;
}

std::vector<Bytes> replay_event_log(const ParsedEventLog& log, TpmHash bank) {
  const auto hash = trusted_hash(bank);
  std::vector<Bytes> registers(event_log_registers_max, Bytes(tpm_digest_bytes(bank), 0));
  registers.front().back() = log.startup_locality;
  for (const LoggedEvent& event : log.events) {
    const LoggedDigest* digest = event.digest(bank);
    if (event.type == event_type::no_action || digest == nullptr || !hash) {
      continue;
    }
    Bytes& value = registers.at(event.register_index);
    value.insert(value.end(), digest->value.begin(), digest->value.end());
    value = crypto::digest_of(*hash, value);
  }
  return registers;
}

BoundPayload bind_payload(const LoggedEvent& event, TpmHash bank) {
  const Candidates candidates = candidates_of(event);
  for (const ByteView part : candidates.parts) {
    if (!part.empty() && has_digest_of(event, bank, part)) {
      return {PayloadBinding::bound, part};
    }
  }
  return {candidates.is_measured_by_type ? PayloadBinding::contradicted
                                         : PayloadBinding::described_only,
          {}};
}

}  // namespace mayfly::attest
