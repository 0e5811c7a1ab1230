// The layout of a sealed upload: a request and its dataset, encrypted to the key of one session of
// a service, so that whatever carries it sees ciphertext only.
//
// Source    docs/reference/sealed-upload.md. RFC 9180 for the keys, libsodium's secretstream for
//           the pieces.
// Shapes    A header of 96 bytes: magic, session, ephemeral key, header of the stream. Then pieces:
//           the number of sealed bytes that follow, 32 bits, least first. The request's JSON comes
//           first; its last piece is marked push if a dataset follows, which is marked final at its
//           end, else final itself.
// Errors    malformed: not of that form.  Those of crypto/x25519.hpp.
// Threads   Pure functions and plain values.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hpke.hpp"
#include "crypto/secret_stream.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::intake {

inline constexpr std::string_view envelope_magic = "MAYFLYE1";
inline constexpr std::size_t envelope_header_bytes = 96;
inline constexpr std::size_t piece_size_bytes = 4;
// In clear. Of the request: one locked page.
inline constexpr std::size_t request_piece_bytes_max = 4096;
inline constexpr std::size_t piece_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t piece_overhead_bytes =
    piece_size_bytes + crypto::secret_stream_piece_overhead_bytes;

// Why an envelope is refused; each is told apart by whoever sent it.
enum class SealFault : std::uint8_t {
  malformed,      // not an envelope, or pieces in an order that says nothing
  wrong_session,  // sealed to another session: the service was started again
  replayed,       // this envelope has been used
  used_up,        // the session remembers as many envelopes as it may
  broken,         // a piece is not the next one: changed, moved, repeated, of another envelope
  cut_off,        // it ends before its last piece
};

struct EnvelopeHeader {
  crypto::Sha256 session;  // SHA-256 of the session's manifest
  crypto::X25519PublicKey ephemeral{};
  crypto::SecretStreamHeader stream{};
};
Bytes encode_envelope_header(const EnvelopeHeader& header);
Result<EnvelopeHeader> parse_envelope_header(ByteView bytes);

// What both sides hold. The reply's seals what the service answers.
struct EnvelopeKeys {
  crypto::LockedSecret request;
  crypto::LockedSecret reply;
};
struct SenderKeys {
  crypto::X25519PublicKey ephemeral;
  EnvelopeKeys keys;
};
Result<SenderKeys> sender_keys(ByteView upload_key, const crypto::Sha256& session);
Result<EnvelopeKeys> receiver_keys(const crypto::X25519PrivateKey& upload_key,
                                   const EnvelopeHeader& header);

// Appends the next piece, its size before it.
void append_piece(crypto::SealingStream& stream, ByteView piece, crypto::StreamTag tag, Bytes& out);

}  // namespace mayfly::intake
