#include "verifier/trace_check.hpp"

#include <algorithm>
#include <utility>

#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"

namespace mayfly::verifier {
namespace {

using certificate::JsonValue;

template <class Array>
Result<void> read_hex(const JsonValue& line, std::string_view name, Array& out) {
  TRY(const JsonValue member, line.member(name));
  TRY(const std::string text, member.string());
  const auto bytes = hex_decode(text);
  if (!bytes || bytes->size() != out.size()) {
    return std::unexpected(
        member.malformed("must be " + std::to_string(2 * out.size()) + " hex digits"));
  }
  std::ranges::copy(*bytes, out.begin());
  return {};
}

}  // namespace

Result<TraceLine> parse_trace_line(std::string_view line) {
  if (line.size() > trace_line_bytes_max) {
    return fail(ErrorCode::limit,
                "a line of more than " + std::to_string(trace_line_bytes_max) + " bytes");
  }
  TRY(const auto document, certificate::CanonicalDocument::parse(bytes_of(line)));
  const JsonValue root = document.root();
  TraceLine parsed;
  TRY(const JsonValue event, root.member("event"));
  TRY(const JsonValue word, event.member("event"));
  TRY(parsed.event_word, word.string());
  parsed.event = text_of(event.slice());
  CHECK_OK(read_hex(root, "leaf", parsed.leaf.bytes));
  CHECK_OK(read_hex(root, "salt", parsed.salt));
  std::size_t members = 0;
  for (auto child = root.first_child(); child; child = child->next_sibling()) ++members;
  if (members == 3) return parsed;
  return fail(ErrorCode::malformed, "a line has the members event, leaf and salt, and no other");
}

crypto::Sha256 leaf_of(const TraceLine& line) {
  return transparency::trace_leaf(line.salt, bytes_of(line.event));
}

void TraceCheck::add(std::string_view line) {
  if (given_.first_malformed) return;
  const auto parsed = parse_trace_line(line);
  if (!parsed) {
    given_.first_malformed = events_.size() + 1;
    given_.why_malformed = parsed.error().message();
    return;
  }
  const crypto::Sha256 leaf = leaf_of(*parsed);
  if (leaf != parsed->leaf && !given_.first_differing) given_.first_differing = events_.size();
  events_.append(leaf);
  leaves_.append(parsed->leaf);
}

GivenTrace TraceCheck::finish() && {
  given_.size = events_.size();
  given_.root = events_.root();
  given_.stated_root = leaves_.root();
  return std::move(given_);
}

}  // namespace mayfly::verifier
