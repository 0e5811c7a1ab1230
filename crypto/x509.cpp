#include "crypto/x509.hpp"

#include <algorithm>
#include <string_view>

#include "crypto/der_reader.hpp"
#include "crypto/der_time.hpp"
#include "crypto/x509_identifiers.hpp"

namespace mayfly::crypto {
namespace {

using identifier::is;

std::unexpected<Error> unreadable_certificate(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a certificate: ") + what);
}

Result<std::string> read_common_name(ByteView name) {
  DerReader outer(name);
  TRY(DerReader parts, outer.enter(der_tag::sequence));
  std::optional<std::string> found;
  while (!parts.at_end()) {
    TRY(DerReader set, parts.enter(der_tag::set));
    while (!set.at_end()) {
      TRY(DerReader attribute, set.enter(der_tag::sequence));
      TRY(const DerElement type, attribute.take(der_tag::object_identifier));
      TRY(const DerElement value, attribute.take());
      CHECK_OK(attribute.expect_end());
      if (!is(type.content, identifier::common_name)) {
        continue;
      }
      if (found || (value.tag != der_tag::utf8_string && value.tag != der_tag::printable_string)) {
        return unreadable_certificate("a name with two common names, or one of an old string type");
      }
      found.emplace(text_of(value.content));
    }
  }
  return found.value_or("");
}

Result<void> expect_ecdsa_with_sha256(DerReader& reader) {
  TRY(DerReader algorithm, reader.enter(der_tag::sequence));
  TRY(const DerElement type, algorithm.take(der_tag::object_identifier));
  if (!is(type.content, identifier::ecdsa_with_sha256) || !algorithm.at_end()) {
    return fail(ErrorCode::rejected, "a certificate not signed with ecdsa-with-SHA256");
  }
  return {};
}

Result<void> read_public_key(DerReader& reader, X509Certificate& out) {
  TRY(DerReader info, reader.enter(der_tag::sequence));
  TRY(DerReader algorithm, info.enter(der_tag::sequence));
  TRY(const DerElement type, algorithm.take(der_tag::object_identifier));
  if (!is(type.content, identifier::ec_public_key)) {
    return fail(ErrorCode::rejected, "a certificate whose key is not a P-256 key");
  }
  TRY(const DerElement curve, algorithm.take());
  CHECK_OK(algorithm.expect_end());
  if (curve.tag != der_tag::object_identifier || !is(curve.content, identifier::curve_p256)) {
    return fail(ErrorCode::rejected, "a certificate whose key is not on the named curve P-256");
  }
  TRY(const ByteView point, info.take_bit_string_bytes());
  CHECK_OK(info.expect_end());
  if (point.size() != 1 + p256_key_bytes || point[0] != 0x04) {
    return fail(ErrorCode::rejected, "a certificate whose key is not an uncompressed P-256 point");
  }
  std::ranges::copy(point.subspan(1), out.public_key.begin());
  CHECK_OK(EcdsaPublicKey::from_raw(EcdsaCurve::p256, out.public_key));
  return {};
}

// RFC 5280, 4.2.1.9.
Result<void> read_basic_constraints(ByteView value, X509Certificate& out) {
  DerReader outer(value);
  TRY(DerReader fields, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  out.role = CertificateRole::end_entity;
  if (fields.next_is(der_tag::boolean)) {
    TRY(const DerElement flag, fields.take());
    if (flag.content.size() != 1 || flag.content[0] != 0xff) {
      return unreadable_certificate("basicConstraints with a boolean that is not DER's true");
    }
    out.role = CertificateRole::certificate_authority;
  }
  if (fields.next_is(der_tag::integer)) {
    TRY(const ByteView digits, fields.take_unsigned_integer());
    if (digits.size() > 1) {
      return unreadable_certificate("basicConstraints with a path length over 255");
    }
    out.path_length_max = digits.empty() ? 0U : digits[0];
  }
  return fields.expect_end();
}

// RFC 5280, 4.2.1.3: digitalSignature is bit 0, keyCertSign bit 5, cRLSign bit 6, from the left.
Result<void> read_key_usage(ByteView value, X509Certificate& out) {
  DerReader outer(value);
  TRY(const DerElement bits, outer.take(der_tag::bit_string));
  CHECK_OK(outer.expect_end());
  if (bits.content.size() < 2 || bits.content.size() > 3 || bits.content[0] > 7) {
    return unreadable_certificate("keyUsage is not a bit string of at most nine bits");
  }
  out.key_usage = KeyUsage{.digital_signature = (bits.content[1] & 0x80U) != 0,
                           .certificate_signing = (bits.content[1] & 0x04U) != 0,
                           .crl_signing = (bits.content[1] & 0x02U) != 0};
  return {};
}

Result<void> read_extension(DerReader& list, X509Certificate& out) {
  TRY(DerReader fields, list.enter(der_tag::sequence));
  TRY(const DerElement type, fields.take(der_tag::object_identifier));
  bool is_critical = false;
  if (fields.next_is(der_tag::boolean)) {
    TRY(const DerElement flag, fields.take());
    if (flag.content.size() != 1 || flag.content[0] != 0xff) {
      return unreadable_certificate("an extension with a boolean that is not DER's true");
    }
    is_critical = true;
  }
  TRY(const DerElement value, fields.take(der_tag::octet_string));
  CHECK_OK(fields.expect_end());
  if (find_extension(out, type.content)) {
    return unreadable_certificate("an extension that occurs twice");
  }
  if (out.extensions.size() == x509_extensions_max) {
    return fail(ErrorCode::limit, "a certificate with more than 32 extensions");
  }
  out.extensions.push_back({type.content, value.content});
  if (is(type.content, identifier::basic_constraints)) {
    return read_basic_constraints(value.content, out);
  }
  if (is(type.content, identifier::key_usage)) {
    return read_key_usage(value.content, out);
  }
  if (is_critical) {
    return fail(ErrorCode::rejected, "a certificate with a critical extension not known here");
  }
  return {};
}

// RFC 5280, 4.1: tbsCertificate. Version 3 only; the unique identifiers of version 2 are refused.
Result<void> read_signed_part(DerReader& fields, X509Certificate& out) {
  TRY(DerReader version, fields.enter(der_tag::context(0)));
  TRY(const ByteView version_number, version.take_unsigned_integer());
  CHECK_OK(version.expect_end());
  if (version_number.size() != 1 || version_number[0] != 2) {
    return unreadable_certificate("it is not of version 3");
  }
  TRY(out.serial, fields.take_unsigned_integer());
  if (out.serial.size() > 20) {
    return unreadable_certificate("a serial number of more than 20 bytes");
  }
  CHECK_OK(expect_ecdsa_with_sha256(fields));
  TRY(const DerElement issuer, fields.take(der_tag::sequence));
  out.issuer = issuer.whole;
  TRY(DerReader validity, fields.enter(der_tag::sequence));
  TRY(out.not_before, take_der_time(validity));
  TRY(out.not_after, take_der_time(validity));
  CHECK_OK(validity.expect_end());
  TRY(const DerElement subject, fields.take(der_tag::sequence));
  out.subject = subject.whole;
  TRY(out.subject_common_name, read_common_name(subject.whole));
  CHECK_OK(read_public_key(fields, out));
  TRY(DerReader wrapper, fields.enter(der_tag::context(3)));
  CHECK_OK(fields.expect_end());
  TRY(DerReader list, wrapper.enter(der_tag::sequence));
  CHECK_OK(wrapper.expect_end());
  while (!list.at_end()) {
    CHECK_OK(read_extension(list, out));
  }
  return {};
}

}  // namespace

Result<X509Certificate> parse_x509(ByteView der) {
  if (der.size() > x509_certificate_bytes_max) {
    return fail(ErrorCode::limit,
                "a certificate is at most 16384 bytes, this one has " + std::to_string(der.size()));
  }
  X509Certificate out;
  DerReader outer(der);
  TRY(DerReader parts, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  TRY(const DerElement signed_part, parts.take(der_tag::sequence));
  out.signed_bytes = signed_part.whole;
  DerReader fields(signed_part.content);
  CHECK_OK(read_signed_part(fields, out));
  CHECK_OK(expect_ecdsa_with_sha256(parts));
  TRY(const ByteView signature_der, parts.take_bit_string_bytes());
  CHECK_OK(parts.expect_end());
  TRY(const Bytes signature, ecdsa_signature_from_der(EcdsaCurve::p256, signature_der));
  std::ranges::copy(signature, out.signature.begin());
  return out;
}

Result<void> verify_issued_by(const X509Certificate& certificate, const X509Certificate& issuer) {
  if (!std::ranges::equal(certificate.issuer, issuer.subject)) {
    return fail(ErrorCode::rejected, "a certificate names another issuer than the next one's name");
  }
  TRY(const EcdsaPublicKey key, EcdsaPublicKey::from_raw(EcdsaCurve::p256, issuer.public_key));
  return key.verify(certificate.signed_bytes, certificate.signature);
}

std::optional<ByteView> find_extension(const X509Certificate& certificate, ByteView identifier) {
  const auto found = std::ranges::find_if(
      certificate.extensions,
      [&](const X509Extension& extension) { return is(extension.identifier, identifier); });
  if (found == certificate.extensions.end()) {
    return std::nullopt;
  }
  return found->value;
}

}  // namespace mayfly::crypto
