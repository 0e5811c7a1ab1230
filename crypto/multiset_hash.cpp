#include "crypto/multiset_hash.hpp"

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>

namespace mayfly::crypto {
namespace {

constexpr std::size_t number_bytes = 384;
constexpr BN_ULONG below_power_of_two = 1103717;

void must_hold(bool holds) {
  if (!holds) std::abort();
}

// The modulus, and room to compute in: of each thread, since libcrypto's are not shared.
struct Arithmetic {
  Arithmetic() : modulus(BN_new()), context(BN_CTX_new()) {
    must_hold(modulus != nullptr && context != nullptr && BN_one(modulus) == 1 &&
              BN_lshift(modulus, modulus, 8 * number_bytes) == 1 &&
              BN_sub_word(modulus, below_power_of_two) == 1);
  }
  Arithmetic(const Arithmetic&) = delete;
  Arithmetic& operator=(const Arithmetic&) = delete;
  ~Arithmetic() {
    BN_free(modulus);
    BN_CTX_free(context);
  }
  BIGNUM* modulus;
  BN_CTX* context;
};

Arithmetic& arithmetic() {
  thread_local Arithmetic of_this_thread;
  return of_this_thread;
}

void field_element_of(ByteView element, BIGNUM* number) {
  const Sha256 key = sha256(element);
  constexpr std::array<std::uint8_t, 16> counter_and_nonce{};
  std::array<std::uint8_t, number_bytes> bytes{};
  EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
  int size = 0;
  must_hold(cipher != nullptr &&
            EVP_EncryptInit_ex(cipher, EVP_chacha20(), nullptr, key.bytes.data(),
                               counter_and_nonce.data()) == 1 &&
            EVP_EncryptUpdate(cipher, bytes.data(), &size, bytes.data(), number_bytes) == 1);
  EVP_CIPHER_CTX_free(cipher);
  must_hold(BN_lebin2bn(bytes.data(), number_bytes, number) != nullptr);
}

}  // namespace

void MultisetHash::Free::operator()(bignum_st* number) const noexcept {
  BN_free(number);
}

MultisetHash::MultisetHash() : product_(BN_new()) {
  must_hold(product_ != nullptr && BN_one(product_.get()) == 1);
}

void MultisetHash::add(ByteView element, std::uint64_t times) {
  Arithmetic& with = arithmetic();
  BN_CTX_start(with.context);
  BIGNUM* const number = BN_CTX_get(with.context);
  BIGNUM* const power = BN_CTX_get(with.context);
  must_hold(power != nullptr);
  field_element_of(element, number);
  if (times > 1) {
    must_hold(BN_set_word(power, times) == 1 &&
              BN_mod_exp(number, number, power, with.modulus, with.context) == 1);
  }
  must_hold(BN_mod_mul(product_.get(), product_.get(), number, with.modulus, with.context) == 1);
  BN_CTX_end(with.context);
}

Sha256 MultisetHash::digest() const {
  std::array<std::uint8_t, number_bytes> bytes{};
  must_hold(BN_bn2lebinpad(product_.get(), bytes.data(), number_bytes) == number_bytes);
  return sha256(bytes);
}

}  // namespace mayfly::crypto
