// The JSON of Intel's signed lists, read strictly: one flat table of values, each knowing the slice
// of bytes it came from, because the signature covers those bytes and no other spelling of them.
//
// Source    RFC 8259, restricted to what the lists use: no escapes, printable ASCII, non-negative
//           integers, no null. A member name may stand once. A provider's tokens, whose other
//           claims hold whatever a workload was started with, may have all that JSON has in values
//           that nobody reads: text() and integer() give out the restricted forms only.
// Shapes    At most collateral_json_bytes_max, 16 levels, 20,000 values, 64 members in an object
//           (1,024 in a token's). No recursion.
// Errors    malformed: "byte 17: ..."; from getters, the name of what is missing or of another
//           type.  limit: over a bound.
// Threads   Immutable once parsed. Borrows the bytes; the parts borrow the document.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

inline constexpr std::size_t collateral_json_bytes_max = std::size_t{512} * 1024;

enum class JsonText : std::uint8_t {
  plain,
  escaped,  // values may have escapes, UTF-8, any number, null
};

class CollateralJson;

class JsonPart {
 public:
  ByteView slice() const;

  Result<JsonPart> member(std::string_view name) const;
  std::optional<JsonPart> find(std::string_view name) const;  // nullopt also if not an object
  std::size_t member_count() const;
  Result<std::vector<JsonPart>> items() const;  // of an array

  Result<std::string_view> text() const;
  Result<std::uint32_t> integer(std::uint32_t value_max) const;

  // Of a member, with its name in the error.
  Result<std::string_view> text_of(std::string_view name) const;
  Result<std::uint32_t> integer_of(std::string_view name, std::uint32_t value_max) const;
  // "2025-06-19T10:16:03Z", and no other form.
  Result<UnixMillis> time_of(std::string_view name) const;
  // Hex of either case, exactly as many digits as `out` needs.
  Result<void> hex_of(std::string_view name, std::span<std::uint8_t> out) const;

 private:
  friend class CollateralJson;
  JsonPart(const CollateralJson& document, std::uint32_t index)
      : document_(&document), index_(index) {}

  const CollateralJson* document_;
  std::uint32_t index_;
};

class CollateralJson {
 public:
  static Result<CollateralJson> parse(ByteView bytes, JsonText text = JsonText::plain);

  JsonPart root() const { return {*this, 0}; }

 private:
  friend class JsonPart;
  class Scanner;
  enum class Kind : std::uint8_t { object, array, string, integer, boolean, unread };
  struct Node {
    Kind kind;
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t name_begin;
    std::uint32_t name_end;
    std::uint32_t subtree_end;  // index past the last node inside this one
  };

  std::string_view text_;
  std::vector<Node> nodes_;  // in the order of the text
};

}  // namespace mayfly::attest
