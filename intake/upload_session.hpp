// Who may open sealed uploads: an X25519 key made for one session of a service, and the memory of
// which envelopes it has opened. Gone with the process; nothing of it is ever written down.
//
// Shapes    An envelope is known by its ephemeral key: any other byte of it that is changed breaks
//           its seal. envelopes_max are remembered, in about 64 bytes each; after that, no more are
//           opened. A new session, with a new key, begins with none.
// Errors    Those of crypto/x25519.hpp.
// Threads   Safe from any thread.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <set>

#include "base/result.hpp"
#include "crypto/x25519.hpp"
#include "intake/sealed_envelope.hpp"

namespace mayfly::intake {

inline constexpr std::size_t envelopes_max = std::size_t{1} << 20;

class UploadSession {
 public:
  // `id`: SHA-256 of the manifest that names the key's public half.
  UploadSession(crypto::X25519PrivateKey key, const crypto::Sha256& id,
                std::size_t remembered_max = envelopes_max)
      : key_(std::move(key)), id_(id), remembered_max_(remembered_max) {}
  UploadSession(const UploadSession&) = delete;
  UploadSession& operator=(const UploadSession&) = delete;

  const crypto::X25519PublicKey& public_key() const { return key_.public_key(); }
  const crypto::Sha256& id() const { return id_; }

  Result<EnvelopeKeys> keys_for(const EnvelopeHeader& header) const {
    return receiver_keys(key_, header);
  }

  // Call once the first piece has shown that the envelope is genuine: before, anyone could fill the
  // memory with keys that nobody has.
  enum class Use : std::uint8_t { first, again, no_room };
  Use use(const EnvelopeHeader& header);

 private:
  const crypto::X25519PrivateKey key_;
  const crypto::Sha256 id_;
  const std::size_t remembered_max_;
  std::mutex mutex_;
  // Ordered, so that nobody can choose keys that collide.
  std::set<crypto::X25519PublicKey> used_;
};

}  // namespace mayfly::intake
