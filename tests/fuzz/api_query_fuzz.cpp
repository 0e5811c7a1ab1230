// What a GET carries beside its path: a cursor, query parameters, an Accept header. No text crashes
// a reader; a cursor has one spelling; what is refused is refused in canonical JSON.
//
// Use       Lines: the Accept header, then "name=value" for each parameter ("cursor" among them).
#include "api/query.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/bytes.hpp"
#include "certificate/canonical_json.hpp"
#include "store/cursor.hpp"

namespace {

using namespace mayfly;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check_negotiation(std::string_view accept) {
  const std::vector<std::string_view> offers = {api::json_media_type, api::html_media_type,
                                                api::text_media_type};
  const std::string_view chosen = api::negotiate(accept, offers);
  require(chosen.empty() || std::ranges::find(offers, chosen) != offers.end());
  // An offer that is not acceptable among others is not acceptable alone, and the other way round.
  for (const std::string_view offer : offers) {
    if (chosen.empty()) require(api::negotiate(accept, {offer}).empty());
  }
  if (!chosen.empty()) require(api::negotiate(accept, {chosen}) == chosen);
}

void check_cursor(std::string_view cursor) {
  const auto position = store::decode_cursor(cursor);
  if (!position) return;
  require(store::encode_cursor(*position) == cursor);
  require(store::is_certificate_id(position->certificate_id, store::certificate_id_digits));
}

void check_query(const api::Call& call) {
  api::QueryReader reader(call);
  const auto hash = reader.hash("dataset_hash", "none");
  reader.count("limit");
  const auto since = reader.time("since");
  const auto cursor = reader.text("cursor");
  if (cursor) check_cursor(*cursor);
  if (const auto finished = reader.finish()) {
    require(!hash || *hash == "none" || api::is_sha256_text(*hash));
    require(call.query.size() <= 4);
  } else {
    const std::string problem = api::problem_json(finished.error(), call.path);
    require(certificate::check_canonical(bytes_of(problem)).has_value());
  }
  static_cast<void>(since);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = text_of(ByteView(data, size));
  api::Call call;
  call.path = "/certificates";
  call.accept = std::string(take_line(text));
  check_negotiation(call.accept);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view value = line.substr(std::min(equals + 1, line.size()));
    check_cursor(value);
    if (const auto at = api::parse_rfc3339_utc(value); at && at->value >= 0) {
      require(api::parse_rfc3339_utc(to_rfc3339(*at)) == at);
    }
    call.query.emplace(line.substr(0, equals), value);
  }
  check_query(call);
  return 0;
}
