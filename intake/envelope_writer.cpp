#include "intake/envelope_writer.hpp"

#include <algorithm>

namespace mayfly::intake {

using crypto::StreamTag;

Result<EnvelopeWriter> EnvelopeWriter::begin(ByteView upload_key, const crypto::Sha256& session) {
  TRY(SenderKeys sender, sender_keys(upload_key, session));
  TRY(crypto::SealingStream stream, crypto::SealingStream::begin(sender.keys.request.view()));
  Bytes header = encode_envelope_header(
      {.session = session, .ephemeral = sender.ephemeral, .stream = stream.header()});
  return EnvelopeWriter(std::move(header), std::move(stream), std::move(sender.keys.reply));
}

Bytes EnvelopeWriter::request(ByteView json, Next next) {
  Bytes out;
  out.reserve(json.size() + (json.size() / request_piece_bytes_max + 1) * piece_overhead_bytes);
  for (bool last = false; !last;) {
    const ByteView piece = json.first(std::min(json.size(), request_piece_bytes_max));
    json = json.subspan(piece.size());
    last = json.empty();
    StreamTag tag = StreamTag::message;
    if (last) tag = next == Next::dataset ? StreamTag::push : StreamTag::final;
    append_piece(stream_, piece, tag, out);
  }
  return out;
}

ByteView EnvelopeWriter::dataset(ByteView bytes) {
  sealed_.clear();
  append_piece(stream_, bytes, StreamTag::message, sealed_);
  return sealed_;
}

ByteView EnvelopeWriter::end() {
  sealed_.clear();
  append_piece(stream_, {}, StreamTag::final, sealed_);
  return sealed_;
}

}  // namespace mayfly::intake
