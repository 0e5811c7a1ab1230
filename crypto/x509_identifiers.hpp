// The object identifiers that certificates of our profile use, as the content of their DER.
//
// Source    RFC 5280 appendix A, RFC 5480 clause 2.1.1, RFC 5758 clause 3.2.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace mayfly::crypto::identifier {

inline bool is(ByteView content, ByteView identifier) {
  return std::ranges::equal(content, identifier);
}

inline constexpr std::array<std::uint8_t, 7> ec_public_key{0x2a, 0x86, 0x48, 0xce,
                                                           0x3d, 0x02, 0x01};
inline constexpr std::array<std::uint8_t, 8> curve_p256{0x2a, 0x86, 0x48, 0xce,
                                                        0x3d, 0x03, 0x01, 0x07};
inline constexpr std::array<std::uint8_t, 8> ecdsa_with_sha256{0x2a, 0x86, 0x48, 0xce,
                                                               0x3d, 0x04, 0x03, 0x02};
inline constexpr std::array<std::uint8_t, 3> common_name{0x55, 0x04, 0x03};
inline constexpr std::array<std::uint8_t, 3> key_usage{0x55, 0x1d, 0x0f};
inline constexpr std::array<std::uint8_t, 3> basic_constraints{0x55, 0x1d, 0x13};
inline constexpr std::array<std::uint8_t, 3> subject_key_identifier{0x55, 0x1d, 0x0e};
inline constexpr std::array<std::uint8_t, 3> authority_key_identifier{0x55, 0x1d, 0x23};
inline constexpr std::array<std::uint8_t, 3> crl_number{0x55, 0x1d, 0x14};
inline constexpr std::array<std::uint8_t, 3> delta_crl_indicator{0x55, 0x1d, 0x1b};
inline constexpr std::array<std::uint8_t, 3> issuing_distribution_point{0x55, 0x1d, 0x1c};

}  // namespace mayfly::crypto::identifier
