// Where `mayfly run` and `submit` put certificate and trace: looked at before the dataset is read,
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
#include "pipeline/trace.hpp"

namespace mayfly::cli {

class RunOutputs {
 public:
  static Result<RunOutputs> open(const std::string& certificate, const std::string& trace);

  bool take_standard_output() const;

  Result<void> write_certificate(ByteView certificate);
  // Takes the trace while the job runs; empty if it is not wanted. Borrows this object.
  Result<pipeline::TraceSink> trace_sink();
  // Or all of it at once.
  Result<void> write_trace(ByteView lines);
  // Once it is whole; also says what went wrong meanwhile.
  Result<void> finish_trace();

 private:
  std::optional<PendingFile> certificate_;
  std::optional<PendingFile> trace_;
  std::optional<GrowingFile> growing_trace_;
  std::optional<Error> trace_error_;
  bool trace_is_standard_output_ = false;
};

}  // namespace mayfly::cli
