// A sealed upload in pieces, so that a test can leave one out, move it or change it.
#pragma once
#include <utility>
#include <vector>

#include "intake/sealed_envelope.hpp"

namespace mayfly::test {

using Clear = std::vector<std::pair<Bytes, crypto::StreamTag>>;

struct SealedPieces {
  Bytes header;
  std::vector<Bytes> pieces;  // each with its size before it

  Bytes all() const {
    Bytes out = header;
    for (const Bytes& piece : pieces) out.insert(out.end(), piece.begin(), piece.end());
    return out;
  }
};

inline SealedPieces seal_pieces(ByteView upload_key, const crypto::Sha256& session,
                                const Clear& clear) {
  const auto sender = intake::sender_keys(upload_key, session).value();
  auto stream = crypto::SealingStream::begin(sender.keys.request.view()).value();
  SealedPieces out{
      .header = intake::encode_envelope_header(
          {.session = session, .ephemeral = sender.ephemeral, .stream = stream.header()}),
      .pieces = {}};
  for (const auto& [bytes, tag] : clear) {
    intake::append_piece(stream, bytes, tag, out.pieces.emplace_back());
  }
  return out;
}

inline Bytes bytes_from(std::string_view text) {
  const ByteView view = bytes_of(text);
  return {view.begin(), view.end()};
}

}  // namespace mayfly::test
