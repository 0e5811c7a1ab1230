#include "certificate/canonical_document.hpp"

#include <algorithm>
#include <charconv>

namespace mayfly::certificate {

// Fills the table while the scan goes over the text.
class CanonicalDocument::Recorder {
 public:
  explicit Recorder(std::vector<Node>& nodes) : nodes_(nodes) {}

  void open(JsonKind kind, std::size_t begin) {
    const std::uint32_t index = add(kind, begin, begin);
    open_ = index;
  }
  void close(std::size_t end) {
    Node& node = nodes_[open_];
    node.end = static_cast<std::uint32_t>(end);
    node.subtree_end = static_cast<std::uint32_t>(nodes_.size());
    open_ = node.parent;
  }
  void name(std::size_t begin, std::size_t end) {
    name_begin_ = static_cast<std::uint32_t>(begin);
    name_end_ = static_cast<std::uint32_t>(end);
  }
  void scalar(JsonKind kind, std::size_t begin, std::size_t end) { add(kind, begin, end); }

 private:
  std::uint32_t add(JsonKind kind, std::size_t begin, std::size_t end) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({.kind = kind,
                      .begin = static_cast<std::uint32_t>(begin),
                      .end = static_cast<std::uint32_t>(end),
                      .name_begin = std::exchange(name_begin_, 0),
                      .name_end = std::exchange(name_end_, 0),
                      .parent = open_,
                      .subtree_end = index + 1});
    return index;
  }

  std::vector<Node>& nodes_;
  std::uint32_t open_ = 0;  // the root's parent is itself
  std::uint32_t name_begin_ = 0;
  std::uint32_t name_end_ = 0;
};

Result<CanonicalDocument> CanonicalDocument::parse(ByteView bytes, TopLevel top_level,
                                                   const JsonBounds& bounds) {
  static_assert(json_bytes_max < UINT32_MAX, "positions are 32 bits wide");
  JsonBounds within = bounds;
  within.bytes_max = std::min(within.bytes_max, json_bytes_max);
  CanonicalDocument document;
  document.bytes_ = bytes;
  Recorder recorder(document.nodes_);
  CHECK_OK(CanonicalScan<Recorder>(bytes, within, recorder).run(top_level));
  return document;
}

JsonKind JsonValue::kind() const {
  return document_->nodes_[index_].kind;
}

ByteView JsonValue::slice() const {
  const auto& node = document_->nodes_[index_];
  return document_->bytes_.subspan(node.begin, node.end - node.begin);
}

std::string_view JsonValue::raw_name() const {
  const auto& node = document_->nodes_[index_];
  return text_of(document_->bytes_.subspan(node.name_begin, node.name_end - node.name_begin));
}

std::optional<JsonValue> JsonValue::first_child() const {
  const auto& node = document_->nodes_[index_];
  if (node.subtree_end == index_ + 1) return std::nullopt;
  return JsonValue(*document_, index_ + 1);
}

std::optional<JsonValue> JsonValue::next_sibling() const {
  const auto& nodes = document_->nodes_;
  const std::uint32_t next = nodes[index_].subtree_end;
  const std::uint32_t parent = nodes[index_].parent;
  if (index_ == 0 || next >= nodes[parent].subtree_end) return std::nullopt;
  return JsonValue(*document_, next);
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  if (kind() != JsonKind::object) return std::nullopt;
  for (auto child = first_child(); child; child = child->next_sibling()) {
    if (child->raw_name() == name) return child;
  }
  return std::nullopt;
}

Result<JsonValue> JsonValue::member(std::string_view name) const {
  if (kind() != JsonKind::object) return std::unexpected(malformed("must be an object"));
  if (const auto found = find(name)) return *found;
  return std::unexpected(malformed("the member \"" + inert_name(name) + "\" is missing"));
}

Result<std::string> JsonValue::string() const {
  if (kind() != JsonKind::string) return std::unexpected(malformed("must be a string"));
  const std::string_view quoted = text_of(slice());
  return unescape_canonical(quoted.substr(1, quoted.size() - 2));
}

Result<std::int64_t> JsonValue::integer() const {
  const std::string_view text = text_of(slice());
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (kind() != JsonKind::number || read.ec != std::errc{} ||
      read.ptr != text.data() + text.size() || value > integer_max || value < -integer_max) {
    return std::unexpected(malformed("must be an integer of at most 2^53-1 either way"));
  }
  return value;
}

Result<bool> JsonValue::boolean() const {
  if (kind() != JsonKind::boolean) return std::unexpected(malformed("must be true or false"));
  return text_of(slice()) == "true";
}

std::string JsonValue::path() const {
  const auto& nodes = document_->nodes_;
  std::vector<std::string> parts;  // innermost first
  for (std::uint32_t at = index_; at != 0; at = nodes[at].parent) {
    const std::uint32_t parent = nodes[at].parent;
    if (nodes[parent].kind == JsonKind::object) {
      parts.push_back(inert_name(JsonValue(*document_, at).raw_name()));
      if (parent != 0) parts.emplace_back(".");
    } else {
      std::size_t position = 0;
      for (std::uint32_t i = parent + 1; i != at; i = nodes[i].subtree_end) ++position;
      parts.push_back('[' + std::to_string(position) + ']');
    }
  }
  if (parts.empty()) return "the document";
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) path += *part;
  return path;
}

Error JsonValue::malformed(std::string_view what) const {
  return {ErrorCode::malformed, path() + ": " + std::string(what)};
}

std::string inert_name(std::string_view name) {
  constexpr std::size_t shown_bytes_max = 64;
  const bool is_plain = name.size() <= shown_bytes_max && std::ranges::all_of(name, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '_' || c == '-';
                        });
  if (is_plain && !name.empty()) return std::string(name);
  return "(a name of " + std::to_string(name.size()) + " bytes)";
}

}  // namespace mayfly::certificate
