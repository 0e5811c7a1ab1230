#include "pipeline/model_record.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "certificate/canonical_writer.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

using gateway::CallRecord;

// As for tool uses: past this many, calls of one model are no longer told apart.
constexpr std::size_t llm_calls_max = 4096;
constexpr std::int64_t tokens_used_max = (std::int64_t{1} << 53) - 1;  // of a canonical number

void write_digest(certificate::CanonicalWriter& writer, std::string_view name,
                  const std::optional<crypto::Sha256>& digest) {
  if (digest) writer.member(name, crypto::to_text(*digest));
}
void write_flag(certificate::CanonicalWriter& writer, std::string_view name, bool value) {
  writer.name(name);
  writer.boolean(value);
}

void write_usage(certificate::CanonicalWriter& writer, const CallRecord& call) {
  if (!call.usage) return;
  writer.name("usage");
  writer.begin_object();
  writer.member("cache_read", call.usage->cache_read);
  writer.member("cache_write", call.usage->cache_write);
  writer.member("input", call.usage->input);
  writer.member("output", call.usage->output);
  writer.member("reasoning", call.usage->reasoning);
  writer.end_object();
}

// Members in canonical order, which the writer insists on.
Result<std::string> call_json(const CallRecord& call, std::int64_t started_us) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("api_version", printable_name(call.api_version));
  writer.member("at_us", call.started_us - started_us);
  writer.member("bytes_down", call.bytes_down);
  writer.member("bytes_up", call.bytes_up);
  write_flag(writer, "complete", call.complete);
  writer.member("ended_us", call.ended_us - started_us);
  writer.member("error_type", printable_name(call.error_type));
  writer.member("event", "llm");
  if (call.first_byte_us != 0) writer.member("first_byte_us", call.first_byte_us - started_us);
  writer.member("host", printable_name(call.host));
  writer.member("model_asked", printable_name(call.model_asked));
  writer.member("model_served", printable_name(call.model_served));
  writer.member("operation", gateway::to_string(call.operation));
  write_digest(writer, "prompt_hash", call.prompt_hash);
  writer.member("refused", printable_name(call.refused));
  write_digest(writer, "reply_hash", call.reply_hash);
  writer.member("request_id", printable_name(call.request_id));
  writer.member("seq", call.seq);
  writer.member("status", std::int64_t{call.status});
  writer.member("stop_reason", printable_name(call.stop_reason));
  write_flag(writer, "streamed", call.streamed);
  write_digest(writer, "tls_key", call.tls_key);
  writer.member("tool_calls", call.tool_calls);
  writer.member("tools_offered", call.tools_offered);
  write_usage(writer, call);
  writer.member("wire", gateway::to_string(call.wire));
  writer.end_object();
  return std::move(writer).finish();
}

}  // namespace

Result<std::vector<CallEvent>> call_events(const std::vector<CallRecord>& calls,
                                           UnixMillis execution_started) {
  const std::int64_t started_us = execution_started.value * 1000;
  std::vector<CallEvent> events;
  for (const CallRecord& call : calls) {
    TRY(std::string json, call_json(call, started_us));
    events.push_back({call.started_us - started_us, std::move(json)});
  }
  std::ranges::sort(events, {},
                    [](const CallEvent& event) { return std::tie(event.at_us, event.json); });
  return events;
}

std::vector<certificate::LlmCall> aggregate_calls(const std::vector<CallRecord>& calls) {
  std::map<std::tuple<std::string, crypto::Sha256, std::int64_t>, std::int64_t> counts;
  for (const CallRecord& call : calls) {
    if (!call.prompt_hash || call.operation == gateway::Operation::list_models) continue;
    const std::string& model = call.model_served.empty() ? call.model_asked : call.model_served;
    ++counts[{printable_name(model), *call.prompt_hash, call.usage ? call.usage->total() : 0}];
  }
  std::vector<certificate::LlmCall> merged;
  std::map<std::string, std::pair<std::string, certificate::LlmCall>> by_model;
  for (const auto& [key, count] : counts) {
    const auto& [model, prompt_hash, tokens] = key;
    merged.push_back({model, prompt_hash, tokens, count});
    auto& [hashes, sum] = by_model[model];
    hashes += crypto::to_text(prompt_hash) + "\n";
    sum.tokens_used = std::min(sum.tokens_used + tokens * count, tokens_used_max);
    sum.count += count;
  }
  if (merged.size() <= llm_calls_max) return merged;
  merged.clear();
  for (auto& [model, both] : by_model) {
    both.second.model = model;
    both.second.prompt_hash = crypto::sha256(bytes_of(both.first));
    merged.push_back(std::move(both.second));
  }
  return merged;
}

}  // namespace mayfly::pipeline
