#include "crypto/ecdsa.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/libcrypto.hpp"
#include "crypto/random.hpp"
#include "crypto/sha2.hpp"
#include "crypto/wipe.hpp"

namespace mayfly::crypto {
namespace {

struct FreePoint {
  void operator()(EC_POINT* point) const noexcept { EC_POINT_free(point); }
};

// SEC 2, 2.5.1: the order n.
constexpr std::array<std::uint8_t, 48> p384_order{
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

ByteView order_of(EcdsaCurve curve) {
  return curve == EcdsaCurve::p256 ? ByteView(p256_order) : ByteView(p384_order);
}

const char* group_name(EcdsaCurve curve) {
  return curve == EcdsaCurve::p256 ? "P-256" : "P-384";
}

// In [1, n-1], as big-endian strings of the order's width.
bool is_scalar(ByteView number, ByteView order) {
  return !are_zero(number) && std::ranges::lexicographical_compare(number, order);
}

// The group object that libcrypto precomputes for its fast P-256 multiplication.
const EC_GROUP* p256_group() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  if (group == nullptr) std::abort();
  return group;
}

Result<OwnedPkey> pkey_from_params(OSSL_PARAM* params, int selection) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(/*libctx=*/nullptr, "EC", nullptr));
  EVP_PKEY* raw = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, selection, params) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "the public key is not a point on its curve");
  }
  return OwnedPkey(raw);
}

OSSL_PARAM group_param(EcdsaCurve curve) {
  return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                          const_cast<char*>(group_name(curve)), 0);
}

// The curve by itself. Made once: building it from its name takes half as long as a verification.
const EVP_PKEY* curve_parameters(EcdsaCurve curve) {
  const auto make = [](EcdsaCurve which) {
    std::array<OSSL_PARAM, 2> params{group_param(which), OSSL_PARAM_construct_end()};
    auto key = pkey_from_params(params.data(), EVP_PKEY_KEY_PARAMETERS);
    if (!key) std::abort();
    return std::move(*key).release();
  };
  static const EVP_PKEY* const p256 = make(EcdsaCurve::p256);
  static const EVP_PKEY* const p384 = make(EcdsaCurve::p384);
  return curve == EcdsaCurve::p256 ? p256 : p384;
}

// SEC 1, 2.3.3: 04 || x || y.
Bytes uncompressed_point(ByteView x_y) {
  Bytes point{0x04};
  point.insert(point.end(), x_y.begin(), x_y.end());
  return point;
}

Bytes digest_for(EcdsaCurve curve, ByteView message) {
  if (curve == EcdsaCurve::p256) {
    const Sha256 digest = sha256(message);
    return {digest.bytes.begin(), digest.bytes.end()};
  }
  const Sha384 digest = sha384(message);
  return {digest.bytes.begin(), digest.bytes.end()};
}

}  // namespace

void FreePkey::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

Result<OwnedPkey> ecdsa_key_from_raw(EcdsaCurve curve, ByteView x_y) {
  if (x_y.size() != 2 * order_of(curve).size()) {
    return fail(ErrorCode::malformed, std::string("a ") + group_name(curve) + " public key has " +
                                          std::to_string(2 * order_of(curve).size()) +
                                          " bytes, this one has " + std::to_string(x_y.size()));
  }
  const Bytes point = uncompressed_point(x_y);
  // The cast is OpenSSL's: duplicating reads its argument.
  OwnedPkey key(EVP_PKEY_dup(const_cast<EVP_PKEY*>(curve_parameters(curve))));
  if (!key) {
    return openssl_failed("copying a curve");
  }
  if (EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "the public key is not a point on its curve");
  }
  return key;
}

Result<EcdsaPublicKey> EcdsaPublicKey::from_raw(EcdsaCurve curve, ByteView x_y) {
  TRY(OwnedPkey key, ecdsa_key_from_raw(curve, x_y));
  return EcdsaPublicKey(curve, std::move(key));
}

Result<void> check_ecdsa_signature_range(EcdsaCurve curve, ByteView r_s) {
  const ByteView order = order_of(curve);
  if (r_s.size() != 2 * order.size()) {
    return fail(ErrorCode::malformed, std::string("a ") + group_name(curve) + " signature has " +
                                          std::to_string(2 * order.size()) +
                                          " bytes, this one has " + std::to_string(r_s.size()));
  }
  if (!is_scalar(r_s.first(order.size()), order) || !is_scalar(r_s.subspan(order.size()), order)) {
    return fail(ErrorCode::rejected, "an ECDSA signature with r or s outside [1, n-1]");
  }
  return {};
}

Result<void> EcdsaPublicKey::verify(ByteView message, ByteView r_s) const {
  CHECK_OK(check_ecdsa_signature_range(curve_, r_s));
  const Bytes der = ecdsa_signature_to_der(r_s);
  const Bytes digest = digest_for(curve_, message);
  const PkeyContext context(EVP_PKEY_CTX_new(key_.get(), /*engine=*/nullptr));
  if (!context || EVP_PKEY_verify_init(context.get()) != 1) {
    return openssl_failed("preparing an ECDSA verification");
  }
  if (EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.data(), digest.size()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected,
                "the ECDSA signature does not match this key and message: one of the three is not "
                "the one that was signed");
  }
  return {};
}

Result<Bytes> ecdsa_signature_from_der(EcdsaCurve curve, ByteView der) {
  const std::size_t width = order_of(curve).size();
  DerReader outer(der);
  TRY(DerReader numbers, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  TRY(const ByteView r, numbers.take_unsigned_integer());
  TRY(const ByteView s, numbers.take_unsigned_integer());
  CHECK_OK(numbers.expect_end());
  if (r.size() > width || s.size() > width) {
    return fail(ErrorCode::rejected, "an ECDSA signature with r or s outside [1, n-1]");
  }
  Bytes r_s(2 * width, 0);
  std::ranges::copy_backward(r, r_s.begin() + static_cast<std::ptrdiff_t>(width));
  std::ranges::copy_backward(s, r_s.end());
  return r_s;
}

Bytes ecdsa_signature_to_der(ByteView r_s) {
  const std::size_t width = r_s.size() / 2;
  return der_sequence(
      {der_unsigned_integer(r_s.first(width)), der_unsigned_integer(r_s.subspan(width))});
}

Result<P256PrivateKey> P256PrivateKey::generate() {
  std::array<std::uint8_t, 32> scalar;
  do {
    fill_random(scalar);
  } while (!is_scalar(scalar, p256_order));  // Retried about once in 2^32 draws.
  auto key = from_scalar(scalar);
  wipe(scalar);
  return key;
}

Result<P256PrivateKey> P256PrivateKey::from_scalar(ByteView scalar) {
  if (scalar.size() != p256_order.size() || !is_scalar(scalar, p256_order)) {
    return fail(ErrorCode::malformed, "a P-256 private key is 32 bytes with a value in [1, n-1]");
  }
  const Bignum number(BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), nullptr));
  const std::unique_ptr<EC_POINT, FreePoint> point(EC_POINT_new(p256_group()));
  Bytes encoded(1 + p256_key_bytes);
  if (!number || !point ||
      EC_POINT_mul(p256_group(), point.get(), number.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(p256_group(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                         encoded.size(), nullptr) != encoded.size()) {
    return openssl_failed("computing a P-256 public key");
  }
  std::array<std::uint8_t, 32> native;  // OSSL_PARAM integers are in the machine's byte order.
  if (BN_bn2nativepad(number.get(), native.data(), static_cast<int>(native.size())) !=
      static_cast<int>(native.size())) {
    return openssl_failed("encoding a P-256 private key");
  }
  std::array<OSSL_PARAM, 4> params{
      group_param(EcdsaCurve::p256),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.data(), native.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
      OSSL_PARAM_construct_end()};
  auto key = pkey_from_params(params.data(), EVP_PKEY_KEYPAIR);
  wipe(native);
  if (!key) {
    return std::unexpected(std::move(key).error());
  }
  std::array<std::uint8_t, p256_key_bytes> public_key;
  std::copy(encoded.begin() + 1, encoded.end(), public_key.begin());
  return P256PrivateKey(std::move(*key), public_key);
}

Result<std::array<std::uint8_t, p256_signature_bytes>> P256PrivateKey::sign(
    ByteView message) const {
  const Sha256 digest = sha256(message);
  const PkeyContext context(EVP_PKEY_CTX_new(key_.get(), /*engine=*/nullptr));
  std::array<std::uint8_t, 80> der;  // Two 33-byte integers with headers are at most 72 bytes.
  std::size_t der_size = der.size();
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), der.data(), &der_size, digest.bytes.data(),
                    digest.bytes.size()) != 1) {
    return openssl_failed("signing with ECDSA");
  }
  TRY(const Bytes r_s, ecdsa_signature_from_der(EcdsaCurve::p256, ByteView(der).first(der_size)));
  std::array<std::uint8_t, p256_signature_bytes> out;
  std::ranges::copy(r_s, out.begin());
  return out;
}

}  // namespace mayfly::crypto
