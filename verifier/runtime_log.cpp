#include "verifier/runtime_log.hpp"

#include <string>
#include <vector>

#include "attest/verify/event_log_runtime.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/canonical_json.hpp"

namespace mayfly::verifier {
namespace {

using certificate::JsonValue;

constexpr std::int64_t runtime_register = 3;
constexpr std::int64_t runtime_event_type = 0x08000001;

Result<attest::DstackEvent> read_event(const JsonValue& value) {
  TRY(const JsonValue named_type, value.member("event_type"));
  TRY(const std::int64_t type, named_type.integer());
  if (type != runtime_event_type) {
    return std::unexpected(named_type.malformed("is none that dstack extends RTMR3 with"));
  }
  attest::DstackEvent out;
  TRY(const JsonValue name, value.member("event"));
  TRY(out.name, name.string());
  TRY(const JsonValue payload, value.member("event_payload"));
  TRY(const std::string hex, payload.string());
  auto bytes = hex_decode(hex);
  if (!bytes) {
    return std::unexpected(payload.malformed("must be lower-case hex digits"));
  }
  // What is measured is name, colon, payload: the one reading has the name end at the first colon.
  if (const std::size_t colon = out.name.find(':'); colon != std::string::npos) {
    out.payload.assign(out.name.begin() + static_cast<std::ptrdiff_t>(colon) + 1, out.name.end());
    out.payload.push_back(':');
    out.name.resize(colon);
  }
  out.payload.insert(out.payload.end(), bytes->begin(), bytes->end());
  return out;
}

Result<Bytes> from_json(ByteView json) {
  const certificate::JsonBounds bounds{.bytes_max = runtime_log_json_bytes_max};
  TRY(const std::string canonical,
      certificate::canonicalize(json, certificate::TopLevel::container, bounds));
  TRY(const auto document, certificate::CanonicalDocument::parse(
                               bytes_of(canonical), certificate::TopLevel::container, bounds));
  std::vector<attest::DstackEvent> events;
  const JsonValue root = document.root();
  for (auto child = root.first_child(); child; child = child->next_sibling()) {
    TRY(const JsonValue named_register, child->member("imr"));
    TRY(const std::int64_t index, named_register.integer());
    if (index != runtime_register) {
      continue;
    }
    TRY(attest::DstackEvent event, read_event(*child));
    events.push_back(std::move(event));
  }
  return attest::encode_dstack_events(events);
}

}  // namespace

Result<Bytes> plain_runtime_log(ByteView log) {
  // The plain spelling begins with the length of a name, whose first byte is 0 or 1.
  if (!log.empty() && log.front() > 1) {
    return from_json(log);
  }
  TRY(const auto events, attest::decode_dstack_events(log));
  return attest::encode_dstack_events(events);
}

}  // namespace mayfly::verifier
