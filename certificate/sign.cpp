#include "certificate/sign.hpp"

#include "certificate/dsse.hpp"

namespace mayfly::certificate {

Result<Signer> Signer::generate() {
  TRY(auto key, crypto::Ed25519PrivateKey::generate());
  TRY(auto p256_key, crypto::LockedP256Key::generate());
  return Signer(std::move(key), std::move(p256_key));
}

Result<std::vector<Signature>> Signer::sign(ByteView statement_slice) const {
  const Bytes message = dsse_pae(in_toto_payload_type, statement_slice);
  TRY(const auto signature, key_.sign(message));
  TRY(Bytes p256_signature, p256_key_.sign(message));
  const ByteView p256_public = p256_public_key();
  return std::vector<Signature>{{.algorithm = std::string(ed25519_algorithm),
                                 .public_key = Bytes(public_key_.begin(), public_key_.end()),
                                 .signature = Bytes(signature.begin(), signature.end())},
                                {.algorithm = std::string(p256_algorithm),
                                 .public_key = Bytes(p256_public.begin(), p256_public.end()),
                                 .signature = std::move(p256_signature)}};
}

}  // namespace mayfly::certificate
