#include "certificate/ids.hpp"

#include <gtest/gtest.h>

namespace mayfly::certificate {
namespace {

TEST(CertificateId, IsTheHashOfTheBytes) {
  EXPECT_EQ(certificate_id(bytes_of("abc")),
            "cert_ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(claim_hash(bytes_of("abc")),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CheckCertificateId, TakesWholeIdsOnly) {
  const std::string id = certificate_id({});
  EXPECT_TRUE(check_certificate_id(id));
  EXPECT_FALSE(check_certificate_id(id.substr(0, id.size() - 1)));
  EXPECT_FALSE(check_certificate_id(id + "0"));
  EXPECT_FALSE(check_certificate_id("cert_" + std::string(64, 'A')));
  EXPECT_FALSE(check_certificate_id("sha256:" + std::string(64, 'a')));
}

TEST(CheckCertificateIdOrPrefix, NeedsTwelveDigits) {
  const std::string id = certificate_id({});
  EXPECT_TRUE(check_certificate_id_or_prefix(id));
  EXPECT_TRUE(check_certificate_id_or_prefix(id.substr(0, 5 + 12)));
  EXPECT_FALSE(check_certificate_id_or_prefix(id.substr(0, 5 + 11)));
  EXPECT_FALSE(check_certificate_id_or_prefix(id + "0"));
  EXPECT_FALSE(check_certificate_id_or_prefix("cert_%%%%%%%%%%%%"));
}

}  // namespace
}  // namespace mayfly::certificate
