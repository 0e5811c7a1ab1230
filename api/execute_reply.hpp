// A finished run as the reply to POST /execute.
//
// Shapes    {"certificate_id", "certificate_url", "claim_hash", "execution_trace": {"coverage",
//           "events", "file_ops", "llm_calls", "network_calls", "tool_uses"}, "lifecycle":
//           {"dataset_deleted": true, "execution_time_ms", "sandbox_destroyed": true, "*_at"},
//           "proof": {"dataset_hash", "sandbox_hash", "tee", "tee_attestation"}, "result":
//           {"output", "exit_code", "status", "stderr", ...}, "usage", "findings"}. A part of the
//           trace that was not recorded is null; one that was, and is empty, is []. Output that is
//           not UTF-8 text is base64, with "output_encoding": "base64" beside it.
// Threads   Pure function.
#pragma once
#include <string>

#include "api/short_form.hpp"
#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

Result<std::string> execute_reply_json(const pipeline::Certified& certified, RequestForm form);

}  // namespace mayfly::api
