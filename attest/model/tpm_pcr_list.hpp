// PCR values as a part of evidence: the quote holds a digest over them, and this shows them.
//
// Shapes    Big-endian: {bank u16 (TPM_ALG_ID), index u8, size u8, value} for each, in strictly
//           ascending order of bank and index, so that one set has one spelling.
// Errors    malformed: truncated, out of order, an empty value, an index over 23.  limit: over
//           tpm_pcr_list_bytes_max.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tpm_pcr_list_bytes_max = std::size_t{16} * 1024;

struct TpmPcrValue {
  std::uint16_t bank = 0x000b;  // TPM_ALG_SHA256
  std::uint32_t index = 0;
  Bytes value;
};

// Sorts. Precondition: no PCR twice, no value over 255 bytes.
Bytes encode_tpm_pcrs(std::vector<TpmPcrValue> pcrs);
Result<std::vector<TpmPcrValue>> decode_tpm_pcrs(ByteView list);

}  // namespace mayfly::attest
