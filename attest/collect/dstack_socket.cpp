#include "attest/collect/dstack_socket.hpp"

#include "attest/collect/socket_post.hpp"
#include "attest/collect/tsm_report.hpp"
#include "attest/model/evidence_parts.hpp"
#include "base/text_encoding.hpp"

namespace mayfly::attest {
namespace {

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::malformed, std::string("dstack's answer ") + what);
}

// The member "quote" of a JSON object, whose value is hex. What is within another string has its
// quotation marks escaped; and whatever is found must be a quote over the bytes that were asked
// for.
Result<Bytes> quote_in(std::string_view json) {
  constexpr std::string_view name = "\"quote\"";
  for (std::size_t at = json.find(name); at != std::string_view::npos;
       at = json.find(name, at + 1)) {
    if (at != 0 && json[at - 1] == '\\') continue;
    std::string_view rest = json.substr(at + name.size());
    const std::size_t begin = rest.find_first_not_of(" \t\r\n:");
    if (begin == std::string_view::npos || rest[begin] != '"') break;
    rest.remove_prefix(begin + 1);
    std::string_view hex = rest.substr(0, rest.find('"'));
    if (hex.starts_with("0x")) hex.remove_prefix(2);
    auto bytes = hex_decode(hex);
    if (!bytes) return malformed("has a quote that is not hex");
    return std::move(*bytes);
  }
  return malformed("has no quote");
}

// What stands between the quotation marks of a JSON string, which begins at `text`.
Result<std::string> unescaped(std::string_view text) {
  constexpr std::string_view escapes = R"("\/bfnrt)";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return out;
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    const std::size_t which = ++i < text.size() ? escapes.find(text[i]) : std::string_view::npos;
    if (which == std::string_view::npos) {
      return malformed("has an event log with an escape that event logs do not have");
    }
    out.push_back(meanings[which]);
  }
  return malformed("is cut off");
}

// The member "event_log": a JSON array, as a string. Empty: there is none.
Result<std::string> event_log_in(std::string_view json) {
  constexpr std::string_view name = "\"event_log\"";
  for (std::size_t at = json.find(name); at != std::string_view::npos;
       at = json.find(name, at + 1)) {
    if (at != 0 && json[at - 1] == '\\') continue;
    const std::string_view rest = json.substr(at + name.size());
    const std::size_t begin = rest.find_first_not_of(" \t\r\n:");
    if (begin == std::string_view::npos || rest[begin] != '"') break;
    return unescaped(rest.substr(begin + 1));
  }
  return std::string();
}

}  // namespace

Result<Evidence> dstack_evidence(const std::string& socket, DstackVersion version,
                                 const ReportData& report_data) {
  const bool is_v0 = version == DstackVersion::v0;
  const std::string body = "{\"report_data\":\"" + hex_encode(report_data) + "\"" +
                           (is_v0 ? ",\"hash_algorithm\":\"raw\"}" : "}");
  TRY(const std::string json,
      post_to_socket({.whom = "dstack",
                      .socket = socket,
                      .path = is_v0 ? "/prpc/Tappd.TdxQuote?json" : "/GetQuote",
                      .answer_bytes_max = dstack_answer_bytes_max},
                     body));
  TRY(const Bytes quote, quote_in(json));
  TRY(Evidence evidence, tdx_evidence(quote, report_data));
  TRY(const std::string log, event_log_in(json));
  if (!log.empty()) {
    const ByteView bytes = bytes_of(log);
    evidence.parts.push_back(
        {std::string(part_name::runtime_log), Bytes(bytes.begin(), bytes.end())});
  }
  return evidence;
}

}  // namespace mayfly::attest
