#include "crypto/timestamp_token.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "crypto/asn1_time.hpp"
#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/pem.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::crypto {
namespace {

struct FreeInfo {
  void operator()(TS_TST_INFO* info) const noexcept { TS_TST_INFO_free(info); }
};
struct FreeContext {
  void operator()(TS_VERIFY_CTX* context) const noexcept { TS_VERIFY_CTX_free(context); }
};
struct FreeStore {
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};
using Store = std::unique_ptr<X509_STORE, FreeStore>;
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

// RFC 8017, 2.16.840.1.101.3.4.2.1; RFC 5652, 1.2.840.113549.1.7.2.
constexpr std::array<std::uint8_t, 9> id_sha256{0x60, 0x86, 0x48, 0x01, 0x65,
                                                0x03, 0x04, 0x02, 0x01};
constexpr std::array<std::uint8_t, 9> id_signed_data{0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                     0x0d, 0x01, 0x07, 0x02};

std::unexpected<Error> malformed(const char* what) {
  ERR_clear_error();
  return fail(ErrorCode::malformed, std::string("not a time stamp token of RFC 3161: ") + what);
}

std::optional<HashAlgorithm> hash_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* identifier = nullptr;
  X509_ALGOR_get0(&identifier, nullptr, nullptr, algorithm);
  switch (OBJ_obj2nid(identifier)) {
    case NID_sha256: return HashAlgorithm::sha256;
    case NID_sha384: return HashAlgorithm::sha384;
    case NID_sha512: return HashAlgorithm::sha512;
    default: return std::nullopt;
  }
}

// A negative, absent or absurd number of a token's accuracy is none.
std::int64_t small_number_of(const ASN1_INTEGER* number, std::int64_t max) {
  const std::int64_t value = number == nullptr ? 0 : ASN1_INTEGER_get(number);
  return value < 0 || value > max ? 0 : value;
}

// How far the authority says that it may be off, rounded up.
std::int64_t stated_doubt_ms(TS_TST_INFO* info) {
  constexpr std::int64_t seconds_max = 86'400;
  TS_ACCURACY* const accuracy = TS_TST_INFO_get_accuracy(info);
  if (accuracy == nullptr) return 0;
  return small_number_of(TS_ACCURACY_get_seconds(accuracy), seconds_max) * 1000 +
         small_number_of(TS_ACCURACY_get_millis(accuracy), 999) + 1;
}

// A token need not carry its authority's certificate: whoever trusts it may have it.
struct FreeCertificates {
  void operator()(STACK_OF(X509) * certificates) const noexcept {
    sk_X509_pop_free(certificates, X509_free);
  }
};
using Certificates = std::unique_ptr<STACK_OF(X509), FreeCertificates>;

Result<Certificates> read_certificates(const std::vector<Bytes>& ders) {
  Certificates list(sk_X509_new_null());
  for (const Bytes& der : ders) {
    const unsigned char* next = der.data();
    Certificate certificate(d2i_X509(nullptr, &next, static_cast<long>(der.size())));
    const bool is_whole = next == der.data() + der.size();
    if (!list || !certificate || !is_whole || sk_X509_push(list.get(), certificate.get()) <= 0) {
      ERR_clear_error();
      return fail(ErrorCode::malformed,
                  "a trusted certificate of a time-stamping authority is "
                  "not an X.509 certificate");
    }
    [[maybe_unused]] const auto* const of_the_list_now = certificate.release();
  }
  return list;
}

Result<Store> store_as_of(STACK_OF(X509) * roots, UnixMillis at) {
  constexpr int chain_depth_max = 5;
  constexpr int at_least_112_bits = 2;  // no SHA-1, no RSA below 2048 bits
  Store store(X509_STORE_new());
  X509_VERIFY_PARAM* const rules = store ? X509_STORE_get0_param(store.get()) : nullptr;
  if (rules == nullptr) return fail(ErrorCode::internal, "libcrypto made no certificate store");
  for (int i = 0; i < sk_X509_num(roots); ++i) {
    if (X509_STORE_add_cert(store.get(), sk_X509_value(roots, i)) != 1) {
      ERR_clear_error();
      return fail(ErrorCode::internal, "libcrypto took a certificate for no root");
    }
  }
  X509_VERIFY_PARAM_set_time(rules, at.value / 1000);
  X509_VERIFY_PARAM_set_depth(rules, chain_depth_max);
  X509_VERIFY_PARAM_set_auth_level(rules, at_least_112_bits);
  // Whoever trusts an authority's own certificate needs no root for it.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

// Why libcrypto said no. A certificate that leads nowhere, or is not there, proves nothing either
// way; a signature that is not its key's contradicts.
std::unexpected<Error> refused_by_libcrypto() {
  const char* detail = nullptr;
  int flags = 0;
  bool is_chain = false;
  bool is_nowhere = false;
  std::string why;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &detail, &flags)) {
    if (ERR_GET_LIB(code) == ERR_LIB_TS && ERR_GET_REASON(code) == TS_R_CERTIFICATE_VERIFY_ERROR) {
      is_chain = true;
      if ((flags & ERR_TXT_STRING) != 0 && detail != nullptr) why = detail;
    }
    is_nowhere = is_nowhere || (ERR_GET_LIB(code) == ERR_LIB_PKCS7 &&
                                ERR_GET_REASON(code) == PKCS7_R_SIGNER_CERTIFICATE_NOT_FOUND);
  }
  if (is_nowhere) {
    return fail(ErrorCode::unavailable,
                "the authority's certificate is neither in the token nor among the trusted ones");
  }
  if (is_chain) {
    return fail(
        ErrorCode::unavailable,
        "no trusted root leads to the authority's certificate at the token's time (" + why + ")");
  }
  return fail(ErrorCode::rejected, "the token's signature is not its authority's");
}

std::string printable_name(X509* certificate) {
  std::array<char, 65> text{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             text.data(), static_cast<int>(text.size()));
  std::string name(text.data(), static_cast<std::size_t>(std::max(size, 0)));
  std::ranges::replace_if(name, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return name.empty() ? "an authority without a name" : name;
}

}  // namespace

Result<TimestampRoots> TimestampRoots::from_pem(ByteView text) {
  TRY(std::vector<Bytes> certificates, split_pem_chain(text, timestamp_roots_max));
  return from_der(std::move(certificates));
}

Result<TimestampRoots> TimestampRoots::from_der(std::vector<Bytes> certificates) {
  if (certificates.empty() || certificates.size() > timestamp_roots_max) {
    return fail(ErrorCode::malformed, "there must be 1 to " + std::to_string(timestamp_roots_max) +
                                          " certificates of time-stamping authorities");
  }
  CHECK_OK(read_certificates(certificates));
  return TimestampRoots(std::move(certificates));
}

void TimestampToken::Free::operator()(pkcs7_st* token) const noexcept {
  PKCS7_free(token);
}

Result<TimestampToken> TimestampToken::parse(ByteView der) {
  if (der.size() > timestamp_token_bytes_max) {
    return fail(ErrorCode::limit, "a time stamp token of more than " +
                                      std::to_string(timestamp_token_bytes_max) + " bytes");
  }
  const unsigned char* next = der.data();
  TimestampToken token;
  token.token_.reset(d2i_PKCS7(nullptr, &next, static_cast<long>(der.size())), Free());
  if (!token.token_) return malformed("it cannot be read");
  if (next != der.data() + der.size()) return malformed("something follows it");
  CHECK_OK(token.read_info());
  return token;
}

Result<void> TimestampToken::read_info() {
  const std::unique_ptr<TS_TST_INFO, FreeInfo> info(PKCS7_to_TS_TST_INFO(token_.get()));
  if (!info) return malformed("it holds no TSTInfo");
  const auto at = unix_millis_of(TS_TST_INFO_get_time(info.get()));
  if (!at) return malformed("it has no time");
  at_ = *at;
  constexpr std::int64_t unread_fraction_ms = 999;
  const std::int64_t doubt = stated_doubt_ms(info.get());
  earliest_ = UnixMillis{at_.value - doubt};
  latest_ = UnixMillis{at_.value + unread_fraction_ms + doubt};
  TS_MSG_IMPRINT* const imprint = TS_TST_INFO_get_msg_imprint(info.get());
  const auto hash = hash_of(TS_MSG_IMPRINT_get_algo(imprint));
  if (!hash) return malformed("its imprint is not SHA-256, SHA-384 or SHA-512");
  hash_ = *hash;
  const ASN1_OCTET_STRING* const bytes = TS_MSG_IMPRINT_get_msg(imprint);
  const unsigned char* const begin = ASN1_STRING_get0_data(bytes);
  imprint_.assign(begin, begin + ASN1_STRING_length(bytes));
  return {};
}

Result<void> TimestampToken::check_imprint(ByteView stamped) const {
  if (digest_of(hash_, stamped) == imprint_) return {};
  return fail(ErrorCode::rejected, "the token is over other bytes");
}

Result<TimestampAuthority> TimestampToken::verify(const TimestampRoots& roots) const {
  ERR_clear_error();
  TRY(Certificates certificates, read_certificates(roots.certificates()));
  TRY(Store store, store_as_of(certificates.get(), at_));
  const std::unique_ptr<TS_VERIFY_CTX, FreeContext> context(TS_VERIFY_CTX_new());
  if (!context) return fail(ErrorCode::internal, "libcrypto made no verification");
  TS_VERIFY_CTX_set_flags(context.get(), TS_VFY_SIGNATURE | TS_VFY_VERSION);
  TS_VERIFY_CTX_set_store(context.get(), store.release());
  STACK_OF(X509)* const known = certificates.release();  // the context's now
  TS_VERIFY_CTX_set_certs(context.get(), known);
  if (TS_RESP_verify_token(context.get(), token_.get()) != 1) return refused_by_libcrypto();
  STACK_OF(X509)* const signers = PKCS7_get0_signers(token_.get(), known, 0);
  X509* const signer = sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : nullptr;
  sk_X509_free(signers);  // the list alone: the certificates are the token's
  if (signer == nullptr) return malformed("it has not one signer");
  TRY(const UnixMillis expires, unix_millis_of(X509_get0_notAfter(signer)));
  return TimestampAuthority{.name = printable_name(signer), .expires = expires};
}

Bytes timestamp_request(ByteView stamped) {
  const Sha256 digest = sha256(stamped);
  const Bytes null = der_element(0x05, ByteView());
  const Bytes algorithm = der_sequence({der_object_identifier(id_sha256), null});
  const Bytes imprint = der_sequence({algorithm, der_octet_string(digest.bytes)});
  const std::array<std::uint8_t, 1> version{1};
  return der_sequence({der_unsigned_integer(version), imprint, der_boolean_true()});
}

Result<Bytes> token_of_timestamp_response(ByteView der) {
  if (der.size() > timestamp_response_bytes_max) {
    return fail(ErrorCode::limit, "a time stamp response of more than " +
                                      std::to_string(timestamp_response_bytes_max) + " bytes");
  }
  DerReader outer(der);
  TRY(DerReader response, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  if (response.next_is(der_tag::object_identifier)) {
    TRY(const DerElement type, response.take());
    if (!std::ranges::equal(type.content, id_signed_data)) return malformed("it is not signed");
    return Bytes(der.begin(), der.end());
  }
  TRY(DerReader status, response.enter(der_tag::sequence));
  TRY(const ByteView number, status.take_unsigned_integer());
  const bool is_granted = number.empty() || (number.size() == 1 && number[0] == 1);
  if (!is_granted) {
    return fail(ErrorCode::rejected, "the authority did not grant a time stamp: status " +
                                         std::to_string(number.back()) + " of RFC 3161");
  }
  TRY(const DerElement token, response.take(der_tag::sequence));
  CHECK_OK(response.expect_end());
  return Bytes(token.whole.begin(), token.whole.end());
}

}  // namespace mayfly::crypto
