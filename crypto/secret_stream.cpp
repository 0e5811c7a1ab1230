#include "crypto/secret_stream.hpp"

#include <sodium.h>

#include <cstdlib>

#include "crypto/sodium_ready.hpp"

namespace mayfly::crypto {
namespace {

using State = crypto_secretstream_xchacha20poly1305_state;

static_assert(secret_stream_header_bytes == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(secret_stream_piece_overhead_bytes == crypto_secretstream_xchacha20poly1305_ABYTES);

// Plain bytes on a page of its own, so it is aligned for this.
State* state_in(LockedSecret& memory) {
  return reinterpret_cast<State*>(memory.bytes().data());
}

std::uint8_t number_of(StreamTag tag) {
  switch (tag) {
    case StreamTag::message: return crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    case StreamTag::push: return crypto_secretstream_xchacha20poly1305_TAG_PUSH;
    case StreamTag::final: return crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  }
  return crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
}

Result<void> check_key(ByteView key) {
  require_sodium();
  if (key.size() == crypto_secretstream_xchacha20poly1305_KEYBYTES) return {};
  return fail(ErrorCode::malformed, "the key of a sealed stream has 32 bytes");
}

}  // namespace

Result<SealingStream> SealingStream::begin(ByteView key) {
  CHECK_OK(check_key(key));
  TRY(LockedSecret state, LockedSecret::allocate(sizeof(State)));
  SealingStream stream(std::move(state));
  if (crypto_secretstream_xchacha20poly1305_init_push(state_in(stream.state_),
                                                      stream.header_.data(), key.data()) != 0) {
    return fail(ErrorCode::internal, "libsodium could not begin a sealed stream");
  }
  return stream;
}

void SealingStream::seal(ByteView piece, StreamTag tag, std::span<std::uint8_t> out) {
  // Fails for pieces over 256 GiB only.
  if (out.size() < piece.size() + secret_stream_piece_overhead_bytes ||
      crypto_secretstream_xchacha20poly1305_push(state_in(state_), out.data(), /*clen_p=*/nullptr,
                                                 piece.data(), piece.size(), /*ad=*/nullptr, 0,
                                                 number_of(tag)) != 0) {
    std::abort();
  }
}

Result<OpeningStream> OpeningStream::begin(ByteView key, ByteView header) {
  CHECK_OK(check_key(key));
  if (header.size() != secret_stream_header_bytes) {
    return fail(ErrorCode::malformed, "the header of a sealed stream has 24 bytes");
  }
  TRY(LockedSecret state, LockedSecret::allocate(sizeof(State)));
  OpeningStream stream(std::move(state));
  if (crypto_secretstream_xchacha20poly1305_init_pull(state_in(stream.state_), header.data(),
                                                      key.data()) != 0) {
    return fail(ErrorCode::malformed, "libsodium refuses the header of a sealed stream");
  }
  return stream;
}

Result<StreamTag> OpeningStream::open(ByteView sealed, std::span<std::uint8_t> out) {
  if (sealed.size() < secret_stream_piece_overhead_bytes ||
      out.size() < sealed.size() - secret_stream_piece_overhead_bytes) {
    return fail(ErrorCode::malformed, "a piece of a sealed stream is shorter than its seal");
  }
  std::uint8_t number = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(state_in(state_), out.data(), /*mlen_p=*/nullptr,
                                                 &number, sealed.data(), sealed.size(),
                                                 /*ad=*/nullptr, 0) != 0) {
    return fail(
        ErrorCode::rejected,
        "a piece is not the next one of this sealed stream: it was changed, moved, repeated "
        "or sealed with another key");
  }
  for (const StreamTag tag : {StreamTag::message, StreamTag::push, StreamTag::final}) {
    if (number == number_of(tag)) return tag;
  }
  return fail(ErrorCode::malformed, "a piece of a sealed stream has a tag that is not used here");
}

}  // namespace mayfly::crypto
