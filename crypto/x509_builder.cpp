#include "crypto/x509_builder.hpp"

#include <bit>
#include <string>

#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/p256_form.hpp"
#include "crypto/x509_identifiers.hpp"

namespace mayfly::crypto {
namespace {

Bytes algorithm_identifier() {
  return der_sequence({der_object_identifier(identifier::ecdsa_with_sha256)});
}

Bytes name(std::string_view common_name) {
  const Bytes attribute =
      der_sequence({der_object_identifier(identifier::common_name), der_utf8_string(common_name)});
  return der_sequence({der_element(der_tag::set, attribute)});
}

// RFC 5280, 4.1.2.5.1: "YYMMDDHHMMSSZ" from "YYYY-MM-DDTHH:MM:SS.mmmZ".
Result<Bytes> utc_time(UnixMillis at) {
  constexpr std::int64_t year_2050_ms = 2524608000000;
  if (at.value < 0 || at.value >= year_2050_ms) {
    return fail(ErrorCode::malformed, "certificates are issued for the years 1970 to 2049 only");
  }
  const std::string text = to_rfc3339(at);
  const std::string compact = text.substr(2, 2) + text.substr(5, 2) + text.substr(8, 2) +
                              text.substr(11, 2) + text.substr(14, 2) + text.substr(17, 2) + "Z";
  return der_element(der_tag::utc_time, bytes_of(compact));
}

Bytes extension(ByteView type, ByteView value, Criticality criticality) {
  const bool is_critical = criticality == Criticality::critical;
  return der_sequence({der_object_identifier(type), is_critical ? der_boolean_true() : Bytes(),
                       der_octet_string(value)});
}

// RFC 5280, 4.2.1.3: one byte of bits, named from the left, after the count of unused low bits.
Bytes key_usage_bits(const KeyUsage& usage) {
  constexpr std::uint8_t digital_signature = 0x80;
  constexpr std::uint8_t certificate_signing = 0x04;
  constexpr std::uint8_t crl_signing = 0x02;
  unsigned bits = 0;
  bits |= usage.digital_signature ? digital_signature : 0U;
  bits |= usage.certificate_signing ? certificate_signing : 0U;
  bits |= usage.crl_signing ? crl_signing : 0U;
  const auto unused = static_cast<std::uint8_t>(bits == 0 ? 7 : std::countr_zero(bits));
  return der_element(der_tag::bit_string, Bytes{unused, static_cast<std::uint8_t>(bits)});
}

Bytes extensions(const CertificateDraft& draft) {
  const bool is_authority = draft.role == CertificateRole::certificate_authority;
  Bytes path_length;
  if (draft.path_length_max) {
    path_length = der_unsigned_integer(std::span(&*draft.path_length_max, 1));
  }
  const Bytes constraints =
      der_sequence({is_authority ? der_boolean_true() : Bytes(), path_length});
  const Bytes usage =
      key_usage_bits(draft.key_usage.value_or(KeyUsage{.digital_signature = !is_authority,
                                                       .certificate_signing = is_authority,
                                                       .crl_signing = is_authority}));
  Bytes extra;
  if (draft.extra_extension) {
    extra = extension(draft.extra_extension->identifier, draft.extra_extension->value,
                      draft.extra_extension->criticality);
  }
  return der_element(
      der_tag::context(3),
      der_sequence({extension(identifier::key_usage, usage, Criticality::critical),
                    extension(identifier::basic_constraints, constraints, Criticality::critical),
                    extra}));
}

}  // namespace

Result<Bytes> issue_certificate(const CertificateDraft& draft, const P256PrivateKey& issuer_key) {
  if (draft.serial.empty() || draft.serial.size() > 20) {
    return fail(ErrorCode::malformed, "a certificate's serial number has 1 to 20 bytes");
  }
  if (draft.path_length_max.value_or(0) > 127) {
    return fail(ErrorCode::malformed, "a path length is at most 127");
  }
  TRY(const Bytes not_before, utc_time(draft.not_before));
  TRY(const Bytes not_after, utc_time(draft.not_after));
  static constexpr std::array<std::uint8_t, 1> version_3{2};
  const Bytes signed_part = der_sequence({
      der_element(der_tag::context(0), der_unsigned_integer(version_3)),
      der_unsigned_integer(draft.serial),
      algorithm_identifier(),
      name(draft.issuer_common_name),
      der_sequence({not_before, not_after}),
      name(draft.subject_common_name),
      p256_public_key_info(draft.public_key),
      extensions(draft),
  });
  TRY(const auto signature, issuer_key.sign(signed_part));
  return der_sequence(
      {signed_part, algorithm_identifier(), der_bit_string(ecdsa_signature_to_der(signature))});
}

}  // namespace mayfly::crypto
