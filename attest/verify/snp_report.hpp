// Reads an AMD SEV-SNP attestation report. Layout only: no signature is checked here.
//
// Source    AMD, SEV Secure Nested Paging Firmware ABI (56860), table "ATTESTATION_REPORT",
//           versions 2, 3 and 5; TCB_VERSION of Milan and Genoa, and that of Turin.
// Shapes    Integers little-endian, measurements SHA-384. 1184 bytes, of which the first 672 are
//           signed. What is reserved is zero.
// Errors    malformed: another length, something reserved that is not zero.  rejected: another
//           version or signature algorithm.
// Threads   Pure functions. What they return borrows from the report.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t snp_report_bytes = 1184;
inline constexpr std::size_t snp_signed_bytes = 672;
inline constexpr std::size_t snp_chip_id_bytes = 64;

enum class SnpProduct : std::uint8_t { milan, genoa, turin };
std::string_view to_string(SnpProduct product);  // "Milan"

// Which key signed the report: the chip's own, or one lent to a cloud provider.
enum class SnpKeyKind : std::uint8_t { vcek, vlek };

// Security version numbers. Their order within the eight bytes is the product's.
struct SnpTcb {
  std::uint8_t fmc = 0;  // Turin alone has it
  std::uint8_t boot_loader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;
  bool operator==(const SnpTcb&) const = default;
  // Every component of this is at least that of `other`.
  bool is_at_least(const SnpTcb& other) const;
};
// malformed: reserved bytes that are not zero.
Result<SnpTcb> snp_tcb_of(SnpProduct product, const std::array<std::uint8_t, 8>& bytes);

// POLICY.
namespace snp_policy_bit {
inline constexpr std::uint64_t smt_allowed = 1ULL << 16U;
inline constexpr std::uint64_t reserved_one = 1ULL << 17U;
inline constexpr std::uint64_t migration_allowed = 1ULL << 18U;
inline constexpr std::uint64_t debug_allowed = 1ULL << 19U;
inline constexpr std::uint64_t single_socket = 1ULL << 20U;
inline constexpr std::uint64_t reserved_zero = ~((1ULL << 26U) - 1);
}  // namespace snp_policy_bit

// CPUID of the machine; in reports from version 3 on.
struct SnpCpu {
  std::uint8_t family = 0;  // the extended and the base family added
  std::uint8_t model = 0;
  std::uint8_t stepping = 0;
};

struct ParsedSnpReport {
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = 0;
  std::uint32_t vmpl = 0;
  std::array<std::uint8_t, 8> current_tcb{};
  std::array<std::uint8_t, 8> reported_tcb{};
  std::array<std::uint8_t, 8> committed_tcb{};
  std::array<std::uint8_t, 8> launch_tcb{};
  std::uint64_t platform_info = 0;
  bool has_author_key = false;
  bool is_chip_masked = false;
  std::optional<SnpKeyKind> key_kind;  // none: the report is not signed by either
  std::array<std::uint8_t, 64> report_data{};
  crypto::Sha384 measurement;
  std::array<std::uint8_t, 32> host_data{};
  crypto::Sha384 id_key_digest;
  crypto::Sha384 author_key_digest;
  std::array<std::uint8_t, 32> report_id{};
  std::optional<SnpCpu> cpu;
  std::array<std::uint8_t, snp_chip_id_bytes> chip_id{};
  ByteView signed_bytes;
  Bytes signature;  // r || s of P-384, big-endian
};

Result<ParsedSnpReport> parse_snp_report(ByteView report);

// The product that a CPU belongs to; none if it is not one that is known here.
std::optional<SnpProduct> snp_product_of(const SnpCpu& cpu);

}  // namespace mayfly::attest
