#include <gtest/gtest.h>

#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"

namespace mayfly::crypto {
namespace {

TEST(Der, RoundTripsContentOfEveryLengthForm) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
    const Bytes content(size, 0x5a);
    const Bytes der = der_octet_string(content);
    DerReader reader(der);
    const auto element = reader.take(der_tag::octet_string);
    ASSERT_TRUE(element) << size;
    EXPECT_EQ(element->content.size(), size);
    EXPECT_EQ(element->whole.size(), der.size());
    EXPECT_TRUE(reader.at_end());
    EXPECT_TRUE(reader.expect_end());
  }
}

TEST(DerReader, RefusesEveryOtherLengthForm) {
  const Bytes cases[] = {
      {0x04},                                      // no length
      {0x04, 0x02, 0x00},                          // longer than the input
      {0x04, 0x80, 0x00, 0x00},                    // indefinite
      {0x04, 0x81, 0x01, 0x00},                    // long form for a short length
      {0x04, 0x82, 0x00, 0x80},                    // leading zero
      {0x04, 0x85, 0x01, 0x00, 0x00, 0x00, 0x00},  // five length bytes
      {0x04, 0x82, 0x01},                          // truncated length
      {0x04, 0x84, 0xff, 0xff, 0xff, 0xff},        // 4 GiB
      {0x1f, 0x81, 0x00, 0x00},                    // tag of more than one byte
      {},
  };
  for (const Bytes& bytes : cases) {
    const auto element = DerReader(bytes).take();
    ASSERT_FALSE(element);
    EXPECT_EQ(element.error().code(), ErrorCode::malformed);
  }
}

TEST(DerReader, RefusesAnotherTagThanAskedFor) {
  const Bytes der = der_octet_string({});
  EXPECT_FALSE(DerReader(der).take(der_tag::integer));
  EXPECT_FALSE(DerReader(der).enter(der_tag::sequence));
  EXPECT_FALSE(DerReader(der).expect_end());
}

TEST(DerReader, ReadsIntegersInTheirShortestFormOnly) {
  const std::pair<Bytes, Bytes> good[] = {{{0x02, 0x01, 0x00}, {}},
                                          {{0x02, 0x01, 0x7f}, {0x7f}},
                                          {{0x02, 0x02, 0x00, 0x80}, {0x80}},
                                          {{0x02, 0x02, 0x01, 0x00}, {0x01, 0x00}}};
  for (const auto& [der, magnitude] : good) {
    const auto number = DerReader(der).take_unsigned_integer();
    ASSERT_TRUE(number);
    EXPECT_EQ(Bytes(number->begin(), number->end()), magnitude);
    EXPECT_EQ(der_unsigned_integer(magnitude), der);
  }
  const Bytes bad[] = {{0x02, 0x00},
                       {0x02, 0x01, 0x80},
                       {0x02, 0x01, 0xff},
                       {0x02, 0x02, 0x00, 0x00},
                       {0x02, 0x02, 0x00, 0x7f}};
  for (const Bytes& der : bad) {
    EXPECT_FALSE(DerReader(der).take_unsigned_integer());
  }
}

TEST(DerReader, ReadsBitStringsOfWholeBytesOnly) {
  const Bytes good = der_bit_string(Bytes{0xab});
  const auto bits = DerReader(good).take_bit_string_bytes();
  ASSERT_TRUE(bits);
  EXPECT_EQ((*bits)[0], 0xab);
  EXPECT_FALSE(DerReader(Bytes{0x03, 0x00}).take_bit_string_bytes());
  EXPECT_FALSE(DerReader(Bytes{0x03, 0x02, 0x01, 0xfe}).take_bit_string_bytes());
}

}  // namespace
}  // namespace mayfly::crypto
