// Appraises a TPM 2.0 quote: is it signed by a trusted attestation key, about the PCRs and the
// bytes that the caller asked for, by a TPM in an acceptable state? Reports every finding.
//
// Source    TCG, TPM 2.0 Library, Part 1, 17 and 18.4; Part 3, 18.4 (TPM2_Quote). CVE-2024-29038
//           (the magic not looked at) and CVE-2024-29039 (the selection not looked at) are each a
//           check of their own.
// Errors    None: everything that is wrong is a finding.
// Threads   appraise_tpm: a pure function; no I/O, no clock, no globals. A TpmVerifier: one thread.
#pragma once
#include <memory>

#include "attest/verify/tpm_appraisal.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

// Precondition: what `evidence` and `policy` borrow outlives the call.
TpmAppraisal appraise_tpm(const TpmEvidence& evidence, const TpmPolicy& policy, UnixMillis at);

// The same for many quotes: the chain of certificates that a key's quotes share is checked once.
// Precondition: the policy outlives it and does not change.
class TpmVerifier {
 public:
  TpmVerifier(const TpmPolicy& policy, UnixMillis at) : policy_(policy), at_(at) {}

  // `extra_data` stands for the policy's: each quote binds bytes of its own.
  TpmAppraisal verify(const TpmEvidence& evidence, const Expected<Bytes>& extra_data);

  struct KnownChain;

 private:
  const TpmPolicy& policy_;
  UnixMillis at_;
  std::shared_ptr<const KnownChain> known_;  // of the last quote that had one
};

}  // namespace mayfly::attest
