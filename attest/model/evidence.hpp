// Evidence (RFC 9334): what an attester produced, not yet believed by anyone.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

// A simulated kind is its own kind: code that accepts hardware never accepts it by accident.
enum class TeeKind : std::uint8_t {
  tdx,
  snp,
  tpm,  // no TEE: says what was booted, and does not keep a host out of memory
  nitro,
  azure_snp,  // an SEV-SNP report vouches for the virtual TPM that quotes
  azure_tdx,
  // No evidence of hardware: a cloud provider's word that it has seen some.
  confidential_space,
  simulated_tdx,
};

std::string_view to_string(TeeKind kind);  // "tdx", "azure-snp", "simulated-tdx"
Result<TeeKind> tee_kind_from_string(std::string_view text);

// What is needed beside the quote to judge it: attest/model/evidence_parts.hpp has the names.
struct EvidencePart {
  std::string name;
  Bytes bytes;
};

struct Evidence {
  TeeKind kind;
  std::string_view format;  // a literal: "tdx-quote-v4"
  Bytes quote;              // trimmed: no padding after the last field
  std::string_view parts_format{};
  std::vector<EvidencePart> parts{};  // sorted by name; empty: the quote is all
};

}  // namespace mayfly::attest
