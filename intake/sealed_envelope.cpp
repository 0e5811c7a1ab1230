#include "intake/sealed_envelope.hpp"

#include <algorithm>

namespace mayfly::intake {
namespace {

constexpr std::string_view envelope_label = "mayfly/sealed-upload/v1\n";

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// The session is part of the keys: an envelope to another one cannot be opened, whatever it says.
Bytes info_of(const crypto::Sha256& session) {
  Bytes info;
  append(info, bytes_of(envelope_label));
  append(info, session.view());
  return info;
}

Result<EnvelopeKeys> keys_from(const crypto::HpkeExporter& exporter) {
  TRY(crypto::LockedSecret request, exporter.export_secret(bytes_of("request")));
  TRY(crypto::LockedSecret reply, exporter.export_secret(bytes_of("reply")));
  return EnvelopeKeys{.request = std::move(request), .reply = std::move(reply)};
}

}  // namespace

Bytes encode_envelope_header(const EnvelopeHeader& header) {
  Bytes out;
  out.reserve(envelope_header_bytes);
  append(out, bytes_of(envelope_magic));
  append(out, header.session.view());
  append(out, header.ephemeral);
  append(out, header.stream);
  return out;
}

Result<EnvelopeHeader> parse_envelope_header(ByteView bytes) {
  if (bytes.size() != envelope_header_bytes ||
      text_of(bytes.first(envelope_magic.size())) != envelope_magic) {
    return fail(ErrorCode::malformed, "the body is no sealed upload: it does not begin like one");
  }
  EnvelopeHeader header;
  bytes = bytes.subspan(envelope_magic.size());
  const auto take = [&bytes](auto& out) {
    std::ranges::copy(bytes.first(out.size()), out.begin());
    bytes = bytes.subspan(out.size());
  };
  take(header.session.bytes);
  take(header.ephemeral);
  take(header.stream);
  return header;
}

Result<SenderKeys> sender_keys(ByteView upload_key, const crypto::Sha256& session) {
  TRY(const crypto::HpkeSender sender, crypto::hpke_send(upload_key, info_of(session)));
  TRY(EnvelopeKeys keys, keys_from(sender.exporter));
  return SenderKeys{.ephemeral = sender.enc, .keys = std::move(keys)};
}

Result<EnvelopeKeys> receiver_keys(const crypto::X25519PrivateKey& upload_key,
                                   const EnvelopeHeader& header) {
  TRY(const crypto::HpkeExporter exporter,
      crypto::hpke_receive(upload_key, header.ephemeral, info_of(header.session)));
  return keys_from(exporter);
}

void append_piece(crypto::SealingStream& stream, ByteView piece, crypto::StreamTag tag,
                  Bytes& out) {
  const std::size_t sealed_bytes = piece.size() + crypto::secret_stream_piece_overhead_bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(sealed_bytes >> shift));
  }
  out.resize(out.size() + sealed_bytes);
  stream.seal(piece, tag, std::span(out).last(sealed_bytes));
}

}  // namespace mayfly::intake
