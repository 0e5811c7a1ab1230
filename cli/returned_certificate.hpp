// The certificate of a run at a service: fetched, verified, and compared with what was sent.
//
// Shapes    Contradicted, whatever else holds: another signer than the attested one, another nonce
//           or dataset than those that were sent, a trace that does not give the certificate's
//           root.
// Errors    rejected: not the certificate of what was sent; it must not be kept.  unavailable: the
//           service does not hand it out.  malformed: the answer's form.
#pragma once
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "cli/destination.hpp"
#include "cli/sealed_sender.hpp"
#include "verifier/policy.hpp"
#include "verifier/report.hpp"

namespace mayfly::cli {

inline constexpr int exit_code_job_failed = 6;

struct ReturnedCertificate {
  Bytes certificate;
  verifier::Verdict verdict = verifier::Verdict::inconclusive;
  verifier::Stated stated;
  std::string job_output;
  std::string job_errors;
  std::optional<std::string> trace;  // its lines; absent: the answer has none

  // The verdict's; exit_code_job_failed if that would be said of a job that did not succeed.
  int exit_code() const;
};

// What tells the certificate of this submission from every other.
struct Expected {
  Bytes signer;  // that the service attested
  Bytes nonce;
};
Result<ReturnedCertificate> take_certificate(const Destination& destination,
                                             const Expected& expected, const SealedAnswer& answer,
                                             const verifier::Policy& policy, UnixMillis now);

}  // namespace mayfly::cli
