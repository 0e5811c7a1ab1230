#include "crypto/pki_certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "crypto/asn1_time.hpp"

namespace mayfly::crypto {
namespace {

std::unexpected<Error> bad_certificate(const char* what) {
  ERR_clear_error();
  return fail(ErrorCode::malformed, std::string("not a certificate: ") + what);
}

struct FreeObject {
  void operator()(ASN1_OBJECT* object) const noexcept { ASN1_OBJECT_free(object); }
};
using OwnedObject = std::unique_ptr<ASN1_OBJECT, FreeObject>;

OwnedObject object_of(std::string_view identifier) {
  OwnedObject object(OBJ_txt2obj(std::string(identifier).c_str(), /*no_name=*/1));
  if (!object) std::abort();  // identifiers are constants of ours
  return object;
}

// What a chain here is judged by. Anything else that is critical is not understood.
bool is_understood(int nid) {
  constexpr std::array<int, 4> understood{NID_basic_constraints, NID_key_usage, NID_ext_key_usage,
                                          NID_subject_alt_name};
  return std::ranges::find(understood, nid) != understood.end();
}

Bytes name_bytes(const X509_NAME* name) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (X509_NAME_get0_der(name, &bytes, &size) != 1) {
    return {};
  }
  return {bytes, bytes + size};
}

std::string common_name_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, /*lastpos=*/-1);
  if (at < 0) {
    return {};
  }
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

Bytes algorithm_bytes(const X509_ALGOR* algorithm) {
  unsigned char* raw = nullptr;
  const int size = i2d_X509_ALGOR(const_cast<X509_ALGOR*>(algorithm), &raw);
  if (size <= 0) {
    return {};
  }
  Bytes out(raw, raw + size);
  OPENSSL_free(raw);
  return out;
}

bool has_trusted_hash(X509* certificate) {
  int hash = NID_undef;
  if (X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr) != 1) {
    return false;
  }
  return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512;
}

}  // namespace

void PkiCertificate::Free::operator()(x509_st* certificate) const noexcept {
  X509_free(certificate);
}

Result<PkiCertificate> PkiCertificate::parse(ByteView der) {
  if (der.size() > pki_certificate_bytes_max) {
    return fail(ErrorCode::limit,
                "a certificate is at most 16384 bytes, this one has " + std::to_string(der.size()));
  }
  PkiCertificate out;
  out.der_.assign(der.begin(), der.end());
  const unsigned char* at = out.der_.data();
  out.x509_.reset(d2i_X509(nullptr, &at, static_cast<long>(out.der_.size())));
  if (!out.x509_ || at != out.der_.data() + out.der_.size()) {
    return bad_certificate("it is not one DER element of that form");
  }
  unsigned char* again = nullptr;
  const int size = i2d_X509(out.x509_.get(), &again);
  const bool is_same = size > 0 && std::ranges::equal(ByteView(again, static_cast<size_t>(size)),
                                                      ByteView(out.der_));
  OPENSSL_free(again);
  if (!is_same) {
    return bad_certificate("it is not in DER's one form");
  }
  CHECK_OK(out.read_fields());
  CHECK_OK(out.read_extensions());
  return out;
}

Result<void> PkiCertificate::read_fields() {
  X509* x509 = x509_.get();
  if (X509_get_version(x509) != X509_VERSION_3) {
    return bad_certificate("it is not of version 3");
  }
  TRY(not_before_, unix_millis_of(X509_get0_notBefore(x509)));
  TRY(not_after_, unix_millis_of(X509_get0_notAfter(x509)));
  subject_ = name_bytes(X509_get_subject_name(x509));
  issuer_ = name_bytes(X509_get_issuer_name(x509));
  common_name_ = common_name_of(X509_get_subject_name(x509));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(x509);
  serial_.assign(ASN1_STRING_get0_data(serial),
                 ASN1_STRING_get0_data(serial) + ASN1_STRING_length(serial));
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x509);
  signature_algorithm_ = algorithm_bytes(algorithm);
  if (X509_ALGOR_cmp(algorithm, X509_get0_tbs_sigalg(x509)) != 0) {
    return bad_certificate("it names two signature algorithms");
  }
  if (!has_trusted_hash(x509)) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "a certificate that is not signed over SHA-2");
  }
  OwnedPkey key(X509_get_pubkey(x509));
  if (!key) {
    return bad_certificate("its public key cannot be read");
  }
  TRY(key_, PublicKey::adopt(std::move(key)));
  return {};
}

Result<void> PkiCertificate::read_extensions() {
  X509* x509 = x509_.get();
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    if (X509_get_ext_by_OBJ(x509, object, i) >= 0) {
      return bad_certificate("an extension occurs twice");
    }
    if (X509_EXTENSION_get_critical(extension) != 0 && !is_understood(OBJ_obj2nid(object))) {
      return fail(ErrorCode::rejected, "a certificate with a critical extension not known here");
    }
  }
  const std::uint32_t flags = X509_get_extension_flags(x509);
  if ((flags & EXFLAG_INVALID) != 0) {
    return bad_certificate("an extension is not of its form");
  }
  is_authority_ = (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
  const long path_length = X509_get_pathlen(x509);
  if (path_length >= 0) {
    path_length_max_ = static_cast<std::uint32_t>(path_length);
  }
  const std::uint32_t usage = X509_get_key_usage(x509);  // all ones if there is none
  may_sign_certificates_ = (usage & KU_KEY_CERT_SIGN) != 0;
  may_sign_lists_ = (usage & KU_CRL_SIGN) != 0;
  may_sign_data_ = (usage & KU_DIGITAL_SIGNATURE) != 0;
  return {};
}

bool PkiCertificate::has_extended_usage(std::string_view identifier) const {
  const std::unique_ptr<EXTENDED_KEY_USAGE, decltype(&EXTENDED_KEY_USAGE_free)> usages(
      static_cast<EXTENDED_KEY_USAGE*>(
          X509_get_ext_d2i(x509_.get(), NID_ext_key_usage, nullptr, nullptr)),
      &EXTENDED_KEY_USAGE_free);
  if (!usages) {
    return false;
  }
  const OwnedObject wanted = object_of(identifier);
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    if (OBJ_cmp(sk_ASN1_OBJECT_value(usages.get(), i), wanted.get()) == 0) {
      return true;
    }
  }
  return false;
}

std::optional<Bytes> PkiCertificate::extension(std::string_view identifier) const {
  const OwnedObject wanted = object_of(identifier);
  const int at = X509_get_ext_by_OBJ(x509_.get(), wanted.get(), /*lastpos=*/-1);
  if (at < 0) {
    return std::nullopt;
  }
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(x509_.get(), at));
  return Bytes(ASN1_STRING_get0_data(value),
               ASN1_STRING_get0_data(value) + ASN1_STRING_length(value));
}

Result<void> PkiCertificate::verify_signature_of(const PkiCertificate& issuer) const {
  if (X509_verify(x509_.get(), issuer.key_->borrow()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "a certificate is not signed by the next one's key");
  }
  return {};
}

}  // namespace mayfly::crypto
