// Stages log, witnesses, attempts, and what the log says of revocation: is the run in the log that
// its statement names, who else saw that log, how often was this tried, and is it still good?
//
// Threads   Pure function.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "certificate/decode.hpp"
#include "transparency/log_copy.hpp"
#include "transparency/log_policy.hpp"
#include "verifier/finding.hpp"

namespace mayfly::verifier {

struct LogJudgement {
  // At least one finding of its stage in each of these three.
  std::vector<Finding> log;
  std::vector<Finding> witnesses;
  std::vector<Finding> attempts;
  std::vector<Finding> revocation{};  // empty: no copy of the certificate's log was given
  // "counted 3 of 17" | "preregistered-complete" | "preregistered-open" | "uncounted"
  std::string selection = "uncounted";
  // "none" | "operator-only" | "witnessed by 2 of 3"
  std::string log_trust = "none";
};

// `policy` and `copy` are what the caller holds; null: it holds none.
LogJudgement judge_log(const certificate::DecodedCertificate& decoded,
                       const transparency::LogPolicy* policy, const transparency::LogCopy* copy);

// What the quote binds besides the statement: all zero without an intent.
crypto::Sha256 intent_leaf_of(const certificate::Proof& proof);

}  // namespace mayfly::verifier
