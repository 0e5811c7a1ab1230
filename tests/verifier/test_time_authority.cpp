#include "tests/verifier/test_time_authority.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "crypto/pem.hpp"

namespace mayfly::test {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

// 2020-01-01T00:00:00Z and 2099-12-31T23:59:59Z.
constexpr std::int64_t root_begins_s = 1'577'836'800;
constexpr std::int64_t root_ends_s = 4'102'444'799;

void must(bool is_done, const char* what) {
  if (is_done) return;
  std::fprintf(stderr, "test_time_authority: %s\n", what);
  std::abort();
}

Key ed25519_key(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(seed);
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()),
          EVP_PKEY_free);
  must(key != nullptr, "the root's key");
  return key;
}

// RFC 5915 without the public key, which libcrypto computes.
Key p256_key(std::uint8_t seed) {
  Bytes der{0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
  der.insert(der.end(), 32, seed);
  constexpr std::array<std::uint8_t, 12> prime256v1{0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
  der.insert(der.end(), prime256v1.begin(), prime256v1.end());
  const unsigned char* next = der.data();
  Key key(d2i_AutoPrivateKey(nullptr, &next, static_cast<long>(der.size())), EVP_PKEY_free);
  must(key != nullptr, "the authority's key");
  return key;
}

void set_name(X509_NAME* name, const std::string& text) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  must(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes,
                                  static_cast<int>(text.size()), -1, 0) == 1,
       "a name");
}

void extend(X509* certificate, int nid, const char* value) {
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value), X509_EXTENSION_free);
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

Certificate unsigned_certificate(const std::string& name, long serial, EVP_PKEY* key,
                                 std::int64_t ends_s) {
  Certificate out(X509_new(), X509_free);
  must(out && X509_set_version(out.get(), X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(out.get()), root_begins_s) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(out.get()), ends_s) != nullptr &&
           X509_set_pubkey(out.get(), key) == 1,
       "a certificate");
  set_name(X509_get_subject_name(out.get()), name);
  return out;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           X509_sign(certificate, key, nullptr) > 0,
       "a certificate's signature");
}

Bytes der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  must(size > 0, "a certificate's DER");
  Bytes out(bytes, bytes + size);
  OPENSSL_free(bytes);
  return out;
}

int tell_time(TS_resp_ctx* /*context*/, void* at, long* seconds, long* microseconds) {
  *seconds = static_cast<const UnixMillis*>(at)->value / 1000;
  *microseconds = 0;
  return 1;
}

ASN1_INTEGER* tell_serial(TS_resp_ctx* /*context*/, void* /*data*/) {
  ASN1_INTEGER* const serial = ASN1_INTEGER_new();
  must(serial != nullptr && ASN1_INTEGER_set(serial, 1) == 1, "a serial number");
  return serial;
}

}  // namespace

TestTimeAuthority::TestTimeAuthority(const std::string& name, std::uint8_t seed, UnixMillis expires)
    : key_(p256_key(seed)) {
  const Key root_key = ed25519_key(seed);
  root_ = unsigned_certificate(name + " root", 1, root_key.get(), root_ends_s);
  extend(root_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(root_.get(), NID_key_usage, "critical,keyCertSign");
  sign(root_.get(), root_.get(), root_key.get());
  certificate_ = unsigned_certificate(name, 2, key_.get(), expires.value / 1000);
  extend(certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate_.get(), NID_key_usage, "critical,digitalSignature");
  extend(certificate_.get(), NID_ext_key_usage, "critical,timeStamping");
  sign(certificate_.get(), root_.get(), root_key.get());
}

Bytes TestTimeAuthority::token(ByteView stamped, UnixMillis at) const {
  const std::unique_ptr<TS_RESP_CTX, decltype(&TS_RESP_CTX_free)> context(TS_RESP_CTX_new(),
                                                                          TS_RESP_CTX_free);
  const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> policy(
      OBJ_txt2obj("1.2.3.4.1", 1), ASN1_OBJECT_free);
  must(context && policy && TS_RESP_CTX_set_signer_cert(context.get(), certificate_.get()) == 1 &&
           TS_RESP_CTX_set_signer_key(context.get(), key_.get()) == 1 &&
           TS_RESP_CTX_set_signer_digest(context.get(), EVP_sha256()) == 1 &&
           TS_RESP_CTX_set_ess_cert_id_digest(context.get(), EVP_sha256()) == 1 &&
           TS_RESP_CTX_set_def_policy(context.get(), policy.get()) == 1 &&
           TS_RESP_CTX_add_md(context.get(), EVP_sha256()) == 1 &&
           TS_RESP_CTX_set_accuracy(context.get(), 1, 0, 0) == 1,
       "an authority's settings");
  UnixMillis told = at;
  TS_RESP_CTX_set_time_cb(context.get(), tell_time, &told);
  TS_RESP_CTX_set_serial_cb(context.get(), tell_serial, nullptr);
  const Bytes request = crypto::timestamp_request(stamped);
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(request.data(), static_cast<int>(request.size())), BIO_free);
  const std::unique_ptr<TS_RESP, decltype(&TS_RESP_free)> response(
      TS_RESP_create_response(context.get(), in.get()), TS_RESP_free);
  PKCS7* const token = response ? TS_RESP_get_token(response.get()) : nullptr;
  unsigned char* bytes = nullptr;
  const int size = token != nullptr ? i2d_PKCS7(token, &bytes) : 0;
  must(size > 0, "a token");
  Bytes out(bytes, bytes + size);
  OPENSSL_free(bytes);
  return out;
}

std::string TestTimeAuthority::root_pem() const {
  return crypto::pem_certificate(der_of(root_.get()));
}

crypto::TimestampRoots TestTimeAuthority::roots() const {
  auto roots = crypto::TimestampRoots::from_pem(bytes_of(root_pem()));
  must(roots.has_value(), "its roots");
  return *std::move(roots);
}

}  // namespace mayfly::test
