// One run's place in the transparency log: announced before its job sees the data, ended before
// anything of it leaves.
//
// Errors    Of the log (store/log.hpp) and of the witnesses; every one of them stops the run.
// Threads   One RunLog, one thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"
#include "store/log.hpp"

namespace mayfly::pipeline {

// Where runs are logged, and who must have seen that.
struct RunLogParts {
  store::Log* log = nullptr;  // null: runs are not logged, certificates say "uncounted"
  // Asks witnesses about a checkpoint; an error means that too few cosigned. Empty: nobody is
  // asked.
  std::function<Result<std::vector<transparency::NoteSignature>>(
      const transparency::SignedCheckpoint&, store::Log&)>
      witness;
};

class RunLog {
 public:
  // "No receipt, no data": the intent is durable, and witnessed if witnesses are asked.
  static Result<RunLog> announce(const RunLogParts& parts, transparency::IntentEntry intent);

  const crypto::Sha256& intent_leaf() const { return intent_.leaf; }
  // Over the log as it is now.
  Result<certificate::Attempt> count();
  // Precondition: `counted` is what count() gave.
  Result<void> end(const crypto::Sha256& statement, const crypto::Sha256& claim,
                   const certificate::Attempt& counted, certificate::Proof& proof);
  // For a run that will have no certificate. If that cannot be logged, the run stays without an
  // end, and that shows too.
  void abort(const Error& why);

 private:
  RunLog(const RunLogParts& parts, store::Appended intent)
      : parts_(parts), intent_(std::move(intent)) {}

  const RunLogParts& parts_;
  store::Appended intent_;
  std::string run_id_;
};

}  // namespace mayfly::pipeline
