// Reads the PCR values that tpm2-tools writes beside a quote (`tpm2_quote -o`), for people who hold
// such files.
//
// Source    tpm2-tools 5.4, "serialized" PCR output: the C structures of tpm2-tss, little-endian.
// Errors    malformed: not of that form, or not exactly the PCRs that the quote selects.
// Threads   Pure function.
#pragma once
#include <vector>

#include "attest/verify/tpm_appraisal.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

// `quote`: TPMS_ATTEST. The file's values are in the order of the quote's selection.
Result<std::vector<TpmPcr>> read_tpm2_tools_pcrs(ByteView file, ByteView quote);

}  // namespace mayfly::attest
