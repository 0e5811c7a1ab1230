#include "crypto/aes_cfb.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace mayfly::crypto {

Result<Bytes> aes128_cfb_encrypt(ByteView key, ByteView message) {
  constexpr std::array<std::uint8_t, 16> zero_vector{};
  if (key.size() != 16) {
    return fail(ErrorCode::malformed, "an AES-128 key has 16 bytes");
  }
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  Bytes out(message.size());
  int size = 0;
  if (!context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_128_cfb128(), /*engine=*/nullptr, key.data(),
                         zero_vector.data()) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, message.data(),
                        static_cast<int>(message.size())) != 1 ||
      static_cast<std::size_t>(size) != out.size()) {
    return fail(ErrorCode::internal, "libcrypto failed while encrypting");
  }
  return out;
}

}  // namespace mayfly::crypto
