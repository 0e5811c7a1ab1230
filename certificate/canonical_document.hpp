// Reads canonical JSON: one flat table of values, each knowing the slice of bytes it came from.
//
// Shapes    A member's slice is a slice of its parent's, so signed bytes are found, not rebuilt.
// Errors    parse: as check_canonical. Getters: malformed, "statement.predicate.claim: ..." with
//           the path of the value; a name that is not plain ASCII is shown by its length only.
// Threads   Immutable once parsed. Borrows the bytes: they outlive the document, and the document
//           outlives its values and stays where it is.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/canonical_scan.hpp"

namespace mayfly::certificate {

class CanonicalDocument;

class JsonValue {
 public:
  JsonKind kind() const;
  ByteView slice() const;
  std::string path() const;  // "claim.limits.pids", "signatures[0]"; "the document" for the root

  // Precondition for both: `name` has no character that JSON escapes.
  std::optional<JsonValue> find(std::string_view name) const;  // nullopt also if not an object
  Result<JsonValue> member(std::string_view name) const;

  Result<std::string> string() const;
  Result<std::int64_t> integer() const;  // |n| <= integer_max
  Result<bool> boolean() const;

  std::string_view raw_name() const;  // as written, without quotes; empty in an array
  std::optional<JsonValue> first_child() const;
  std::optional<JsonValue> next_sibling() const;

  // "<path>: <what>", for a check that the caller makes.
  Error malformed(std::string_view what) const;

 private:
  friend class CanonicalDocument;
  JsonValue(const CanonicalDocument& document, std::uint32_t index)
      : document_(&document), index_(index) {}

  const CanonicalDocument* document_;
  std::uint32_t index_;
};

class CanonicalDocument {
 public:
  static Result<CanonicalDocument> parse(ByteView bytes, TopLevel top_level = TopLevel::object,
                                         const JsonBounds& bounds = {});

  JsonValue root() const { return {*this, 0}; }

 private:
  friend class JsonValue;
  struct Node {
    JsonKind kind;
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t name_begin;
    std::uint32_t name_end;
    std::uint32_t parent;
    std::uint32_t subtree_end;  // index past the last node inside this one
  };
  class Recorder;

  ByteView bytes_;
  std::vector<Node> nodes_;  // in the order of the text
};

// A name of the input as a message may show it: itself if plain and short, else its length.
std::string inert_name(std::string_view name);

}  // namespace mayfly::certificate
