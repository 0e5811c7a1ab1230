#include "crypto/x509_key_identifier.hpp"

#include <algorithm>

#include "crypto/der_reader.hpp"
#include "crypto/x509_identifiers.hpp"

namespace mayfly::crypto {
namespace {

std::optional<ByteView> value_of(X509Extensions extensions, ByteView identifier) {
  for (const X509Extension& extension : extensions) {
    if (std::ranges::equal(extension.identifier, identifier)) {
      return extension.value;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<ByteView>> subject_key_identifier(X509Extensions extensions) {
  const auto value = value_of(extensions, identifier::subject_key_identifier);
  if (!value) {
    return std::optional<ByteView>();
  }
  DerReader reader(*value);
  TRY(const DerElement key, reader.take(der_tag::octet_string));
  CHECK_OK(reader.expect_end());
  return std::optional(key.content);
}

Result<std::optional<ByteView>> authority_key_identifier(X509Extensions extensions) {
  const auto value = value_of(extensions, identifier::authority_key_identifier);
  if (!value) {
    return std::optional<ByteView>();
  }
  constexpr std::uint8_t key_identifier = 0x80;  // [0] IMPLICIT OCTET STRING
  DerReader outer(*value);
  TRY(DerReader fields, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  std::optional<ByteView> found;
  if (fields.next_is(key_identifier)) {
    TRY(const DerElement key, fields.take(key_identifier));
    found = key.content;
  }
  return found;
}

Result<void> check_key_identifiers(X509Extensions issued, X509Extensions issuer) {
  TRY(const auto named, authority_key_identifier(issued));
  TRY(const auto own, subject_key_identifier(issuer));
  if (named && own && !std::ranges::equal(*named, *own)) {
    return fail(ErrorCode::rejected, "it names another key of its issuer than the one given");
  }
  return {};
}

}  // namespace mayfly::crypto
