// Asks a running service what it is, and judges the answer: before any data is sent.
//
// Source    docs/reference/session-attestation.md.
// Errors    unavailable: nobody answers, or not as a service.  malformed: its answer's form.
// Threads   Any.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "certificate/session.hpp"
#include "verifier/session_checks.hpp"

namespace mayfly::cli {

struct SessionQuestion {
  std::string url;
  Bytes nonce;           // fresh_nonce(), unless somebody wants to see it
  std::string software;  // the digest that its program must have; empty: any
  std::string token{};   // of the service; empty: none
};
Bytes fresh_nonce();

struct CheckedSession {
  certificate::SessionAttestation session;
  verifier::SessionJudgement judgement;
  bool software_differs = false;  // then the verdict is not `verified`
};
Result<CheckedSession> check_session(const SessionQuestion& question,
                                     const verifier::Policy& policy, UnixMillis at);

// `url` without slashes at its end.
std::string service_base(const std::string& url);

}  // namespace mayfly::cli
