// One message in many pieces under one key: what was left out, moved, repeated or cut off is seen.
//
// Source    libsodium, crypto_secretstream_xchacha20poly1305.
// Shapes    A key of 32 bytes, which must be used for one stream only; a header of 24 bytes, then
//           pieces, each 17 bytes longer sealed than open. A piece is a part of something
//           (message), the end of it (push), or the end of everything (final), and that is sealed
//           with it.
// Errors    malformed: a key, a header or a piece of a size that cannot be.  rejected: not the next
//           piece of this stream.  unavailable: no lockable memory.
// Threads   One stream, one thread.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t secret_stream_header_bytes = 24;
inline constexpr std::size_t secret_stream_piece_overhead_bytes = 17;

using SecretStreamHeader = std::array<std::uint8_t, secret_stream_header_bytes>;
enum class StreamTag : std::uint8_t { message, push, final };

class SealingStream {
 public:
  static Result<SealingStream> begin(ByteView key);
  const SecretStreamHeader& header() const { return header_; }
  // Precondition: `out` has the piece's bytes and secret_stream_piece_overhead_bytes more, apart
  // from it.
  void seal(ByteView piece, StreamTag tag, std::span<std::uint8_t> out);

 private:
  explicit SealingStream(LockedSecret state) : state_(std::move(state)) {}
  LockedSecret state_;
  SecretStreamHeader header_{};
};

class OpeningStream {
 public:
  static Result<OpeningStream> begin(ByteView key, ByteView header);
  // Nothing is written to `out` before the piece is known to be whole and the next one.
  // Precondition: `out` has room for sealed.size() - secret_stream_piece_overhead_bytes.
  Result<StreamTag> open(ByteView sealed, std::span<std::uint8_t> out);

 private:
  explicit OpeningStream(LockedSecret state) : state_(std::move(state)) {}
  LockedSecret state_;
};

}  // namespace mayfly::crypto
