// A TPM's quote as evidence: with the key's public area and its place in the TPM, the PCR values
// and the signature beside it. An Azure machine's, whose virtual TPM also keeps the paravisor's
// report.
//
// Shapes    The quote is over the SHA-256 of the 64 bytes. One bank, SHA-256.
// Errors    Those of TpmAttester.
// Threads   One TPM, one thread.
#pragma once
#include <cstdint>

#include "attest/collect/tpm_attester.hpp"
#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"

namespace mayfly::attest {

// What firmware, boot loader and kernel extend at boot; not PCR 10, which a running system extends
// on and on, nor 16 and 23, which anyone can reset.
inline constexpr std::uint32_t tpm_boot_pcrs = 0x00007bff;

Result<Evidence> tpm_evidence(TpmAttester& tpm, const ReportData& report_data);

// The report is as the paravisor keeps it; who uses it brings it to its one spelling. Machines of
// both kinds look alike here: `kind` is whichever the operator's parts make it.
inline constexpr std::uint32_t azure_report_index = 0x01400001;
inline constexpr std::uint32_t azure_key_handle = 0x81000003;
Result<Evidence> azure_evidence(TpmAttester& tpm, TeeKind kind, const ReportData& report_data);

}  // namespace mayfly::attest
