// Formats of evidence, and the names of what stands beside a quote in a certificate or a bundle.
//
// Source    docs/certificate-format.md, "Evidence and its parts".
// Threads   Constant data.
#pragma once
#include <string_view>

namespace mayfly::attest {

namespace quote_format {
inline constexpr std::string_view snp = "snp-report";
inline constexpr std::string_view tpm = "tpm2-quote";          // TPMS_ATTEST
inline constexpr std::string_view nitro = "nitro-document";    // COSE_Sign1 without a tag
inline constexpr std::string_view azure = "azure-vtpm-quote";  // TPMS_ATTEST
inline constexpr std::string_view confidential_space = "google-attestation-token";  // JWT
}  // namespace quote_format

namespace parts_format {
inline constexpr std::string_view tdx = "intel-tdx-v4";
inline constexpr std::string_view snp = "amd-snp-v1";
inline constexpr std::string_view tpm = "tpm2-v1";
inline constexpr std::string_view azure_snp = "azure-snp-v1";
inline constexpr std::string_view azure_tdx = "azure-tdx-v1";
}  // namespace parts_format

namespace part_name {
inline constexpr std::string_view ak_chain = "ak_chain";    // PEM, the quoting key's first
inline constexpr std::string_view ak_public = "ak_public";  // TPMT_PUBLIC
inline constexpr std::string_view certificate_chain = "certificate_chain";  // PEM, leaf to root
inline constexpr std::string_view crl = "crl";                              // DER, of the root
inline constexpr std::string_view event_log = "event_log";    // TCG crypto-agile, or CCEL
inline constexpr std::string_view hcl_report = "hcl_report";  // Azure's paravisor's
// Hierarchy (u32, big-endian), then the Names of the quoting key's parents from the primary key on,
// each as TPM2B_NAME.
inline constexpr std::string_view key_path = "key_path";
inline constexpr std::string_view pcrs = "pcrs";                // attest/model/tpm_pcr_list.hpp
inline constexpr std::string_view runtime_log = "runtime_log";  // dstack's events
inline constexpr std::string_view signature = "signature";      // TPMT_SIGNATURE
inline constexpr std::string_view td_quote = "td_quote";
}  // namespace part_name

}  // namespace mayfly::attest
