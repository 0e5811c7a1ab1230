// What verification found, all of it, and what the certificate says about itself.
//
// Shapes    Findings stand in the order of Stage; each stage has at least one.
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "crypto/sha2.hpp"
#include "verifier/field_grades.hpp"
#include "verifier/finding.hpp"
#include "verifier/verdict.hpp"

namespace mayfly::verifier {

// What the certificate says: to be believed as far as the verdict goes, and no further. The id and
// the claim hash are recomputed.
struct Stated {
  std::string certificate_id;
  std::string claim_hash;
  std::string input_hash;
  std::string dataset_hash;
  std::string dataset_format;
  std::int64_t dataset_bytes = 0;
  std::string sandbox_hash;
  std::vector<std::string> command;
  std::string result_digest;
  std::string result_media_type;
  std::int64_t result_bytes = 0;
  std::string result_status;
  std::int64_t result_exit_code = 0;
  std::optional<std::string> result_value;  // canonical JSON
  bool result_withheld = false;
  bool result_truncated = false;
  std::vector<std::string> assertions;  // "accuracy >= 0.95: true"
  std::string run_id;
  std::string attempt;
  std::string tee;
  std::string assurance;
  std::string time_source;
  UnixMillis issued_at;
};

// Was the evidence good at another time than that of the verdict? Changes no verdict: at_issue is
// as of what the certificate says of itself, which nobody proves.
struct TimeAnswer {
  std::string name;  // "at_issue", "now"
  UnixMillis at;
  bool is_valid = false;
  std::vector<std::string> why;  // the checks that failed
};

struct Report {
  UnixMillis appraised_at;                    // T: by the caller's clock or choice
  std::string policy;                         // its name
  std::optional<crypto::Sha256> policy_hash;  // of its document
  std::vector<std::string> weakenings;        // where it asks less than the default
  std::vector<std::string> not_asked;         // all that it does not ask
  std::optional<Stated> stated;               // absent when the bytes are not a certificate
  std::vector<Finding> findings;
  // How the result was picked, as far as it can be told: "counted 3 of 17",
  // "preregistered-complete", "preregistered-open", "uncounted"; and who besides the log's operator
  // stands behind that.
  std::string selection = "uncounted";
  std::string shown = "no events";        // of what the statement only commits to
  std::string log_trust = "none";         // | "operator-only" | "witnessed by 2 of 3"
  bool environment_is_asked_for = false;  // the policy lists what may run in the TEE
  std::vector<GradedField> fields{};  // how far each is to be believed; none without a certificate
  std::vector<TimeAnswer> answers{};  // none: there is nothing whose answer depends on a time
  // By the word of an authority that the policy trusts; absent: only the issuer says when, or
  // something contradicts the certificate.
  std::optional<UnixMillis> existed_before{};

  Verdict verdict() const { return verdict_of(findings); }
};

}  // namespace mayfly::verifier
