// Judges what a running service says of itself: does genuine evidence bind its keys, its software
// and the nonce that was asked with, and does a policy want what the evidence shows?
//
// Errors    None: everything that is wrong is in the report. Whatever does not fit the asker's
//           nonce is contradicted.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <string>

#include "base/time.hpp"
#include "certificate/session.hpp"
#include "verifier/policy.hpp"
#include "verifier/verdict.hpp"

namespace mayfly::verifier {

struct SessionJudgement {
  Verdict verdict = Verdict::inconclusive;
  std::string report_json;  // as for bare evidence
  std::string report_text;
};

SessionJudgement judge_session(const certificate::SessionAttestation& session, ByteView nonce,
                               const Policy& policy, UnixMillis at);

}  // namespace mayfly::verifier
