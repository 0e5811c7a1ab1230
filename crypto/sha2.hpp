// SHA-256 and SHA-384: one-shot, incremental, and the text form "sha256:<hex>".
//
// Source    FIPS 180-4 and RFC 2104, on OpenSSL's own functions for each hash: see sha2.cpp.
// Errors    None for hashing: a hash that fails is a broken libcrypto, so it aborts.
// Threads   One hasher, one thread; functions are pure.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

struct SHA256state_st;  // NOLINT(readability-identifier-naming): OpenSSL calls it so

namespace mayfly::crypto {

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Sha256&) const = default;
  ByteView view() const { return bytes; }
};
struct Sha384 {
  std::array<std::uint8_t, 48> bytes{};
  auto operator<=>(const Sha384&) const = default;
  ByteView view() const { return bytes; }
};

Sha256 sha256(ByteView bytes);
Sha384 sha384(ByteView bytes);
Sha256 hmac_sha256(ByteView key, ByteView message);

// "sha256:" and 64 lower-case hex digits, and its strict inverse.
std::string to_text(const Sha256& digest);
Result<Sha256> sha256_from_text(std::string_view text);

class Sha256Hasher {
 public:
  Sha256Hasher();
  Sha256Hasher(const Sha256Hasher& other);  // Forks the state: two endings of one beginning.
  Sha256Hasher(Sha256Hasher&&) noexcept = default;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept = default;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;
  ~Sha256Hasher() = default;

  void update(ByteView bytes);
  Sha256 finish() &&;

 private:
  struct Free {
    void operator()(SHA256state_st* state) const noexcept;
  };
  std::unique_ptr<SHA256state_st, Free> state_;
};

}  // namespace mayfly::crypto
