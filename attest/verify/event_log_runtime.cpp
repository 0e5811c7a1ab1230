#include "attest/verify/event_log_runtime.hpp"

#include <algorithm>
#include <array>

#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t ima_sha1_bytes = 20;
constexpr std::size_t template_name_bytes_max = 64;

std::unexpected<Error> bad_ima_log(std::string what) {
  return fail(ErrorCode::malformed, "not an IMA log: " + std::move(what));
}

Result<ByteView> take_counted(ByteReader& reader, std::size_t bytes_max) {
  TRY(const std::uint32_t size, reader.take_u32_le());
  if (size > bytes_max) {
    return fail(ErrorCode::limit, "a field of an IMA entry is longer than its bound");
  }
  return reader.take(size);
}

std::string_view without_nul(ByteView text) {
  if (!text.empty() && text.back() == 0) {
    text = text.first(text.size() - 1);
  }
  return text_of(text);
}

// d-ng: "sha256:", NUL, digest. n-ng: the path. What follows (a signature) is not looked at.
Result<void> read_template(ImaEntry& entry) {
  if (entry.template_name != "ima-ng" && entry.template_name != "ima-sig" &&
      entry.template_name != "ima-buf") {
    return bad_ima_log("a template that is not known here");
  }
  ByteReader reader(entry.template_data);
  TRY(const ByteView digest, take_counted(reader, ima_template_bytes_max));
  TRY(const ByteView path, take_counted(reader, ima_template_bytes_max));
  const auto colon = std::ranges::find(digest, std::uint8_t{':'});
  const auto name_size = static_cast<std::size_t>(colon - digest.begin());
  if (digest.size() < name_size + 2 || digest[name_size + 1] != 0) {
    return bad_ima_log("a file digest without the name of its hash");
  }
  entry.hash_name = text_of(digest.first(name_size));
  entry.file_digest = digest.subspan(name_size + 2);
  entry.path = without_nul(path);
  return {};
}

Result<ImaEntry> take_entry(ByteReader& reader) {
  ImaEntry entry;
  TRY(entry.register_index, reader.take_u32_le());
  if (entry.register_index >= tpm_pcr_count) {
    return bad_ima_log("an entry is of a register that no TPM has");
  }
  TRY(const ByteView template_digest, reader.take(ima_sha1_bytes));
  entry.is_violation = are_zero(template_digest);
  TRY(const ByteView name, take_counted(reader, template_name_bytes_max));
  entry.template_name = without_nul(name);
  TRY(entry.template_data, take_counted(reader, ima_template_bytes_max));
  CHECK_OK(read_template(entry));
  return entry;
}

Result<void> expect_one_reading(const DstackEvent& event) {
  if (event.name.empty() || event.name.size() > dstack_event_name_bytes_max ||
      event.payload.size() > dstack_event_payload_bytes_max) {
    return fail(ErrorCode::limit,
                "a runtime event has a name of 1 to 256 bytes and a payload of at most 64 KiB");
  }
  if (event.name.find(':') != std::string::npos) {
    return fail(ErrorCode::malformed,
                "the name of a runtime event has a colon: where it ends is not measured");
  }
  return {};
}

void put_be(Bytes& out, std::size_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

}  // namespace

Result<std::vector<ImaEntry>> parse_ima_log(ByteView log) {
  if (log.size() > ima_log_bytes_max) {
    return fail(ErrorCode::limit, "an IMA log is at most 64 MiB, this one has " +
                                      std::to_string(log.size()) + " bytes");
  }
  ByteReader reader(log);
  std::vector<ImaEntry> entries;
  while (reader.remaining() != 0) {
    auto entry = take_entry(reader);
    if (!entry) {
      return std::unexpected(std::move(entry).error().while_doing(
          "reading entry " + std::to_string(entries.size() + 1)));
    }
    entries.push_back(*entry);
  }
  return entries;
}

Result<std::size_t> ima_entries_behind(std::span<const ImaEntry> entries, TpmHash bank,
                                       std::uint32_t register_index, ByteView quoted) {
  TRY(const crypto::HashAlgorithm hash, trusted_hash(bank));
  const std::size_t digest_size = crypto::digest_bytes(hash);
  Bytes value(digest_size, 0);
  if (std::ranges::equal(value, quoted)) {
    return std::size_t{0};
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].register_index != register_index) {
      continue;
    }
    // The kernel extends all ones for a violation, so that no log can pass it off as a file.
    const Bytes digest = entries[i].is_violation
                             ? Bytes(digest_size, 0xff)
                             : crypto::digest_of(hash, entries[i].template_data);
    value.insert(value.end(), digest.begin(), digest.end());
    value = crypto::digest_of(hash, value);
    if (std::ranges::equal(value, quoted)) {
      return i + 1;
    }
  }
  return fail(ErrorCode::rejected, "no part of the IMA log leads to the quoted value of PCR " +
                                       std::to_string(register_index));
}

Result<std::vector<DstackEvent>> decode_dstack_events(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<DstackEvent> events;
  while (reader.remaining() != 0) {
    if (events.size() == dstack_events_max) {
      return fail(ErrorCode::limit, "a runtime log has at most 4096 events");
    }
    TRY(const std::uint16_t name_bytes, reader.take_u16_be());
    TRY(const ByteView name, reader.take(name_bytes));
    TRY(const std::uint32_t payload_bytes, reader.take_u32_be());
    TRY(const ByteView payload, reader.take(payload_bytes));
    DstackEvent event{std::string(text_of(name)), Bytes(payload.begin(), payload.end())};
    CHECK_OK(expect_one_reading(event));
    events.push_back(std::move(event));
  }
  return events;
}

Result<Bytes> encode_dstack_events(std::span<const DstackEvent> events) {
  if (events.size() > dstack_events_max) {
    return fail(ErrorCode::limit, "a runtime log has at most 4096 events");
  }
  Bytes out;
  for (const DstackEvent& event : events) {
    CHECK_OK(expect_one_reading(event));
    put_be(out, event.name.size(), 2);
    out.insert(out.end(), event.name.begin(), event.name.end());
    put_be(out, event.payload.size(), 4);
    out.insert(out.end(), event.payload.begin(), event.payload.end());
  }
  return out;
}

crypto::Sha384 dstack_event_digest(const DstackEvent& event) {
  // le32(0x08000001) || ":" || name || ":" || payload
  Bytes bytes{0x01, 0x00, 0x00, 0x08, ':'};
  bytes.insert(bytes.end(), event.name.begin(), event.name.end());
  bytes.push_back(':');
  bytes.insert(bytes.end(), event.payload.begin(), event.payload.end());
  return crypto::sha384(bytes);
}

crypto::Sha384 replay_dstack_events(std::span<const DstackEvent> events) {
  crypto::Sha384 value{};
  for (const DstackEvent& event : events) {
    const crypto::Sha384 digest = dstack_event_digest(event);
    Bytes both(value.bytes.begin(), value.bytes.end());
    both.insert(both.end(), digest.bytes.begin(), digest.bytes.end());
    value = crypto::sha384(both);
  }
  return value;
}

}  // namespace mayfly::attest
