// Reads one X.509 certificate of any of the key types and signature algorithms that evidence is
// signed with (RSA, RSA-PSS, ECDSA over P-256 and P-384). crypto/x509 is the reader for the one
// profile of Intel's chains, and stricter still.
//
// Source    RFC 5280, through libcrypto's X.509 reader; the bytes must be what libcrypto writes
//           back, so nothing is hidden in another encoding.
// Shapes    Times as Unix milliseconds. Object identifiers in dotted form, "2.5.29.19".
// Errors    malformed: not one DER certificate, or an extension that is not of its form.  limit:
//           over pki_certificate_bytes_max.  rejected: a signature over SHA-1 or MD5, a critical
//           extension that is not understood here, a key type that is not.
// Threads   Immutable once read; may be used from several threads.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/public_key.hpp"

struct x509_st;

namespace mayfly::crypto {

inline constexpr std::size_t pki_certificate_bytes_max = std::size_t{16} * 1024;

class PkiCertificate {
 public:
  static Result<PkiCertificate> parse(ByteView der);

  ByteView der() const { return der_; }
  UnixMillis not_before() const { return not_before_; }
  UnixMillis not_after() const { return not_after_; }  // inclusive
  bool is_valid_at(UnixMillis at) const { return not_before_ <= at && at <= not_after_; }
  bool is_authority() const { return is_authority_; }
  std::optional<std::uint32_t> path_length_max() const { return path_length_max_; }
  // True for a certificate without keyUsage, as RFC 5280 has it.
  bool may_sign_certificates() const { return may_sign_certificates_; }
  bool may_sign_lists() const { return may_sign_lists_; }
  bool may_sign_data() const { return may_sign_data_; }
  const PublicKey& public_key() const { return *key_; }
  const std::string& common_name() const { return common_name_; }  // empty if there is none
  const Bytes& serial() const { return serial_; }                  // big-endian magnitude
  const Bytes& issuer() const { return issuer_; }                  // DER of the Name
  const Bytes& subject() const { return subject_; }
  const Bytes& signature_algorithm() const { return signature_algorithm_; }  // DER

  bool has_extended_usage(std::string_view identifier) const;
  // Content of the extension's OCTET STRING.
  std::optional<Bytes> extension(std::string_view identifier) const;

  x509_st* borrow() const { return x509_.get(); }

  // The signature of `issuer` is on it. Names are another question.
  Result<void> verify_signature_of(const PkiCertificate& issuer) const;

 private:
  struct Free {
    void operator()(x509_st* certificate) const noexcept;
  };
  PkiCertificate() = default;
  Result<void> read_fields();
  Result<void> read_extensions();

  Bytes der_;
  std::unique_ptr<x509_st, Free> x509_;
  std::optional<PublicKey> key_;
  UnixMillis not_before_;
  UnixMillis not_after_;
  bool is_authority_ = false;
  bool may_sign_certificates_ = false;
  bool may_sign_lists_ = false;
  bool may_sign_data_ = false;
  std::optional<std::uint32_t> path_length_max_;
  std::string common_name_;
  Bytes serial_;
  Bytes issuer_;
  Bytes subject_;
  Bytes signature_algorithm_;
};

}  // namespace mayfly::crypto
