// The sender's side of a sealed upload: bytes in clear in, bytes to send out, piece by piece.
//
// Use       header(), request(), then dataset() for each part of it and end(), unless request()
//           was told that nothing follows. One envelope for one request: never the same twice.
// Errors    rejected: the upload key is none.  unavailable: no lockable memory.
// Threads   One writer, one thread.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "intake/sealed_envelope.hpp"

namespace mayfly::intake {

class EnvelopeWriter {
 public:
  // `session`: SHA-256 of the manifest that was attested, `upload_key` the one in it.
  static Result<EnvelopeWriter> begin(ByteView upload_key, const crypto::Sha256& session);

  const Bytes& header() const { return header_; }

  enum class Next : std::uint8_t { dataset, nothing };
  Bytes request(ByteView json, Next next);
  // Precondition: 1 to piece_bytes_max bytes. The result is valid until the next call.
  ByteView dataset(ByteView bytes);
  ByteView end();

  // Opens what the service answers.
  const crypto::LockedSecret& reply_key() const { return reply_key_; }

 private:
  EnvelopeWriter(Bytes header, crypto::SealingStream stream, crypto::LockedSecret reply_key)
      : header_(std::move(header)), stream_(std::move(stream)), reply_key_(std::move(reply_key)) {}
  Bytes header_;
  crypto::SealingStream stream_;
  crypto::LockedSecret reply_key_;
  Bytes sealed_;
};

}  // namespace mayfly::intake
