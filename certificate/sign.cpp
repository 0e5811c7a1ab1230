#include "certificate/sign.hpp"

#include "certificate/dsse.hpp"

namespace mayfly::certificate {

Result<Signer> Signer::generate() {
  TRY(auto key, crypto::Ed25519PrivateKey::generate());
  return Signer(std::move(key));
}

Result<Signature> Signer::sign(ByteView statement_slice) const {
  TRY(const auto signature, key_.sign(dsse_pae(in_toto_payload_type, statement_slice)));
  return Signature{.algorithm = "ed25519",
                   .public_key = Bytes(public_key_.begin(), public_key_.end()),
                   .signature = Bytes(signature.begin(), signature.end())};
}

}  // namespace mayfly::certificate
