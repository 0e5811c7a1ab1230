#include "crypto/x509_crl.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/file_io.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509_identifiers.hpp"
#include "crypto/x509_key_identifier.hpp"
#include "tests/crypto/crl_builder.hpp"

namespace mayfly::crypto {
namespace {

constexpr UnixMillis crl_year_2025{1735689600000};
constexpr UnixMillis crl_year_2030{1893456000000};
constexpr std::array<std::uint8_t, 1> one{0x01};
const std::string crl_vectors = std::string(MAYFLY_VECTORS) + "/attest/tdx/";

Bytes read_vector(const std::string& name) {
  return *read_file(crl_vectors + name, std::size_t{1} << 20U);
}

// An issuer with its certificate, and a list by it; a test changes the drafts first.
struct Listing {
  P256PrivateKey key = *P256PrivateKey::generate();
  CertificateDraft issuer{.serial = one,
                          .issuer_common_name = "An issuer",
                          .subject_common_name = "An issuer",
                          .not_before = crl_year_2025,
                          .not_after = crl_year_2030,
                          .role = CertificateRole::certificate_authority,
                          .path_length_max = {},
                          .key_usage = {},
                          .public_key = key.public_key(),
                          .extra_extension = {}};
  test::CrlDraft draft{.issuer_common_name = "An issuer",
                       .this_update = crl_year_2025,
                       .next_update = crl_year_2030,
                       .serials = {{0x01, 0xff}, {0xfe, 0x00, 0x07}},
                       .list_extension = {},
                       .entry_extension = {}};

  Bytes list() const { return test::issue_crl(draft, key); }
  Bytes issuer_der() const { return *issue_certificate(issuer, key); }
};

ErrorCode code_of(const Bytes& der) {
  const auto crl = parse_x509_crl(der);
  return crl ? ErrorCode::internal : crl.error().code();
}

Result<void> verify(const Bytes& list, const Bytes& issuer) {
  TRY(const X509Crl crl, parse_x509_crl(list));
  TRY(const X509Certificate certificate, parse_x509(issuer));
  return verify_crl_issued_by(crl, certificate);
}

TEST(X509Crl, FindsExactlyTheSerialsOnIt) {
  const Bytes der = Listing().list();
  const auto crl = parse_x509_crl(der);
  ASSERT_TRUE(crl) << crl.error().message();
  EXPECT_TRUE(is_revoked(*crl, Bytes{0x01, 0xff}));
  EXPECT_TRUE(is_revoked(*crl, Bytes{0xfe, 0x00, 0x07}));
  for (const Bytes& other : {Bytes{0xff}, Bytes{0x01}, Bytes{}, Bytes{0xfe, 0x00}}) {
    EXPECT_FALSE(is_revoked(*crl, other));
  }
  EXPECT_TRUE(crl->is_valid_at(crl_year_2025));
  EXPECT_TRUE(crl->is_valid_at(crl_year_2030));
  EXPECT_FALSE(crl->is_valid_at({crl_year_2025.value - 1}));
  EXPECT_FALSE(crl->is_valid_at({crl_year_2030.value + 1}));
}

TEST(X509Crl, VerifiesUnderItsIssuerAlone) {
  const Listing listing;
  EXPECT_TRUE(verify(listing.list(), listing.issuer_der()));
  const Listing other;
  EXPECT_FALSE(verify(listing.list(), other.issuer_der())) << "another key of the same name";
  Listing renamed;
  renamed.draft.issuer_common_name = "Another";
  EXPECT_FALSE(verify(renamed.list(), renamed.issuer_der()));
  Listing unauthorised;
  unauthorised.issuer.key_usage = KeyUsage{.certificate_signing = true};
  EXPECT_FALSE(verify(unauthorised.list(), unauthorised.issuer_der()));
}

TEST(X509Crl, RefusesEveryTruncationAndEveryChangedByte) {
  const Listing listing;
  const Bytes issuer = listing.issuer_der();
  const Bytes der = listing.list();
  for (std::size_t length = 0; length < der.size(); ++length) {
    ASSERT_FALSE(parse_x509_crl(ByteView(der).first(length))) << length;
  }
  Bytes changed = der;
  for (std::size_t i = 0; i < der.size(); ++i) {
    changed[i] ^= 0x01;
    ASSERT_FALSE(verify(changed, issuer)) << "byte " << i;
    changed[i] = der[i];
  }
}

TEST(X509Crl, RefusesListsThatAreNotComplete) {
  for (const ByteView partial : {ByteView(identifier::delta_crl_indicator),
                                 ByteView(identifier::issuing_distribution_point)}) {
    Listing listing;
    listing.draft.list_extension = {.identifier = partial, .value = one};
    EXPECT_EQ(code_of(listing.list()), ErrorCode::rejected);
  }
  Listing unknown;
  unknown.draft.list_extension = {
      .identifier = one, .value = one, .criticality = Criticality::critical};
  EXPECT_EQ(code_of(unknown.list()), ErrorCode::rejected);
  unknown.draft.list_extension->criticality = Criticality::ordinary;
  EXPECT_TRUE(parse_x509_crl(unknown.list()));
  Listing indirect;
  indirect.draft.entry_extension = {
      .identifier = one, .value = one, .criticality = Criticality::critical};
  EXPECT_EQ(code_of(indirect.list()), ErrorCode::rejected);
}

TEST(X509Crl, BoundsTheSize) {
  EXPECT_EQ(code_of(Bytes(x509_crl_bytes_max + 1)), ErrorCode::limit);
  EXPECT_EQ(code_of(Bytes(x509_crl_bytes_max)), ErrorCode::malformed);
}

TEST(X509Crl, ReadsIntelsLists) {
  const Bytes pem = read_vector("certs/pck_platform_ca_chain.pem");
  const auto chain = *split_pem_chain(pem, 2);
  const Bytes list = read_vector("pckcrl/platform_20250619T100035.der");
  ASSERT_TRUE(verify(list, chain[0]));
  EXPECT_FALSE(verify(list, chain[1]));
  const auto crl = parse_x509_crl(list);
  EXPECT_EQ(to_rfc3339(crl->this_update), "2025-06-19T10:00:35.000Z");
  EXPECT_EQ(to_rfc3339(crl->next_update), "2025-07-19T10:00:35.000Z");
  // Read by OpenSSL: the first serial number of this list.
  const Bytes first{0x6f, 0xc3, 0x4e, 0x50, 0x23, 0xe7, 0x28, 0x92, 0x34, 0x35,
                    0xd6, 0x1a, 0xa4, 0xb8, 0x3c, 0x61, 0x81, 0x66, 0xad, 0x35};
  EXPECT_TRUE(is_revoked(*crl, first));
  EXPECT_TRUE(verify(read_vector("rootcrl/root_20250320T112157.der"), chain[1]));
}

TEST(X509KeyIdentifier, MustBeTheSameWhereBothSidesNameOne) {
  const std::array<std::uint8_t, 2> key{0xaa, 0xbb};
  const Bytes own = der_octet_string(key);
  const Bytes named = der_sequence({der_element(0x80, key)});
  const Bytes other = der_sequence({der_element(0x80, one)});
  const std::array issuer{X509Extension{identifier::subject_key_identifier, own}};
  const std::array same{X509Extension{identifier::authority_key_identifier, named}};
  const std::array different{X509Extension{identifier::authority_key_identifier, other}};
  const std::array broken{X509Extension{identifier::authority_key_identifier, key}};
  EXPECT_TRUE(check_key_identifiers(same, issuer));
  EXPECT_TRUE(check_key_identifiers({}, issuer));
  EXPECT_TRUE(check_key_identifiers(same, {}));
  EXPECT_EQ(check_key_identifiers(different, issuer).error().code(), ErrorCode::rejected);
  EXPECT_EQ(check_key_identifiers(broken, issuer).error().code(), ErrorCode::malformed);
}

}  // namespace
}  // namespace mayfly::crypto
