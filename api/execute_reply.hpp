// A finished run as the reply to POST /execute.
//
// Shapes    {"certificate_id", "certificate_url", "claim_hash", "execution_trace": {"coverage",
//           "events", "file_ops", "llm_calls", "network_calls", "tool_uses"}, "lifecycle":
//           {"dataset_deleted": true, "execution_time_ms", "sandbox_destroyed": true, "*_at"},
//           "proof": {"dataset_hash", "sandbox_hash", "tee", "tee_attestation"}, "result":
//           {"output", "exit_code", "status", "stderr", ...}, "usage", "findings"}. A part of the
//           trace that was not recorded is null; one that was, and is empty, is []. Output that is
//           not UTF-8 text is base64, with "output_encoding": "base64" beside it. The trace itself,
//           if asked for, is execution_trace.events.lines: null if it is over
//           trace_reply_bytes_max.
// Threads   Pure function.
#pragma once
#include <string>
#include <string_view>

#include "api/short_form.hpp"
#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

inline constexpr std::size_t trace_reply_bytes_max = std::size_t{16} * 1024 * 1024;

// The lines of a trace for the reply: all of them, or none.
class KeptTrace {
 public:
  void take(std::string_view line);
  bool is_too_long() const { return is_too_long_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool is_too_long_ = false;
};

// `trace` may be null: it was not asked for.
Result<std::string> execute_reply_json(const pipeline::Certified& certified, RequestForm form,
                                       const KeptTrace* trace = nullptr);

}  // namespace mayfly::api
