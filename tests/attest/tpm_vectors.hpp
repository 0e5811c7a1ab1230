// The quote set of a software TPM among the vectors, as evidence with the policy that accepts it.
#pragma once
#include <string>
#include <vector>

#include "attest/verify/tpm_verify.hpp"
#include "base/bytes.hpp"

namespace mayfly::attest {

Bytes read_attest_vector(const std::string& name);
std::string text_of_attest_vector(const std::string& name);
// The PCR values in the file that tpm2_quote -o writes.
std::vector<Bytes> tpm2_tools_pcrs(const Bytes& file);

struct SwtpmQuote {
  SwtpmQuote();
  TpmAppraisal appraise() const;

  Bytes attest;
  Bytes signature;
  Bytes area;  // TPM2B_PUBLIC
  Bytes key_name;
  std::vector<TpmPcr> pcrs;
  TpmPolicy policy;
};

}  // namespace mayfly::attest
