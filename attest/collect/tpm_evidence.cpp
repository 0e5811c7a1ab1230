#include "attest/collect/tpm_evidence.hpp"

#include <utility>

#include "attest/model/evidence_parts.hpp"
#include "attest/model/tpm_pcr_list.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {
namespace {

// TPM_RH_ENDORSEMENT, then the endorsement key's Name as TPM2B_NAME.
Bytes key_path_below(const Bytes& endorsement_key) {
  constexpr std::uint8_t name_bytes = 34;
  Bytes out{0x40, 0x00, 0x00, 0x0b, 0x00, name_bytes, 0x00, 0x0b};
  const crypto::Sha256 digest = crypto::sha256(endorsement_key);
  out.insert(out.end(), digest.bytes.begin(), digest.bytes.end());
  return out;
}

Bytes list_of(const std::vector<TpmQuotedPcr>& pcrs) {
  constexpr std::uint16_t sha256_bank = 0x000b;
  std::vector<TpmPcrValue> values;
  values.reserve(pcrs.size());
  for (const TpmQuotedPcr& pcr : pcrs) {
    values.push_back({.bank = sha256_bank, .index = pcr.index, .value = pcr.value});
  }
  return encode_tpm_pcrs(std::move(values));
}

Result<TpmQuoteEvidence> quote_over(TpmAttester& tpm, const ReportData& report_data) {
  const crypto::Sha256 digest = crypto::sha256(report_data);
  return tpm.quote(digest.bytes, tpm_boot_pcrs);
}

EvidencePart part(std::string_view name, Bytes bytes) {
  return {.name = std::string(name), .bytes = std::move(bytes)};
}

}  // namespace

Result<Evidence> tpm_evidence(TpmAttester& tpm, const ReportData& report_data) {
  TRY(TpmQuoteEvidence quote, quote_over(tpm, report_data));
  return Evidence{.kind = TeeKind::tpm,
                  .format = quote_format::tpm,
                  .quote = std::move(quote.attest),
                  .parts_format = parts_format::tpm,
                  .parts = {part(part_name::ak_public, tpm.attestation_key()),
                            part(part_name::key_path, key_path_below(tpm.endorsement_key())),
                            part(part_name::pcrs, list_of(quote.pcrs)),
                            part(part_name::signature, std::move(quote.signature))}};
}

Result<Evidence> azure_evidence(TpmAttester& tpm, TeeKind kind, const ReportData& report_data) {
  TRY(Bytes report, tpm.read_index(azure_report_index));
  TRY(TpmQuoteEvidence quote, quote_over(tpm, report_data));
  const bool is_tdx = kind == TeeKind::azure_tdx;
  return Evidence{.kind = kind,
                  .format = quote_format::azure,
                  .quote = std::move(quote.attest),
                  .parts_format = is_tdx ? parts_format::azure_tdx : parts_format::azure_snp,
                  .parts = {part(part_name::hcl_report, std::move(report)),
                            part(part_name::pcrs, list_of(quote.pcrs)),
                            part(part_name::signature, std::move(quote.signature))}};
}

}  // namespace mayfly::attest
