// Reads fixed-size fields from untrusted bytes; every read is bounds-checked.
//
// Errors    malformed, naming the offset and what was wanted.
// Threads   One reader, one thread. Does not own the bytes.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

  Result<ByteView> take(std::size_t count);
  Result<std::uint8_t> take_u8();
  Result<std::uint16_t> take_u16_le();
  Result<std::uint32_t> take_u32_le();
  Result<std::uint64_t> take_u64_le();
  Result<std::uint16_t> take_u16_be();
  Result<std::uint32_t> take_u32_be();
  Result<std::uint64_t> take_u64_be();

  template <std::size_t N>
  Result<std::array<std::uint8_t, N>> take_array() {
    TRY(const ByteView view, take(N));
    std::array<std::uint8_t, N> out;
    std::memcpy(out.data(), view.data(), N);
    return out;
  }

 private:
  ByteView bytes_;
  std::size_t offset_ = 0;
};

}  // namespace mayfly
