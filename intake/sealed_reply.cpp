#include "intake/sealed_reply.hpp"

#include <algorithm>
#include <optional>

#include "intake/piece_reader.hpp"
#include "intake/sealed_envelope.hpp"

namespace mayfly::intake {

using crypto::StreamTag;

Result<Bytes> seal_reply(const crypto::LockedSecret& key, ByteView reply) {
  TRY(crypto::SealingStream stream, crypto::SealingStream::begin(key.view()));
  Bytes out(stream.header().begin(), stream.header().end());
  out.reserve(out.size() + reply.size() +
              (reply.size() / piece_bytes_max + 1) * piece_overhead_bytes);
  for (bool last = false; !last;) {
    const ByteView piece = reply.first(std::min(reply.size(), piece_bytes_max));
    reply = reply.subspan(piece.size());
    last = reply.empty();
    append_piece(stream, piece, last ? StreamTag::final : StreamTag::message, out);
  }
  return out;
}

Result<Bytes> open_reply(const crypto::LockedSecret& key, ByteView sealed) {
  PieceReader reader(crypto::secret_stream_header_bytes);
  std::optional<crypto::OpeningStream> stream;
  Bytes out;
  std::optional<StreamTag> tag;
  while (!sealed.empty()) {
    if (tag == StreamTag::final) {
      return fail(ErrorCode::malformed, "the sealed reply goes on after its last piece");
    }
    TRY(const std::size_t taken, reader.take(sealed));
    sealed = sealed.subspan(taken);
    if (reader.whole() == PieceReader::Whole::header) {
      TRY(crypto::OpeningStream begun, crypto::OpeningStream::begin(key.view(), reader.bytes()));
      stream.emplace(std::move(begun));
    } else if (reader.whole() == PieceReader::Whole::piece) {
      const std::size_t size = reader.bytes().size() - crypto::secret_stream_piece_overhead_bytes;
      out.resize(out.size() + size);
      TRY(tag, stream->open(reader.bytes(), std::span(out).last(size)));
    }
  }
  if (tag == StreamTag::final) return out;
  return fail(ErrorCode::malformed, "the sealed reply ends before its last piece");
}

}  // namespace mayfly::intake
