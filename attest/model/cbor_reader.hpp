// Reads CBOR item by item, strictly: what is asked for comes next, or it is an error. Never
// recurses, allocates nothing, and skips nothing.
//
// Source    RFC 8949, clause 3 and the deterministic rules of 4.2.1 for heads: each number and
//           length in its shortest form. No floats, no simple values but null, true and false.
// Shapes    Borrows from its input. Lengths are bounded by what is left and by the caller.
// Errors    malformed: truncated, another type than asked for, a head that is not its shortest, an
//           indefinite length anywhere but where enter_map() is told to expect it.  limit: longer
//           than the caller's bound.
// Threads   One reader, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

enum class IndefiniteMap : std::uint8_t { refuse, accept };

class CborReader {
 public:
  explicit CborReader(ByteView bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

  Result<std::uint64_t> take_unsigned();
  // Either sign, of at most 63 bits.
  Result<std::int64_t> take_integer();
  Result<ByteView> take_bytes(std::size_t bytes_max);
  // ASCII without control characters, which is all that names and identifiers need.
  Result<std::string_view> take_text(std::size_t bytes_max);
  // The number of items that follow.
  Result<std::size_t> enter_array(std::size_t items_max);
  // The number of pairs that follow; none: pairs follow until take_map_end().
  Result<std::optional<std::size_t>> enter_map(std::size_t pairs_max, IndefiniteMap indefinite);
  // True, and past the mark, if an indefinite map ends here.
  bool take_map_end();
  // True, and past it, if the next item is null.
  bool take_null();
  // True, and past it, if the next item has this tag.
  bool take_tag(std::uint8_t tag);
  Result<void> expect_end() const;

 private:
  struct Head {
    std::uint8_t major;
    std::uint64_t argument;
  };
  Result<Head> take_head();
  Result<std::uint64_t> take_head_of(std::uint8_t major, const char* wanted);
  Result<ByteView> take_string(std::uint8_t major, std::size_t bytes_max, const char* wanted);

  ByteView rest_;
};

}  // namespace mayfly::attest
