#include "crypto/locked_p256_key.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <span>
#include <sstream>
#include <string>

#include "base/text_encoding.hpp"
#include "crypto/p256_form.hpp"
#include "tests/support/sanitizer.hpp"

namespace mayfly::crypto {
namespace {

// RFC 6979, A.2.5, SHA-256, message "sample": its s is the higher one.
constexpr std::string_view rfc6979_locked_public_key =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr std::string_view rfc6979_signature =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

LockedP256Key fresh_locked_key() {
  auto key = LockedP256Key::generate();
  EXPECT_TRUE(key) << key.error().message();
  return std::move(*key);
}

TEST(LockedP256Key, SignsInOneFormThatItsPublicKeyVerifies) {
  const LockedP256Key key = fresh_locked_key();
  const auto public_key = EcdsaPublicKey::from_raw(EcdsaCurve::p256, key.public_key());
  ASSERT_TRUE(public_key);
  for (int i = 0; i < 200; ++i) {  // half of them come out of libcrypto with the higher s
    const std::string message = std::to_string(i);
    const auto der = key.sign(bytes_of(message));
    ASSERT_TRUE(der) << der.error().message();
    ASSERT_LE(der->size(), p256_der_signature_bytes_max);
    ASSERT_GE(der->size(), p256_der_signature_bytes_min);
    const auto r_s = p256_signature_from_der(*der);
    ASSERT_TRUE(r_s) << r_s.error().message();
    ASSERT_TRUE(public_key->verify(bytes_of(message), *r_s));
  }
}

TEST(LockedP256Key, MakesANewKeyEachTimeAndANewNonce) {
  const LockedP256Key key = fresh_locked_key();
  EXPECT_NE(fresh_locked_key().public_key(), key.public_key());
  const Bytes first = *key.sign(bytes_of("a"));
  const Bytes second = *key.sign(bytes_of("a"));
  EXPECT_NE(first, second);
}

TEST(LockedP256Key, RefusesScalarsOutsideOneToOrder) {
  for (const Bytes& wrong : {Bytes(32, 0), Bytes(32, 0xff), Bytes(31, 1), Bytes(33, 1), Bytes()}) {
    const auto key = LockedP256Key::from_scalar(wrong);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code(), ErrorCode::malformed);
  }
}

TEST(P256SignatureForm, TakesTheLowerSAlone) {
  const auto key =
      EcdsaPublicKey::from_raw(EcdsaCurve::p256, *hex_decode(rfc6979_locked_public_key));
  ASSERT_TRUE(key);
  const Bytes high = *hex_decode(rfc6979_signature);
  EXPECT_FALSE(has_low_s(high));
  const Bytes low = with_low_s(high);
  EXPECT_TRUE(has_low_s(low));
  EXPECT_TRUE(key->verify(bytes_of("sample"), high));
  EXPECT_TRUE(key->verify(bytes_of("sample"), low));
  EXPECT_EQ(with_low_s(low), low);
  EXPECT_EQ(with_negated_s(low), high);

  const auto refused = p256_signature_from_der(ecdsa_signature_to_der(high));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
  const auto taken = p256_signature_from_der(ecdsa_signature_to_der(low));
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, low);
}

// The middle is in neither half: n is odd.
TEST(P256SignatureForm, KnowsTheTwoValuesNextToTheMiddle) {
  const std::string r = "0000000000000000000000000000000000000000000000000000000000000001";
  const std::string lower = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";
  const std::string higher = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9";
  EXPECT_TRUE(has_low_s(*hex_decode(r + lower)));
  EXPECT_FALSE(has_low_s(*hex_decode(r + higher)));
  EXPECT_EQ(with_low_s(*hex_decode(r + higher)), *hex_decode(r + lower));
}

TEST(P256SignatureForm, RefusesWhatIsNotStrictDer) {
  const Bytes der = *fresh_locked_key().sign(bytes_of("message"));
  for (std::size_t length = 0; length < der.size(); ++length) {
    ASSERT_FALSE(p256_signature_from_der(ByteView(der).first(length))) << length;
  }
  Bytes trailing = der;
  trailing.push_back(0);
  Bytes long_length = der;
  long_length.insert(long_length.begin() + 1, 0x81);
  for (const Bytes& wrong :
       {trailing, long_length, Bytes{0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01}}) {
    EXPECT_FALSE(p256_signature_from_der(wrong));
  }
}

// Counts the places of the process's writable memory that hold the bytes. They are given inverted,
// so that the test's own copy is not one; memory is looked at where it lies, so that none is made.
std::size_t places_holding(const Bytes& inverted) {
  const auto matches = [](std::uint8_t byte, std::uint8_t not_byte) {
    return byte == static_cast<std::uint8_t>(~not_byte);
  };
  std::ifstream maps("/proc/self/maps");
  EXPECT_TRUE(maps);
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::string permissions;
    fields >> std::hex >> begin >> dash >> end >> permissions;
    if (!permissions.starts_with("rw")) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what the kernel lists
    const ByteView memory(reinterpret_cast<const std::uint8_t*>(begin), end - begin);
    for (auto at = memory.begin();; ++at, ++count) {
      at = std::search(at, memory.end(), inverted.begin(), inverted.end(), matches);
      if (at == memory.end()) break;
    }
  }
  return count;
}

// Far below on the stack, where what is left is not overwritten before it is looked for.
template <class Action>
[[gnu::noinline]] auto far_below(Action action) {
  std::array<volatile std::uint8_t, std::size_t{256} * 1024> distance;
  volatile std::uint8_t& nearest = distance.back();  // no call comes after the action
  auto out = action();
  nearest = 0;
  return out;
}

// 32 bytes that are nowhere in the process, inverted.
Bytes inverted_secret() {
  Bytes inverted(32);
  for (std::size_t i = 0; i < inverted.size(); ++i) {
    inverted[i] = static_cast<std::uint8_t>(~(17 + 5 * i));
  }
  return inverted;
}

void write_secret(std::span<std::uint8_t> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::uint8_t>(17 + 5 * i);
}

// That the search below would find a copy: of the heap, and one that a call left on the stack.
TEST(LockedP256Key, ACopyThatIsLeftIsFound) {
  if (test::sanitizer_build) GTEST_SKIP() << "sanitizers keep copies of what was on the stack";
  const Bytes inverted = inverted_secret();
  EXPECT_EQ(places_holding(inverted), 0U);
  Bytes held(32);
  write_secret(held);
  EXPECT_EQ(places_holding(inverted), 1U);
  far_below([] {
    std::array<std::uint8_t, 32> left;
    write_secret(left);
    return left.size();
  });
  EXPECT_EQ(places_holding(inverted), 2U);
  far_below([] {
    sodium_stackzero(std::size_t{16} * 1024);
    return 0;
  });
  std::ranges::fill(held, std::uint8_t{0});
  EXPECT_EQ(places_holding(inverted), 0U);
}

// Goal: the key is in its locked page and nowhere else. Method: look through all of the process's
// memory for it, in both byte orders, while it is held and after.
TEST(LockedP256Key, IsHeldOnceAndNotAtAllAfterwards) {
  if (test::sanitizer_build) GTEST_SKIP() << "sanitizers keep copies of what was on the stack";
  const Bytes inverted = inverted_secret();
  const Bytes inverted_backwards(inverted.rbegin(), inverted.rend());
  {
    Bytes scalar(32);
    write_secret(scalar);
    const auto key = far_below([&] { return LockedP256Key::from_scalar(scalar); });
    ASSERT_TRUE(key) << key.error().message();
    std::ranges::fill(scalar, std::uint8_t{0});
    EXPECT_EQ(places_holding(inverted), 1U);
    EXPECT_EQ(places_holding(inverted_backwards), 0U);
    ASSERT_TRUE(far_below([&] { return key->sign(bytes_of("message")); }));
    EXPECT_EQ(places_holding(inverted), 1U);
    EXPECT_EQ(places_holding(inverted_backwards), 0U);
  }
  EXPECT_EQ(places_holding(inverted), 0U);
  EXPECT_EQ(places_holding(inverted_backwards), 0U);
}

}  // namespace
}  // namespace mayfly::crypto
