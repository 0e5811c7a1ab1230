// Stages quote, report_data, measurement, tcb and revocation: what the TEE's evidence shows about a
// statement.
//
// Threads   Pure function.
#pragma once
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "certificate/model.hpp"
#include "verifier/finding.hpp"
#include "verifier/policy.hpp"
#include "verifier/report.hpp"

namespace mayfly::verifier {

struct BoundStatement {
  ByteView slice;               // the signed bytes
  const certificate::Run& run;  // decoded from them
  crypto::Sha256 intent_leaf;   // of proof.intent_log; all zero without one
};

struct AppraisalTimes {
  UnixMillis at;            // decides the verdict
  UnixMillis stated_issue;  // what the certificate says, which proves nothing
  UnixMillis clock;         // the caller's
};
struct EvidenceFindings {
  std::vector<Finding> findings;  // at least one for each of the first four stages, in order
  Finding revocation;
  std::vector<TimeAnswer> answers;  // only if there is collateral to judge by
};
EvidenceFindings check_evidence(const BoundStatement& statement, const certificate::Proof& proof,
                                const Policy& policy, const AppraisalTimes& times);

}  // namespace mayfly::verifier
