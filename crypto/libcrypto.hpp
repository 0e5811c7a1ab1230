// What libcrypto makes and wants freed again, and how its failures are told.
//
// Threads   Plain owners.
#pragma once
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <expected>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace mayfly::crypto {

struct FreePkeyContext {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreePkeyContext>;

// Overwritten first: it may be a secret.
struct FreeBignum {
  void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
};
using Bignum = std::unique_ptr<BIGNUM, FreeBignum>;

inline std::unexpected<Error> openssl_failed(const char* doing) {
  ERR_clear_error();
  return fail(ErrorCode::internal, std::string("libcrypto failed while ") + doing);
}

}  // namespace mayfly::crypto
