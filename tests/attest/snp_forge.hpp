// Makes whole, correctly signed SEV-SNP reports under a stand-in for AMD's PKI, every part of which
// a test may change first. What it makes with nothing changed is accepted; so a refusal is due to
// the change.
#pragma once
#include <string>
#include <vector>

#include "attest/verify/snp_verify.hpp"
#include "base/bytes.hpp"

namespace mayfly::attest {

inline constexpr UnixMillis snp_forge_now{1800000000000};  // 2027-01-15

struct SnpForge {
  explicit SnpForge(SnpProduct product = SnpProduct::milan, SnpKeyKind kind = SnpKeyKind::vcek);

  void put(std::size_t offset, const Bytes& bytes);
  void put_u64(std::size_t offset, std::uint64_t value);
  Bytes signed_report() const;
  SnpPolicy policy() const;
  SnpAppraisal appraise(const SnpPolicy& policy) const;
  SnpAppraisal appraise() const { return appraise(policy()); }

  SnpProduct product;
  Bytes report;  // the signature is written by signed_report()
  Bytes root;
  std::vector<Bytes> chain;
  std::optional<Bytes> revocation_list;
};

// Offsets in a report.
namespace snp_offset {
inline constexpr std::size_t version = 0x000;
inline constexpr std::size_t policy = 0x008;
inline constexpr std::size_t vmpl = 0x030;
inline constexpr std::size_t algorithm = 0x034;
inline constexpr std::size_t current_tcb = 0x038;
inline constexpr std::size_t flags = 0x048;
inline constexpr std::size_t report_data = 0x050;
inline constexpr std::size_t measurement = 0x090;
inline constexpr std::size_t host_data = 0x0c0;
inline constexpr std::size_t id_key = 0x0e0;
inline constexpr std::size_t reported_tcb = 0x180;
inline constexpr std::size_t cpu = 0x188;
inline constexpr std::size_t chip_id = 0x1a0;
inline constexpr std::size_t committed_tcb = 0x1e0;
inline constexpr std::size_t launch_tcb = 0x1f0;
inline constexpr std::size_t signature = 0x2a0;
}  // namespace snp_offset

std::vector<std::string> failed_checks(const SnpAppraisal& appraisal);

}  // namespace mayfly::attest
