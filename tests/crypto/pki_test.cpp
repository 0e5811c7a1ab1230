// Certificates, chains and revocation lists of a small PKI made by the openssl command.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file_io.hpp"
#include "crypto/pki_chain.hpp"
#include "crypto/revocation_list.hpp"

namespace mayfly::crypto {
namespace {

constexpr UnixMillis now{1800000000000};  // 2027-01-15

Bytes file(const std::string& name) {
  auto bytes = read_file(std::string(MAYFLY_VECTORS) + "/crypto/openssl/" + name, 65536);
  EXPECT_TRUE(bytes) << name;
  return bytes.value_or(Bytes());
}

PkiChainReport check(const std::vector<std::string>& names, UnixMillis at = now) {
  std::vector<Bytes> der;
  for (const std::string& name : names) der.push_back(file(name));
  const auto chain = read_pki_chain(der);
  EXPECT_TRUE(chain) << chain.error().message();
  const Bytes root = file("root_rsa_pss.der");
  const ByteView anchors[] = {root};
  return check_pki_chain(*chain, anchors, at);
}

TEST(PkiCertificate, ReadsWhatTheOpensslCommandIssued) {
  const auto leaf = PkiCertificate::parse(file("leaf_p256.der"));
  ASSERT_TRUE(leaf) << leaf.error().message();
  EXPECT_EQ(leaf->common_name(), "Test leaf");
  EXPECT_EQ(leaf->serial(), (Bytes{0x20, 0x01}));
  EXPECT_FALSE(leaf->is_authority());
  EXPECT_TRUE(leaf->may_sign_data());
  EXPECT_FALSE(leaf->may_sign_certificates());
  EXPECT_TRUE(leaf->has_extended_usage("2.23.133.8.3"));
  EXPECT_FALSE(leaf->has_extended_usage("2.23.133.8.1"));
  EXPECT_EQ(leaf->extension("1.3.6.1.4.1.3704.1.3.1"), (Bytes{0x02, 0x01, 0x03}));
  EXPECT_FALSE(leaf->extension("1.3.6.1.4.1.3704.1.3.2"));
  const auto root = PkiCertificate::parse(file("root_rsa_pss.der"));
  ASSERT_TRUE(root);
  EXPECT_TRUE(root->is_authority() && root->may_sign_certificates() && root->may_sign_lists());
  EXPECT_EQ(root->path_length_max(), 1U);
}

TEST(PkiCertificate, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(PkiCertificate::parse(file("leaf_sha1.der")).error().code(), ErrorCode::rejected);
  for (const char* name : {"leaf_unknown_critical.der", "leaf_name_constraints.der"}) {
    const auto parsed = PkiCertificate::parse(file(name));
    ASSERT_FALSE(parsed) << name;
    EXPECT_NE(parsed.error().message().find("critical extension"), std::string::npos);
  }
}

TEST(PkiCertificate, RefusesEveryTruncationAndExtension) {
  const Bytes whole = file("leaf_p256.der");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_FALSE(PkiCertificate::parse(ByteView(whole).first(length))) << length;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(PkiCertificate::parse(longer));
  EXPECT_EQ(PkiCertificate::parse(Bytes(pki_certificate_bytes_max + 1)).error().code(),
            ErrorCode::limit);
  EXPECT_EQ(PkiCertificate::parse(Bytes(pki_certificate_bytes_max)).error().code(),
            ErrorCode::malformed);
}

// Goal: no changed byte of a certificate leaves a chain that holds.
TEST(CheckPkiChain, RefusesEveryChangedByteOfTheLeaf) {
  const Bytes root = file("root_rsa_pss.der");
  const ByteView anchors[] = {root};
  std::vector<Bytes> der{file("leaf_p256.der"), file("intermediate_p384.der"), root};
  for (std::size_t i = 0; i < der[0].size(); ++i) {
    der[0][i] = static_cast<std::uint8_t>(der[0][i] ^ 0x01U);
    const auto chain = read_pki_chain(der);
    ASSERT_FALSE(chain && check_pki_chain(*chain, anchors, now).holds()) << i;
    der[0][i] = static_cast<std::uint8_t>(der[0][i] ^ 0x01U);
  }
}

TEST(CheckPkiChain, HoldsForAWholeChain) {
  EXPECT_TRUE(check({"leaf_p256.der", "intermediate_p384.der", "root_rsa_pss.der"}).holds());
}

TEST(CheckPkiChain, EachRuleIsJudgedForItself) {
  const auto alone = check({"root_rsa_pss.der"});
  EXPECT_FALSE(alone.anchored);
  EXPECT_FALSE(alone.constraints);
  const auto without_root = check({"leaf_p256.der", "intermediate_p384.der"});
  EXPECT_FALSE(without_root.anchored);
  EXPECT_TRUE(without_root.names && without_root.constraints && without_root.signatures);
  const auto shortcut = check({"leaf_p256.der", "root_rsa_pss.der"});
  EXPECT_TRUE(shortcut.anchored && shortcut.constraints && shortcut.validity);
  EXPECT_FALSE(shortcut.names);
  EXPECT_FALSE(shortcut.signatures);
  const auto authority =
      check({"leaf_is_authority.der", "intermediate_p384.der", "root_rsa_pss.der"});
  EXPECT_FALSE(authority.constraints);
  EXPECT_TRUE(authority.signatures && authority.anchored && authority.names);
  const auto deep =
      check({"leaf_p256.der", "too_deep.der", "intermediate_p384.der", "root_rsa_pss.der"});
  EXPECT_TRUE(deep.names && deep.signatures && deep.anchored && deep.validity);
  EXPECT_FALSE(deep.constraints);
}

TEST(CheckPkiChain, LooksAtBothEndsOfValidity) {
  const std::vector<std::string> names{"leaf_p256.der", "intermediate_p384.der",
                                       "root_rsa_pss.der"};
  const auto leaf = PkiCertificate::parse(file("leaf_p256.der")).value();
  EXPECT_TRUE(check(names, leaf.not_before()).validity);
  EXPECT_FALSE(check(names, UnixMillis{leaf.not_before().value - 1}).validity);
  const auto root = PkiCertificate::parse(file("root_rsa_pss.der")).value();
  EXPECT_TRUE(check(names, root.not_after()).validity);
  EXPECT_FALSE(check(names, UnixMillis{leaf.not_after().value + 1}).validity);
}

TEST(ReadPkiChain, BoundsItsLength) {
  const Bytes leaf = file("leaf_p256.der");
  EXPECT_FALSE(read_pki_chain({}));
  EXPECT_TRUE(read_pki_chain(std::vector<Bytes>(pki_chain_length_max, leaf)));
  EXPECT_EQ(read_pki_chain(std::vector<Bytes>(pki_chain_length_max + 1, leaf)).error().code(),
            ErrorCode::limit);
}

TEST(RevocationList, SaysWhatIsRevoked) {
  const auto root = PkiCertificate::parse(file("root_rsa_pss.der")).value();
  const auto intermediate = PkiCertificate::parse(file("intermediate_p384.der")).value();
  const auto leaf = PkiCertificate::parse(file("leaf_p256.der")).value();
  const auto empty = RevocationList::parse(file("crl_empty.der"));
  ASSERT_TRUE(empty) << empty.error().message();
  EXPECT_TRUE(empty->check_issued_by(root));
  EXPECT_TRUE(empty->check_not_revoked(intermediate));
  EXPECT_FALSE(empty->check_not_revoked(leaf)) << "another issuer's";
  const auto revokes = RevocationList::parse(file("crl_revokes_intermediate.der"));
  ASSERT_TRUE(revokes);
  EXPECT_TRUE(revokes->check_issued_by(root));
  EXPECT_FALSE(revokes->check_not_revoked(intermediate));
  EXPECT_FALSE(revokes->check_issued_by(intermediate)) << "another issuer";
  EXPECT_TRUE(revokes->check_current(revokes->next_update()));
  EXPECT_FALSE(revokes->check_current(UnixMillis{revokes->next_update().value + 1}));
  EXPECT_FALSE(revokes->check_current(UnixMillis{revokes->this_update().value - 1}));
}

TEST(RevocationList, RefusesEveryChangedByte) {
  const auto root = PkiCertificate::parse(file("root_rsa_pss.der")).value();
  Bytes der = file("crl_revokes_intermediate.der");
  for (std::size_t i = 0; i < der.size(); ++i) {
    der[i] = static_cast<std::uint8_t>(der[i] ^ 0x01U);
    const auto list = RevocationList::parse(der);
    ASSERT_FALSE(list && list->check_issued_by(root)) << i;
    der[i] = static_cast<std::uint8_t>(der[i] ^ 0x01U);
  }
  EXPECT_EQ(RevocationList::parse(Bytes(revocation_list_bytes_max + 1)).error().code(),
            ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::crypto
