#include "store/cursor.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/store/rows.hpp"

namespace mayfly::store {
namespace {

TEST(Cursor, DecodesWhatItEncodes) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{1'767'225'600'000},
                                  std::numeric_limits<std::int64_t>::max(), std::int64_t{-1}}) {
    const auto decoded = decode_cursor(encode_cursor({{time}, id_of(7)}));
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(decoded->issued_at.value, time);
    EXPECT_EQ(decoded->certificate_id, id_of(7));
  }
}

TEST(Cursor, RefusesEveryTruncationAndEveryExtension) {
  const std::string cursor = encode_cursor({{1000}, id_of(7)});
  for (std::size_t length = 0; length < cursor.size(); ++length) {
    const auto decoded = decode_cursor(std::string_view(cursor).substr(0, length));
    ASSERT_FALSE(decoded) << "accepted " << length << " characters";
    EXPECT_EQ(decoded.error().code(), ErrorCode::malformed);
  }
  EXPECT_FALSE(decode_cursor(cursor + "A"));
  EXPECT_FALSE(decode_cursor(cursor + "AAAA"));
}

TEST(Cursor, RefusesAnIdThatIsNotOne) {
  std::string id = id_of(7);
  id[10] = '\'';
  EXPECT_FALSE(decode_cursor(encode_cursor({{1000}, id})));
}

TEST(CertificateId, TakesTwelveToSixtyFourLowerCaseHexDigits) {
  EXPECT_TRUE(is_certificate_id("cert_" + std::string(12, 'a'), 12));
  EXPECT_FALSE(is_certificate_id("cert_" + std::string(11, 'a'), 12));
  EXPECT_TRUE(is_certificate_id("cert_" + std::string(64, 'f'), 12));
  EXPECT_FALSE(is_certificate_id("cert_" + std::string(65, 'f'), 12));
  EXPECT_FALSE(is_certificate_id("cert_" + std::string(12, 'A'), 12));
  EXPECT_FALSE(is_certificate_id("cert_" + std::string(12, 'g'), 12));
  EXPECT_FALSE(is_certificate_id("Cert_" + std::string(12, 'a'), 12));
  EXPECT_FALSE(is_certificate_id("", 12));
}

}  // namespace
}  // namespace mayfly::store
