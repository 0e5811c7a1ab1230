#include "crypto/public_key.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "crypto/libcrypto.hpp"

namespace mayfly::crypto {
namespace {

struct FreeBuilder {
  void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
};
struct FreeParams {
  void operator()(OSSL_PARAM* params) const noexcept { OSSL_PARAM_free(params); }
};

const EVP_MD* method_of(HashAlgorithm hash) {
  switch (hash) {
    case HashAlgorithm::sha256: return EVP_sha256();
    case HashAlgorithm::sha384: return EVP_sha384();
    case HashAlgorithm::sha512: return EVP_sha512();
  }
  std::abort();
}

Result<void> prepare_rsa(EVP_PKEY_CTX* context, SignatureScheme scheme) {
  const bool is_pss = scheme.form != SignatureForm::rsa_pkcs1;
  const int padding = is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  bool prepared = EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
                  EVP_PKEY_CTX_set_signature_md(context, method_of(scheme.hash)) == 1;
  if (prepared && is_pss) {
    const int salt =
        scheme.form == SignatureForm::rsa_pss ? RSA_PSS_SALTLEN_DIGEST : RSA_PSS_SALTLEN_AUTO;
    prepared = EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1;
  }
  if (!prepared) {
    return openssl_failed("preparing an RSA verification");
  }
  return {};
}

}  // namespace

std::string_view to_string(HashAlgorithm hash) {
  constexpr std::array<std::string_view, 3> names{"SHA-256", "SHA-384", "SHA-512"};
  return names.at(static_cast<std::size_t>(hash));
}

std::size_t digest_bytes(HashAlgorithm hash) {
  constexpr std::array<std::size_t, 3> sizes{32, 48, 64};
  return sizes.at(static_cast<std::size_t>(hash));
}

Bytes digest_of(HashAlgorithm hash, ByteView message) {
  Bytes digest(digest_bytes(hash));
  unsigned int size = 0;
  if (EVP_Digest(message.data(), message.size(), digest.data(), &size, method_of(hash),
                 /*impl=*/nullptr) != 1) {
    std::abort();
  }
  return digest;
}

Result<PublicKey> PublicKey::from_ec(EcdsaCurve curve, ByteView x_y) {
  TRY(OwnedPkey key, ecdsa_key_from_raw(curve, x_y));
  return PublicKey(curve == EcdsaCurve::p256 ? Kind::p256 : Kind::p384, std::move(key));
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, std::uint32_t exponent) {
  if (modulus.size() < rsa_modulus_bytes_min || modulus.size() > rsa_modulus_bytes_max) {
    return fail(ErrorCode::rejected, "an RSA key here has 2048 to 4096 bits");
  }
  const std::unique_ptr<BIGNUM, FreeBignum> n(
      BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const std::unique_ptr<BIGNUM, FreeBignum> e(BN_new());
  const std::unique_ptr<OSSL_PARAM_BLD, FreeBuilder> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || BN_set_word(e.get(), exponent) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return openssl_failed("encoding an RSA key");
  }
  const std::unique_ptr<OSSL_PARAM, FreeParams> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(/*libctx=*/nullptr, "RSA", nullptr));
  EVP_PKEY* raw = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "the public key is not an RSA key");
  }
  return adopt(OwnedPkey(raw));
}

Result<PublicKey> PublicKey::adopt(OwnedPkey key) {
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
    BIGNUM* raw_exponent = nullptr;
    BIGNUM* raw_modulus = nullptr;
    const bool is_read =
        EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &raw_exponent) == 1 &&
        EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &raw_modulus) == 1;
    const std::unique_ptr<BIGNUM, FreeBignum> exponent(raw_exponent);
    const std::unique_ptr<BIGNUM, FreeBignum> modulus(raw_modulus);
    const int bits = is_read ? BN_num_bits(modulus.get()) : 0;
    constexpr int bits_min = static_cast<int>(rsa_modulus_bytes_min) * 8;
    constexpr int bits_max = static_cast<int>(rsa_modulus_bytes_max) * 8;
    if (bits < bits_min || bits > bits_max || BN_is_odd(modulus.get()) != 1) {
      return fail(ErrorCode::rejected, "an RSA key here has 2048 to 4096 bits and an odd modulus");
    }
    if (BN_is_word(exponent.get(), 65537) != 1) {
      return fail(ErrorCode::rejected, "an RSA key here has the public exponent 65537");
    }
    return PublicKey(Kind::rsa, std::move(key));
  }
  std::array<char, 32> group{};
  std::size_t size = 0;
  int is_explicit = 0;
  // A curve spelled out instead of named may have another generator.
  if (EVP_PKEY_is_a(key.get(), "EC") == 1 &&
      EVP_PKEY_get_int_param(key.get(), OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &is_explicit) == 1 &&
      is_explicit == 0 &&
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size) == 1) {
    const std::string_view name(group.data(), size);
    if (name == "prime256v1" || name == "P-256") return PublicKey(Kind::p256, std::move(key));
    if (name == "secp384r1" || name == "P-384") return PublicKey(Kind::p384, std::move(key));
  }
  ERR_clear_error();
  return fail(ErrorCode::rejected, "a key that is neither RSA nor on P-256 or P-384");
}

Result<void> PublicKey::verify(SignatureScheme scheme, ByteView message, ByteView signature) const {
  const bool is_ecdsa = scheme.form == SignatureForm::ecdsa;
  if (is_ecdsa == (kind_ == Kind::rsa)) {
    return fail(ErrorCode::rejected, "the signature's scheme does not fit the type of the key");
  }
  if (!is_ecdsa) {
    return verify_encoded(scheme, message, signature);
  }
  const EcdsaCurve curve = kind_ == Kind::p256 ? EcdsaCurve::p256 : EcdsaCurve::p384;
  CHECK_OK(check_ecdsa_signature_range(curve, signature));
  return verify_encoded(scheme, message, ecdsa_signature_to_der(signature));
}

Result<void> PublicKey::verify_encoded(SignatureScheme scheme, ByteView message,
                                       ByteView encoded) const {
  const PkeyContext context(EVP_PKEY_CTX_new(key_.get(), /*engine=*/nullptr));
  if (!context || EVP_PKEY_verify_init(context.get()) != 1) {
    return openssl_failed("preparing a verification");
  }
  if (scheme.form != SignatureForm::ecdsa) {
    CHECK_OK(prepare_rsa(context.get(), scheme));
  }
  const Bytes digest = digest_of(scheme.hash, message);
  if (EVP_PKEY_verify(context.get(), encoded.data(), encoded.size(), digest.data(),
                      digest.size()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected,
                "the signature does not match this key and message: one of the three is not the "
                "one that was signed");
  }
  return {};
}

Result<Bytes> PublicKey::encrypt_oaep(HashAlgorithm hash, ByteView label, ByteView message) const {
  if (kind_ != Kind::rsa) {
    return fail(ErrorCode::rejected, "only an RSA key encrypts");
  }
  const PkeyContext context(EVP_PKEY_CTX_new(key_.get(), /*engine=*/nullptr));
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), method_of(hash)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), method_of(hash)) != 1) {
    return openssl_failed("preparing an encryption");
  }
  auto* owned_label = static_cast<unsigned char*>(OPENSSL_memdup(label.data(), label.size()));
  if (owned_label == nullptr ||
      EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), owned_label,
                                       static_cast<int>(label.size())) != 1) {
    OPENSSL_free(owned_label);
    return openssl_failed("preparing an encryption");
  }
  Bytes out(rsa_modulus_bytes_max);
  std::size_t size = out.size();
  if (EVP_PKEY_encrypt(context.get(), out.data(), &size, message.data(), message.size()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "the message is too long for the RSA key");
  }
  out.resize(size);
  return out;
}

bool PublicKey::is_same_as(const PublicKey& other) const {
  return kind_ == other.kind_ && EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
}

}  // namespace mayfly::crypto
