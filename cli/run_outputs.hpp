// Where `mayfly run` puts the certificate and the trace: looked at before the dataset is read,
// written when the run is over.
//
// Shapes    A path, or "-" for standard output, which then carries nothing else. Empty: not wanted.
// Errors    As base/pending_file.hpp has them; malformed: both to one place.
// Threads   One caller.
#pragma once
#include <optional>
#include <string>

#include "base/pending_file.hpp"
#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::cli {

class RunOutputs {
 public:
  static Result<RunOutputs> open(const std::string& certificate, const std::string& trace);

  bool take_standard_output() const;

  Result<void> write_certificate(const pipeline::Certified& certified);
  Result<void> write_trace(const pipeline::Certified& certified);

 private:
  std::optional<PendingFile> certificate_;
  std::optional<PendingFile> trace_;
};

}  // namespace mayfly::cli
