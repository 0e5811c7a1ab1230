#include "tests/crypto/crl_builder.hpp"

#include <string>

#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/x509_identifiers.hpp"

namespace mayfly::test {
namespace {

using namespace crypto;

Bytes time(UnixMillis at) {
  const std::string text = to_rfc3339(at);
  const std::string compact = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) +
                              text.substr(11, 2) + text.substr(14, 2) + text.substr(17, 2) + "Z";
  return der_element(der_tag::generalized_time, bytes_of(compact));
}

Bytes name(std::string_view common_name) {
  const Bytes attribute =
      der_sequence({der_object_identifier(identifier::common_name), der_utf8_string(common_name)});
  return der_sequence({der_element(der_tag::set, attribute)});
}

Bytes extensions(const std::optional<CertificateDraft::ExtraExtension>& extension) {
  if (!extension) return {};
  const bool is_critical = extension->criticality == Criticality::critical;
  return der_sequence({der_sequence({der_object_identifier(extension->identifier),
                                     is_critical ? der_boolean_true() : Bytes(),
                                     der_octet_string(extension->value)})});
}

Bytes entries(const CrlDraft& draft) {
  Bytes all;
  for (const Bytes& serial : draft.serials) {
    const Bytes entry = der_sequence(
        {der_unsigned_integer(serial), time(draft.this_update), extensions(draft.entry_extension)});
    all.insert(all.end(), entry.begin(), entry.end());
  }
  return all.empty() ? all : der_sequence({all});
}

}  // namespace

Bytes issue_crl(const CrlDraft& draft, const P256PrivateKey& issuer_key) {
  static constexpr std::array<std::uint8_t, 1> version_2{1};
  const Bytes algorithm = der_sequence({der_object_identifier(identifier::ecdsa_with_sha256)});
  const Bytes list_extensions =
      draft.list_extension ? der_element(der_tag::context(0), extensions(draft.list_extension))
                           : Bytes();
  const Bytes signed_part = der_sequence(
      {der_unsigned_integer(version_2), algorithm, name(draft.issuer_common_name),
       time(draft.this_update), time(draft.next_update), entries(draft), list_extensions});
  return der_sequence({signed_part, algorithm,
                       der_bit_string(ecdsa_signature_to_der(*issuer_key.sign(signed_part)))});
}

}  // namespace mayfly::test
