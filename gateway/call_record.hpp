// What is written down of one call: everything but what was said.
//
// Shapes    Never a key, a prompt, a reply, a tool's input or output, a user id or a query. Times
//           are microseconds since 1970 by the host's clock. As text: one JSON object.
// Errors    malformed: text that is no such object.
// Threads   Plain values and pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/sha2.hpp"
#include "gateway/endpoint.hpp"
#include "gateway/usage_reader.hpp"

namespace mayfly::gateway {

struct CallRecord {
  std::int64_t seq = 0;  // from 1, in the order in which calls ended
  Wire wire = Wire::anthropic;
  Operation operation = Operation::generate;
  std::string host;                       // where it went; empty: nowhere
  std::optional<crypto::Sha256> tls_key;  // of that host: SHA-256 of its SubjectPublicKeyInfo
  std::string api_version;                // as the job named it
  std::string model_asked;
  std::string model_served;
  // Of the body as it left, without the head that holds the key.
  std::optional<crypto::Sha256> prompt_hash;
  // HMAC-SHA-256 with the run's disclosure key over the SHA-256 of the reply's body.
  std::optional<crypto::Sha256> reply_hash;
  std::string stop_reason;
  std::optional<TokenUsage> usage;  // absent: the provider did not say
  int status = 0;                   // what the job was answered
  std::string error_type;
  std::string refused;  // by the gateway, and why: "budget_exceeded.calls"; empty: it was let out
  std::string request_id;
  std::int64_t started_us = 0;
  std::int64_t first_byte_us = 0;  // of the reply; 0: none came
  std::int64_t ended_us = 0;
  std::int64_t tools_offered = 0;
  std::int64_t tool_calls = 0;
  std::int64_t bytes_up = 0;  // bodies
  std::int64_t bytes_down = 0;
  bool streamed = false;
  bool complete = false;  // the reply came to its own end
};

std::string encode_record(const CallRecord& record);
Result<CallRecord> decode_record(std::string_view text);

}  // namespace mayfly::gateway
