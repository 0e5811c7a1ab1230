#include "crypto/x509_crl.hpp"

#include <algorithm>
#include <string>

#include "crypto/der_reader.hpp"
#include "crypto/der_time.hpp"
#include "crypto/x509_identifiers.hpp"
#include "crypto/x509_key_identifier.hpp"

namespace mayfly::crypto {
namespace {

using identifier::is;

constexpr std::size_t serial_bytes_max = 20;

std::unexpected<Error> unreadable_list(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a list of revoked certificates: ") + what);
}

struct ReadExtension {
  X509Extension extension;
  bool is_critical = false;
};

Result<ReadExtension> take_extension(DerReader& list) {
  ReadExtension out;
  TRY(DerReader fields, list.enter(der_tag::sequence));
  TRY(const DerElement type, fields.take(der_tag::object_identifier));
  if (fields.next_is(der_tag::boolean)) {
    TRY(const DerElement flag, fields.take());
    if (flag.content.size() != 1 || flag.content[0] != 0xff) {
      return unreadable_list("an extension with a boolean that is not DER's true");
    }
    out.is_critical = true;
  }
  TRY(const DerElement value, fields.take(der_tag::octet_string));
  CHECK_OK(fields.expect_end());
  out.extension = {type.content, value.content};
  return out;
}

Result<void> read_extensions(DerReader& fields, X509Crl& out) {
  if (!fields.next_is(der_tag::context(0))) {
    return {};
  }
  TRY(DerReader wrapper, fields.enter(der_tag::context(0)));
  TRY(DerReader list, wrapper.enter(der_tag::sequence));
  CHECK_OK(wrapper.expect_end());
  while (!list.at_end()) {
    TRY(const ReadExtension read, take_extension(list));
    const ByteView type = read.extension.identifier;
    if (is(type, identifier::delta_crl_indicator) ||
        is(type, identifier::issuing_distribution_point)) {
      return fail(ErrorCode::rejected, "a list of revoked certificates that is not complete");
    }
    const bool is_known =
        is(type, identifier::crl_number) || is(type, identifier::authority_key_identifier);
    if (read.is_critical && !is_known) {
      return fail(ErrorCode::rejected, "a list with a critical extension not known here");
    }
    if (std::ranges::any_of(out.extensions, [type](const X509Extension& earlier) {
          return is(earlier.identifier, type);
        })) {
      return unreadable_list("an extension that occurs twice");
    }
    if (out.extensions.size() == x509_extensions_max) {
      return fail(ErrorCode::limit, "a list with more than 32 extensions");
    }
    out.extensions.push_back(read.extension);
  }
  return {};
}

// RFC 5280, 5.1.2.6. The serial number is all that matters: an entry revokes, whatever its reason.
Result<ByteView> take_entry(DerReader& entries) {
  TRY(DerReader entry, entries.enter(der_tag::sequence));
  TRY(const ByteView serial, entry.take_unsigned_integer());
  if (serial.size() > serial_bytes_max) {
    return unreadable_list("a serial number of more than 20 bytes");
  }
  CHECK_OK(take_der_time(entry));
  if (entry.next_is(der_tag::sequence)) {
    TRY(DerReader list, entry.enter(der_tag::sequence));
    while (!list.at_end()) {
      TRY(const ReadExtension read, take_extension(list));
      if (read.is_critical) {  // certificateIssuer: the entry is about another issuer's certificate
        return fail(ErrorCode::rejected, "an entry with a critical extension not known here");
      }
    }
  }
  CHECK_OK(entry.expect_end());
  return serial;
}

Result<void> read_entries(DerReader& fields, X509Crl& out) {
  if (!fields.next_is(der_tag::sequence)) {
    return {};  // absent: nothing is revoked
  }
  TRY(const DerElement list, fields.take());
  out.revoked_entries = list.content;
  DerReader entries(list.content);
  while (!entries.at_end()) {
    CHECK_OK(take_entry(entries));
  }
  return {};
}

Result<void> read_signed_list(DerReader& fields, X509Crl& out) {
  TRY(const ByteView version, fields.take_unsigned_integer());
  if (version.size() != 1 || version[0] != 1) {
    return unreadable_list("it is not of version 2");
  }
  TRY(const DerElement algorithm, fields.take(der_tag::sequence));
  out.signature_algorithm = algorithm.whole;
  TRY(const DerElement issuer, fields.take(der_tag::sequence));
  out.issuer = issuer.whole;
  TRY(out.this_update, take_der_time(fields));
  if (!fields.next_is(der_tag::utc_time) && !fields.next_is(der_tag::generalized_time)) {
    return unreadable_list("it does not say when the next one is due");
  }
  TRY(out.next_update, take_der_time(fields));
  CHECK_OK(read_entries(fields, out));
  CHECK_OK(read_extensions(fields, out));
  return fields.expect_end();
}

}  // namespace

Result<X509Crl> parse_x509_crl(ByteView der) {
  if (der.size() > x509_crl_bytes_max) {
    return fail(ErrorCode::limit, "a list of revoked certificates is at most 4 MiB, this one has " +
                                      std::to_string(der.size()) + " bytes");
  }
  X509Crl out;
  DerReader outer(der);
  TRY(DerReader parts, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  TRY(const DerElement signed_part, parts.take(der_tag::sequence));
  out.signed_bytes = signed_part.whole;
  DerReader fields(signed_part.content);
  CHECK_OK(read_signed_list(fields, out));
  TRY(const DerElement algorithm, parts.take(der_tag::sequence));
  if (!std::ranges::equal(algorithm.whole, out.signature_algorithm)) {
    return unreadable_list("it names two signature algorithms");
  }
  TRY(out.signature, parts.take_bit_string_bytes());
  CHECK_OK(parts.expect_end());
  return out;
}

bool is_revoked(const X509Crl& crl, ByteView serial) {
  DerReader entries(crl.revoked_entries);
  while (!entries.at_end()) {
    const auto entry = take_entry(entries);
    if (!entry || std::ranges::equal(*entry, serial)) {
      return true;  // An entry that cannot be read was refused when the list was parsed.
    }
  }
  return false;
}

Result<void> verify_crl_issued_by(const X509Crl& crl, const X509Certificate& issuer) {
  if (!std::ranges::equal(crl.issuer, issuer.subject)) {
    return fail(ErrorCode::rejected, "the list is of another issuer");
  }
  CHECK_OK(check_key_identifiers(crl.extensions, issuer.extensions));
  if (!issuer.key_usage || !issuer.key_usage->crl_signing) {
    return fail(ErrorCode::rejected, "the issuer's key is not for signing such lists");
  }
  DerReader outer(crl.signature_algorithm);
  TRY(DerReader algorithm, outer.enter(der_tag::sequence));
  TRY(const DerElement type, algorithm.take(der_tag::object_identifier));
  if (!is(type.content, identifier::ecdsa_with_sha256) || !algorithm.at_end()) {
    return fail(ErrorCode::rejected, "a list not signed with ecdsa-with-SHA256");
  }
  TRY(const Bytes signature, ecdsa_signature_from_der(EcdsaCurve::p256, crl.signature));
  TRY(const EcdsaPublicKey key, EcdsaPublicKey::from_raw(EcdsaCurve::p256, issuer.public_key));
  return key.verify(crl.signed_bytes, signature);
}

}  // namespace mayfly::crypto
