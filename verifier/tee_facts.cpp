#include "verifier/tee_facts.hpp"

#include <array>

#include "base/text_encoding.hpp"
#include "verifier/text_layout.hpp"

namespace mayfly::verifier {
namespace {

std::string text_of_tcb(const attest::SnpTcb& tcb) {
  return "boot_loader " + std::to_string(tcb.boot_loader) + ", fmc " + std::to_string(tcb.fmc) +
         ", microcode " + std::to_string(tcb.microcode) + ", snp " + std::to_string(tcb.snp) +
         ", tee " + std::to_string(tcb.tee);
}

}  // namespace

std::string_view bank_name(attest::TpmHash bank) {
  switch (bank) {
    case attest::TpmHash::sha1: return "sha1";
    case attest::TpmHash::sha256: return "sha256";
    case attest::TpmHash::sha384: return "sha384";
    case attest::TpmHash::sha512: return "sha512";
  }
  return "unknown";
}

void append_facts(const attest::VerifiedSnpReport& report, Facts& facts) {
  const bool is_vcek = report.key_kind == attest::SnpKeyKind::vcek;
  facts.insert(facts.end(), {{"product", std::string(to_string(report.product))},
                             {"signing_key", is_vcek ? "VCEK" : "VLEK of " + report.provider},
                             {"report_version", std::to_string(report.version)},
                             {"guest_svn", std::to_string(report.guest_svn)},
                             {"guest_policy", hex_u64(report.policy)},
                             {"vmpl", std::to_string(report.vmpl)},
                             {"platform_info", hex_u64(report.platform_info)},
                             {"reported_tcb", text_of_tcb(report.reported)},
                             {"committed_tcb", text_of_tcb(report.committed)},
                             {"launch_tcb", text_of_tcb(report.launch)},
                             {"measurement", hex_encode(report.measurement.bytes)},
                             {"host_data", hex_encode(report.host_data)},
                             {"id_key_digest", hex_encode(report.id_key_digest.bytes)},
                             {"chip_id", hex_encode(report.chip_id)},
                             {"report_data", hex_encode(report.report_data)}});
}

void append_facts(const attest::VerifiedTpmQuote& quote, Facts& facts) {
  if (!quote.key_name.empty()) facts.emplace_back("key_name", hex_encode(quote.key_name));
  facts.insert(facts.end(), {{"extra_data", hex_encode(quote.extra_data)},
                             {"firmware", hex_u64(quote.firmware_version)},
                             {"clock_ms", std::to_string(quote.clock.clock_ms)},
                             {"reset_count", std::to_string(quote.clock.reset_count)},
                             {"restart_count", std::to_string(quote.clock.restart_count)}});
  for (const attest::TpmPcr& pcr : quote.pcrs) {
    facts.emplace_back("pcr_" + std::string(bank_name(pcr.bank)) + "_" + std::to_string(pcr.index),
                       hex_encode(pcr.value));
  }
}

void append_facts(const attest::VerifiedNitroDocument& document, Facts& facts) {
  facts.insert(facts.end(), {{"module_id", document.module_id},
                             {"made_at", to_rfc3339(document.timestamp)},
                             {"user_data", hex_encode(document.user_data)},
                             {"nonce", hex_encode(document.nonce)},
                             {"public_key", hex_encode(document.public_key)}});
  for (const attest::NitroPcr& pcr : document.pcrs) {
    facts.emplace_back("pcr_" + std::to_string(pcr.index), hex_encode(pcr.value.bytes));
  }
}

void append_facts(const attest::ParsedGoogleToken& token, Facts& facts) {
  facts.insert(facts.end(), {{"issuer", token.issuer},
                             {"audience", token.audience},
                             {"subject", token.subject},
                             {"issued_at", to_rfc3339(token.issued_at)},
                             {"expires_at", to_rfc3339(token.expires_at)},
                             {"hardware", token.hardware},
                             {"software", token.software},
                             {"software_version", token.software_version},
                             {"debug_status", token.debug_status},
                             {"secure_boot", token.secure_boot ? "true" : "false"},
                             {"image_digest", token.image_digest},
                             {"image_reference", token.image_reference}});
  for (std::size_t i = 0; i < token.nonces.size(); ++i) {
    facts.emplace_back("nonce_" + std::to_string(i), token.nonces[i]);
  }
  std::string support;
  for (const std::string& attribute : token.support) {
    support += (support.empty() ? "" : " ") + attribute;
  }
  facts.emplace_back("support", support);
}

}  // namespace mayfly::verifier
