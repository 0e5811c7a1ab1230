// Appraises an AMD SEV-SNP report: did the firmware of a genuine chip sign it, is its firmware new
// enough, is the guest of an acceptable kind, and is it about the bytes that the caller asked for?
// Reports every finding.
//
// Source    AMD, SEV Secure Nested Paging Firmware ABI (56860); Versioned Chip Endorsement Key
//           Certificate and KDS Interface (57230) for certificates, their extensions and lists.
// Errors    None: everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attest/verify/findings.hpp"
#include "attest/verify/snp_anchors.hpp"
#include "attest/verify/snp_report.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

enum class SnpCheck : std::uint8_t {
  report_layout,
  chain_readable,
  chain_algorithm,  // RSA-PSS with SHA-384 and a salt of 48 bytes
  chain_anchor,
  chain_names,
  chain_constraints,
  chain_signatures,
  chain_validity,
  revocation_list,           // the root's, signed by it
  revocation_list_validity,  // current at the time of appraisal
  chain_revocation,          // of the signing key (ASK, ASVK), by that list
  key_kind,                  // the certificates are those of the kind of key that the report names
  certificate_product,
  certificate_tcb,   // the key is that of the reported firmware
  certificate_chip,  // of the reported chip; a VLEK is of no chip
  report_signature,
  guest_policy,  // reserved bits, firmware interface version
  debug_off,
  migration_off,
  smt_off,
  single_socket,
  tcb_order,    // committed, reported and launch are not above current
  tcb_minimum,  // reported, committed and launch
  vmpl,
  measurement,
  host_data,
  id_key,
  provider,  // that a VLEK was lent to
  chip,      // an allow list: no report can tell a chip whose memory is tapped
  report_data,
};

template <>
struct CheckTable<SnpCheck> {
  static const std::array<CheckRow, 30> rows;
};

struct SnpEvidence {
  ByteView report;
  std::vector<Bytes> certificate_chain;     // DER: VCEK or VLEK, ASK or ASVK, ARK
  std::optional<ByteView> revocation_list;  // DER, of the ARK
};

struct SnpRevocationChecked {};
struct SnpDebugOff {};
struct SnpMigrationOff {};
struct SnpSmtOff {};
struct SnpSingleSocket {};
struct SnpAbi {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
};

struct SnpPolicy {
  std::vector<SnpAnchor> anchors;  // snp_anchors(), but for tests
  Expected<SnpRevocationChecked> revocation;
  // Who may hold a VLEK: the content of its CSP id. Not asked of a VCEK.
  Expected<std::vector<std::string>> providers;
  Expected<SnpAbi> abi_minimum;  // what the guest's owner demanded of the firmware, at least
  Expected<SnpDebugOff> debug_off;
  Expected<SnpMigrationOff> migration_off;
  Expected<SnpSmtOff> smt_off;
  Expected<SnpSingleSocket> single_socket;
  Expected<SnpTcb> tcb_minimum;
  Expected<std::uint32_t> vmpl;
  Expected<std::vector<crypto::Sha384>> measurements;
  Expected<std::array<std::uint8_t, 32>> host_data;
  Expected<std::vector<crypto::Sha384>> id_keys;
  Expected<std::vector<Bytes>> chips;  // 64 bytes each
  Expected<std::array<std::uint8_t, 64>> report_data;
  PhysicalAccessTrust physical_access = PhysicalAccessTrust::none;  // what the list of chips means
};

struct VerifiedSnpReport {
  SnpProduct product = SnpProduct::milan;
  SnpKeyKind key_kind = SnpKeyKind::vcek;
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = 0;
  std::uint32_t vmpl = 0;
  std::uint64_t platform_info = 0;
  SnpTcb current;
  SnpTcb reported;
  SnpTcb committed;
  SnpTcb launch;
  std::array<std::uint8_t, 64> report_data{};
  crypto::Sha384 measurement;
  std::array<std::uint8_t, 32> host_data{};
  crypto::Sha384 id_key_digest;
  std::array<std::uint8_t, snp_chip_id_bytes> chip_id{};
  std::string provider;  // of a VLEK
};

struct SnpAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<SnpCheck> findings;
  // None unless layout, chain and signature hold. It may still be a debug guest's.
  std::optional<VerifiedSnpReport> verified;
};

SnpAppraisal appraise_snp(const SnpEvidence& evidence, const SnpPolicy& policy, UnixMillis at);

}  // namespace mayfly::attest
