#include "base/byte_reader.hpp"

#include <gtest/gtest.h>

namespace mayfly {
namespace {

constexpr std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};

TEST(ByteReader, ReadsBothByteOrders) {
  EXPECT_EQ(*ByteReader(bytes).take_u8(), 1);
  EXPECT_EQ(*ByteReader(bytes).take_u16_le(), 0x0201);
  EXPECT_EQ(*ByteReader(bytes).take_u16_be(), 0x0102);
  EXPECT_EQ(*ByteReader(bytes).take_u32_le(), 0x04030201U);
  EXPECT_EQ(*ByteReader(bytes).take_u32_be(), 0x01020304U);
  EXPECT_EQ(*ByteReader(bytes).take_u64_le(), 0x0807060504030201U);
  EXPECT_EQ(*ByteReader(bytes).take_u64_be(), 0x0102030405060708U);
}

TEST(ByteReader, AdvancesByWhatWasTaken) {
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.take_u16_le());
  EXPECT_EQ(reader.offset(), 2U);
  EXPECT_EQ(reader.remaining(), 6U);
  const auto array = reader.take_array<3>();
  ASSERT_TRUE(array);
  EXPECT_EQ(*array, (std::array<std::uint8_t, 3>{3, 4, 5}));
  EXPECT_EQ(reader.offset(), 5U);
}

TEST(ByteReader, TakesExactlyTheRestAndNoMore) {
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.take(8));
  EXPECT_TRUE(reader.take(0));
  const auto past = reader.take_u8();
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::malformed);
}

TEST(ByteReader, RefusesACountThatWouldWrapAround) {
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.take_u8());
  EXPECT_FALSE(reader.take(SIZE_MAX));
  EXPECT_FALSE(reader.take(8));
}

TEST(ByteReader, DoesNotMoveOnAFailedRead) {
  ByteReader reader(ByteView(bytes).first(3));
  EXPECT_FALSE(reader.take_u32_le());
  EXPECT_FALSE(reader.take_array<4>());
  EXPECT_EQ(reader.offset(), 0U);
  EXPECT_TRUE(reader.take(3));
}

}  // namespace
}  // namespace mayfly
