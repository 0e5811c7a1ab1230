#include "crypto/x509.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file_io.hpp"
#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/x509_builder.hpp"

namespace mayfly::crypto {
namespace {

constexpr UnixMillis year_2025{1735689600000};
constexpr UnixMillis year_2030{1893456000000};
constexpr std::array<std::uint8_t, 2> some_serial{0x01, 0xff};
constexpr std::array<std::uint8_t, 3> some_extension{0x2a, 0x03, 0x04};

// One issuer and one certificate by it; a test changes the draft before issue().
struct Issuing {
  P256PrivateKey issuer_key = *P256PrivateKey::generate();
  P256PrivateKey subject_key = *P256PrivateKey::generate();
  CertificateDraft draft{.serial = some_serial,
                         .issuer_common_name = "An issuer",
                         .subject_common_name = "A subject",
                         .not_before = year_2025,
                         .not_after = year_2030,
                         .role = CertificateRole::end_entity,
                         .path_length_max = {},
                         .key_usage = {},
                         .public_key = subject_key.public_key(),
                         .extra_extension = {}};

  Bytes issue() const {
    auto der = issue_certificate(draft, issuer_key);
    EXPECT_TRUE(der) << der.error().message();
    return der.value_or(Bytes());
  }
  Bytes issuer_certificate() const {
    CertificateDraft own = draft;
    own.subject_common_name = own.issuer_common_name;
    own.public_key = issuer_key.public_key();
    own.role = CertificateRole::certificate_authority;
    return *issue_certificate(own, issuer_key);
  }
};

// Fields of tbsCertificate, in order.
enum class Field : std::size_t {
  version,
  serial,
  algorithm,
  issuer,
  validity,
  subject,
  public_key,
  extensions
};

// The certificate with one signed field replaced. Its signature no longer fits, which parsing does
// not look at.
Bytes with_field(const Bytes& der, Field field, ByteView replacement) {
  DerReader outer(der);
  DerReader parts = *outer.enter(der_tag::sequence);
  DerReader fields = *parts.enter(der_tag::sequence);
  Bytes content;
  for (std::size_t i = 0; !fields.at_end(); ++i) {
    const ByteView whole = fields.take()->whole;
    const ByteView chosen = i == static_cast<std::size_t>(field) ? replacement : whole;
    content.insert(content.end(), chosen.begin(), chosen.end());
  }
  const ByteView algorithm = parts.take()->whole;
  const ByteView signature = parts.take()->whole;
  return der_sequence({der_sequence({content}), algorithm, signature});
}

Bytes with_extensions(const Bytes& der, const std::vector<Bytes>& extensions) {
  Bytes list;
  for (const Bytes& extension : extensions) {
    list.insert(list.end(), extension.begin(), extension.end());
  }
  return with_field(der, Field::extensions, der_element(der_tag::context(3), der_sequence({list})));
}

Bytes numbered_extension(std::uint8_t number) {
  const Bytes identifier{0x2a, 0x03, number};
  return der_sequence({der_object_identifier(identifier), der_octet_string({})});
}

Bytes intel_root() {
  return *read_file(std::string(MAYFLY_VECTORS) + "/attest/tdx/certs/intel_sgx_root_ca.der", 4096);
}

TEST(ParseX509, ReadsTheIntelRoot) {
  const Bytes der = intel_root();
  const auto root = parse_x509(der);
  ASSERT_TRUE(root) << root.error().message();
  EXPECT_EQ(root->subject_common_name, "Intel SGX Root CA");
  EXPECT_EQ(to_rfc3339(root->not_before), "2018-05-21T10:45:10.000Z");
  EXPECT_EQ(to_rfc3339(root->not_after), "2049-12-31T23:59:59.000Z");
  EXPECT_EQ(root->role, CertificateRole::certificate_authority);
  EXPECT_EQ(root->path_length_max, 1U);
  ASSERT_TRUE(root->key_usage);
  EXPECT_TRUE(root->key_usage->certificate_signing);
  EXPECT_FALSE(root->key_usage->digital_signature);
  EXPECT_EQ(root->serial.size(), 20U);
  EXPECT_TRUE(verify_issued_by(*root, *root));
}

TEST(ParseX509, ReadsWhatTheBuilderWrote) {
  Issuing issuing;
  const Bytes value{1, 2, 3};
  issuing.draft.extra_extension = {.identifier = some_extension, .value = value};
  const Bytes der = issuing.issue();
  const auto certificate = parse_x509(der);
  ASSERT_TRUE(certificate) << certificate.error().message();
  EXPECT_TRUE(std::ranges::equal(certificate->serial, some_serial));
  EXPECT_EQ(certificate->subject_common_name, "A subject");
  EXPECT_EQ(certificate->not_before, year_2025);
  EXPECT_EQ(certificate->not_after, year_2030);
  EXPECT_EQ(certificate->public_key, issuing.subject_key.public_key());
  EXPECT_EQ(certificate->role, CertificateRole::end_entity);
  EXPECT_TRUE(certificate->key_usage && certificate->key_usage->digital_signature);
  EXPECT_FALSE(certificate->key_usage->certificate_signing);
  const auto extension = find_extension(*certificate, some_extension);
  ASSERT_TRUE(extension);
  EXPECT_TRUE(std::ranges::equal(*extension, value));
  EXPECT_FALSE(find_extension(*certificate, std::array<std::uint8_t, 1>{0x2a}));
}

TEST(ParseX509, MarksACertificateAuthority) {
  const Bytes der = Issuing().issuer_certificate();
  const auto certificate = parse_x509(der);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->role, CertificateRole::certificate_authority);
  EXPECT_TRUE(certificate->key_usage && certificate->key_usage->certificate_signing);
  EXPECT_FALSE(certificate->key_usage->digital_signature);
}

TEST(ParseX509, ValidityIncludesBothEnds) {
  const Bytes der = Issuing().issue();
  const auto certificate = parse_x509(der);
  ASSERT_TRUE(certificate);
  EXPECT_FALSE(certificate->is_valid_at({year_2025.value - 1}));
  EXPECT_TRUE(certificate->is_valid_at(year_2025));
  EXPECT_TRUE(certificate->is_valid_at(year_2030));
  EXPECT_FALSE(certificate->is_valid_at({year_2030.value + 1}));
}

TEST(ParseX509, RefusesEveryTruncationAndAnyByteAfterTheEnd) {
  Bytes der = Issuing().issue();
  for (std::size_t length = 0; length < der.size(); ++length) {
    ASSERT_FALSE(parse_x509(ByteView(der).first(length))) << length;
  }
  der.push_back(0);
  EXPECT_FALSE(parse_x509(der));
}

// Goal: a certificate cannot be altered. Method: flip each bit, then parse and check the issuer.
TEST(VerifyIssuedBy, RefusesEveryFlippedBit) {
  const Issuing issuing;
  const Bytes issuer_der = issuing.issuer_certificate();
  const auto issuer = parse_x509(issuer_der);
  ASSERT_TRUE(issuer);
  Bytes der = issuing.issue();
  ASSERT_TRUE(verify_issued_by(*parse_x509(der), *issuer));
  for (std::size_t bit = 0; bit < 8 * der.size(); ++bit) {
    der[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto altered = parse_x509(der);
    ASSERT_FALSE(altered && verify_issued_by(*altered, *issuer)) << "bit " << bit;
    der[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
}

TEST(VerifyIssuedBy, RefusesAnotherIssuerOfTheSameName) {
  const Issuing first;
  const Issuing second;
  const Bytes der = first.issue();
  const Bytes other_issuer = second.issuer_certificate();
  const auto refused = verify_issued_by(*parse_x509(der), *parse_x509(other_issuer));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
}

TEST(VerifyIssuedBy, RefusesAnIssuerOfAnotherName) {
  Issuing issuing;
  const Bytes issuer = issuing.issuer_certificate();
  issuing.draft.issuer_common_name = "Another issuer";
  const Bytes der = issuing.issue();
  EXPECT_FALSE(verify_issued_by(*parse_x509(der), *parse_x509(issuer)));
}

TEST(ParseX509, RefusesAnUnknownCriticalExtensionOnly) {
  Issuing issuing;
  issuing.draft.extra_extension = {.identifier = some_extension, .value = {}};
  EXPECT_TRUE(parse_x509(issuing.issue()));
  issuing.draft.extra_extension->criticality = Criticality::critical;
  const auto refused = parse_x509(issuing.issue());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
}

TEST(ParseX509, RefusesAnExtensionThatOccursTwice) {
  const Bytes der = Issuing().issue();
  EXPECT_TRUE(parse_x509(with_extensions(der, {numbered_extension(1), numbered_extension(2)})));
  const auto refused =
      parse_x509(with_extensions(der, {numbered_extension(1), numbered_extension(1)}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::malformed);
}

TEST(ParseX509, BoundsTheNumberOfExtensions) {
  const Bytes der = Issuing().issue();
  std::vector<Bytes> extensions;
  extensions.reserve(x509_extensions_max + 1);
  for (std::uint8_t i = 0; i < x509_extensions_max; ++i) {
    extensions.push_back(numbered_extension(i));
  }
  EXPECT_TRUE(parse_x509(with_extensions(der, extensions)));
  extensions.push_back(numbered_extension(x509_extensions_max));
  const auto past = parse_x509(with_extensions(der, extensions));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

TEST(ParseX509, BoundsTheSize) {
  Issuing issuing;
  Bytes value(x509_certificate_bytes_max - 1000);
  Bytes der;
  // A signature's DER varies by a byte or two, so aim again until the size is exactly the bound.
  do {
    issuing.draft.extra_extension = {.identifier = some_extension, .value = value};
    der = issuing.issue();
    value.resize(value.size() + x509_certificate_bytes_max - der.size());
  } while (der.size() != x509_certificate_bytes_max);
  EXPECT_TRUE(parse_x509(der));
  der.push_back(0);
  const auto past = parse_x509(der);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

TEST(ParseX509, RefusesAKeyThatIsNotOnTheCurve) {
  Issuing issuing;
  issuing.draft.public_key.back() ^= 1;
  const auto refused = parse_x509(issuing.issue());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
}

TEST(ParseX509, ReadsPathLengthAndKeyUsage) {
  Issuing issuing;
  issuing.draft.role = CertificateRole::certificate_authority;
  for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{127}}) {
    issuing.draft.path_length_max = length;
    EXPECT_EQ(parse_x509(issuing.issue())->path_length_max, length);
  }
  for (const bool signs : {false, true}) {
    issuing.draft.key_usage = KeyUsage{.digital_signature = signs, .certificate_signing = !signs};
    const auto usage = parse_x509(issuing.issue())->key_usage;
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->digital_signature, signs);
    EXPECT_EQ(usage->certificate_signing, !signs);
  }
}

TEST(ParseX509, BoundsTheSerialNumber) {
  const Bytes der = Issuing().issue();
  const auto serial_of = [](std::size_t size) { return der_unsigned_integer(Bytes(size, 0x7f)); };
  EXPECT_TRUE(parse_x509(with_field(der, Field::serial, serial_of(20))));
  EXPECT_FALSE(parse_x509(with_field(der, Field::serial, serial_of(21))));
  EXPECT_FALSE(parse_x509(with_field(der, Field::serial, Bytes{0x02, 0x01, 0xff}))) << "negative";
}

TEST(ParseX509, ReadsVersion3Only) {
  const Bytes der = Issuing().issue();
  const auto version = [](std::uint8_t number) {
    return der_element(der_tag::context(0), der_unsigned_integer(Bytes{number}));
  };
  EXPECT_TRUE(parse_x509(with_field(der, Field::version, version(2))));
  EXPECT_FALSE(parse_x509(with_field(der, Field::version, version(0))));
  EXPECT_FALSE(parse_x509(with_field(der, Field::version, version(3))));
  EXPECT_FALSE(parse_x509(with_field(der, Field::version, {})));
}

TEST(ParseX509, RefusesOtherSignatureAlgorithms) {
  const Bytes der = Issuing().issue();
  // ecdsa-with-SHA1 and ecdsa-with-SHA384.
  for (const Bytes& identifier : {Bytes{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01},
                                  Bytes{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}}) {
    const auto refused = parse_x509(
        with_field(der, Field::algorithm, der_sequence({der_object_identifier(identifier)})));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
  }
}

TEST(ParseX509, RefusesOtherKeys) {
  const Bytes der = Issuing().issue();
  const Bytes p384{0x2b, 0x81, 0x04, 0x00, 0x22};
  const Bytes ec{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
  const Bytes rsa{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
  for (const Bytes& algorithm :
       {der_sequence({der_object_identifier(ec), der_object_identifier(p384)}),
        der_sequence({der_object_identifier(rsa), Bytes{0x05, 0x00}})}) {
    const auto refused = parse_x509(with_field(
        der, Field::public_key, der_sequence({algorithm, der_bit_string(Bytes(65, 4))})));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
  }
}

TEST(ParseX509, RefusesAPointInAnotherForm) {
  const Issuing issuing;
  const Bytes der = issuing.issue();
  const Bytes algorithm =
      der_sequence({der_object_identifier(Bytes{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}),
                    der_object_identifier(Bytes{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07})});
  Bytes point(1 + p256_key_bytes);
  std::ranges::copy(issuing.draft.public_key, point.begin() + 1);
  const auto parses = [&](std::uint8_t form, std::size_t size) {
    Bytes changed = point;
    changed[0] = form;
    changed.resize(size);
    const Bytes info = der_sequence({algorithm, der_bit_string(changed)});
    return parse_x509(with_field(der, Field::public_key, info)).has_value();
  };
  EXPECT_TRUE(parses(0x04, 65));
  for (const std::uint8_t form : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{6}}) {
    EXPECT_FALSE(parses(form, 65)) << "form " << int{form};
  }
  EXPECT_FALSE(parses(0x02, 33)) << "compressed";
  EXPECT_FALSE(parses(0x04, 64));
  EXPECT_FALSE(parses(0x04, 66));
}

TEST(ParseX509, ReadsOneCommonNameOrNone) {
  const Bytes der = Issuing().issue();
  constexpr std::uint8_t t61_string = 0x14;
  const auto attribute = [](std::uint8_t last_arc, std::uint8_t tag, std::string_view text) {
    return der_element(der_tag::set,
                       der_sequence({der_object_identifier(Bytes{0x55, 0x04, last_arc}),
                                     der_element(tag, bytes_of(text))}));
  };
  const auto read = [&](std::initializer_list<ByteView> attributes) -> std::string {
    const Bytes changed = with_field(der, Field::subject, der_sequence(attributes));
    const auto certificate = parse_x509(changed);
    return certificate ? certificate->subject_common_name : "refused";
  };
  const Bytes common = attribute(3, der_tag::utf8_string, "a name");
  const Bytes country = attribute(6, der_tag::printable_string, "US");
  EXPECT_EQ(read({}), "");
  EXPECT_EQ(read({country}), "");
  EXPECT_EQ(read({common, country}), "a name");
  EXPECT_EQ(read({attribute(3, der_tag::printable_string, "another")}), "another");
  EXPECT_EQ(read({common, common}), "refused");
  EXPECT_EQ(read({attribute(3, t61_string, "old")}), "refused");
}

TEST(ParseX509, ReadsBothFormsOfTime) {
  const Bytes der = Issuing().issue();
  const auto read = [&](std::uint8_t tag, std::string_view text) {
    const Bytes end = der_element(tag, bytes_of(text));
    const Bytes start = der_element(der_tag::utc_time, bytes_of("500101000000Z"));
    const Bytes changed = with_field(der, Field::validity, der_sequence({start, end}));
    const auto certificate = parse_x509(changed);
    return certificate ? to_rfc3339(certificate->not_after) : "refused";
  };
  EXPECT_EQ(read(der_tag::utc_time, "491231235959Z"), "2049-12-31T23:59:59.000Z");
  EXPECT_EQ(read(der_tag::utc_time, "990228000000Z"), "1999-02-28T00:00:00.000Z");
  EXPECT_EQ(read(der_tag::generalized_time, "99991231235959Z"), "9999-12-31T23:59:59.000Z");
  for (const std::string_view text :
       {"", "Z", "491231235959", "491231235959+0000", "490229000000Z", "491301000000Z",
        "490001000000Z", "490132000000Z", "490101240000Z", "490101006000Z", "490101000060Z",
        "4901010000Z", "49010100000aZ", " 90101000000Z", "490101000000Z0"}) {
    EXPECT_EQ(read(der_tag::utc_time, text), "refused") << text;
  }
  EXPECT_EQ(read(der_tag::generalized_time, "20490101000000.5Z"), "refused");
  EXPECT_EQ(read(der_tag::printable_string, "491231235959Z"), "refused");
}

TEST(IssueCertificate, RefusesWhatItCannotWrite) {
  Issuing issuing;
  issuing.draft.not_after = {2524608000000};  // 2050
  EXPECT_FALSE(issue_certificate(issuing.draft, issuing.issuer_key));
  issuing.draft.not_after = {2524607999999};
  EXPECT_TRUE(issue_certificate(issuing.draft, issuing.issuer_key));
  issuing.draft.not_before = {-1};
  EXPECT_FALSE(issue_certificate(issuing.draft, issuing.issuer_key));
  issuing.draft.not_before = year_2025;
  issuing.draft.serial = {};
  EXPECT_FALSE(issue_certificate(issuing.draft, issuing.issuer_key));
  const Bytes long_serial(21, 1);
  issuing.draft.serial = long_serial;
  EXPECT_FALSE(issue_certificate(issuing.draft, issuing.issuer_key));
  issuing.draft.serial = some_serial;
  issuing.draft.path_length_max = 128;
  EXPECT_FALSE(issue_certificate(issuing.draft, issuing.issuer_key));
}

}  // namespace
}  // namespace mayfly::crypto
