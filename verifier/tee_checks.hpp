// Stages quote, report_data, measurement, tcb and revocation for evidence other than a TDX quote.
//
// Threads   Pure function.
#pragma once
#include "attest/model/evidence.hpp"
#include "verifier/evidence_checks.hpp"

namespace mayfly::verifier {

EvidenceFindings check_tee_evidence(attest::TeeKind kind, const BoundStatement& statement,
                                    const certificate::Proof& proof, const Policy& policy,
                                    const AppraisalTimes& times);

}  // namespace mayfly::verifier
