// Sizes and constants of an Intel TDX quote, for whoever reads or writes one.
//
// Source    Intel TDX DCAP Quoting Library API, appendix A.3 (version 4) and A.4 (version 5).
// Shapes    Integers little-endian.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace mayfly::attest::tdx_layout {

inline constexpr std::uint16_t version_sgx = 3;
inline constexpr std::uint16_t version_4 = 4;
inline constexpr std::uint16_t version_5 = 5;
inline constexpr std::uint16_t attestation_key_ecdsa_p256 = 2;
inline constexpr std::uint32_t tee_type_sgx = 0;
inline constexpr std::uint32_t tee_type_tdx = 0x81;
inline constexpr std::array<std::uint8_t, 16> intel_qe_vendor_id{
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

inline constexpr std::size_t header_bytes = 48;
inline constexpr std::size_t body_bytes = 584;      // TD 1.0
inline constexpr std::size_t body_1_5_bytes = 648;  // TD 1.5: 64 bytes more at the end
// Version 5 says between header and body which body it is: {type u16, size u32}.
inline constexpr std::uint16_t body_type_sgx = 1;
inline constexpr std::uint16_t body_type_td_1_0 = 2;
inline constexpr std::uint16_t body_type_td_1_5 = 3;
inline constexpr std::size_t qe_report_bytes = 384;
inline constexpr std::size_t report_data_bytes = 64;

// Certification data: what vouches for the attestation key.
inline constexpr std::uint16_t certification_pck_chain = 5;  // PEM, leaf to root
inline constexpr std::uint16_t certification_qe_report = 6;

// TDATTRIBUTES (TDX Module Base Architecture, "ATTRIBUTES"). Bits 0-7 put a TD under debug.
inline constexpr std::uint64_t td_attributes_debug_mask = 0xff;
inline constexpr std::uint64_t td_attribute_sept_ve_disable = std::uint64_t{1} << 28U;
inline constexpr std::uint64_t td_attribute_protection_keys = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t td_attribute_key_locker = std::uint64_t{1} << 31U;
inline constexpr std::uint64_t td_attribute_perfmon = std::uint64_t{1} << 63U;

// XFAM: x87 and SSE state are always on; the second mask is all that TDX 1.x may turn on.
inline constexpr std::uint64_t xfam_fixed_ones = 0x3;
inline constexpr std::uint64_t xfam_allowed = 0x0006dbe7;

// 1.2.840.113741.1.13.1, the PCK certificate's SGX extension, as the content of its DER.
inline constexpr std::array<std::uint8_t, 9> pck_extension_identifier{0x2a, 0x86, 0x48, 0x86, 0xf8,
                                                                      0x4d, 0x01, 0x0d, 0x01};

}  // namespace mayfly::attest::tdx_layout
