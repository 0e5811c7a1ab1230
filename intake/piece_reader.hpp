// Cuts the bytes of a sealed upload or a sealed reply into its header and its pieces, still sealed.
//
// Shapes    As intake/sealed_envelope.hpp. One piece is kept at a time; it is ciphertext.
// Errors    malformed: a piece too short to be sealed.  limit: one over piece_bytes_max. Both come
//           before any of its bytes are taken.
// Threads   One reader, one thread.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "intake/sealed_envelope.hpp"

namespace mayfly::intake {

class PieceReader {
 public:
  enum class Whole : std::uint8_t { nothing, header, piece };

  explicit PieceReader(std::size_t header_bytes);

  // Takes bytes until something is whole, and says how many.
  Result<std::size_t> take(ByteView bytes);
  // What take() completed, and its bytes, until the next one.
  Whole whole() const { return whole_; }
  ByteView bytes() const { return ByteView(buffer_).first(filled_); }

 private:
  enum class Part : std::uint8_t { header, size, piece };
  Result<std::size_t> take_size(ByteView bytes);

  Bytes buffer_;  // of one size from the start: it never moves
  std::size_t wanted_;
  std::size_t filled_ = 0;
  std::array<std::uint8_t, piece_size_bytes> size_{};
  std::size_t size_filled_ = 0;
  Part part_ = Part::header;
  Whole whole_ = Whole::nothing;
};

}  // namespace mayfly::intake
