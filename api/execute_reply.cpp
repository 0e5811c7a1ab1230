#include "api/execute_reply.hpp"

#include "api/json_out.hpp"
#include "base/text_encoding.hpp"
#include "certificate/decode.hpp"
#include "certificate/export.hpp"

namespace mayfly::api {
namespace {

using certificate::Claim;
using certificate::Run;

void write_result(JsonOut& json, const pipeline::Certified& certified) {
  const executor::RunReport& report = certified.report;
  const certificate::ResultRecord& result = certified.statement.claim.result;
  json.name("result");
  json.begin_object();
  output_member(json, "output", text_of(report.stdout_bytes));
  output_member(json, "stderr", text_of(report.stderr_bytes));
  json.member("exit_code", result.exit_code);
  json.member("status", result.status);
  json.name("output_truncated");
  json.boolean(certified.statement.run.output_truncated);
  json.name("truncated");
  json.boolean(result.truncated);
  json.member("digest", crypto::to_text(result.digest));
  if (result.value) {
    json.name("value");
    json.canonical_value(*result.value);
  }
  if (const auto* denied = std::get_if<executor::Denied>(&report.outcome)) {
    text_member(json, "reason", denied->what);
  } else if (const auto* not_started = std::get_if<executor::NotStarted>(&report.outcome)) {
    text_member(json, "reason", not_started->why);
  }
  json.end_object();
}

// Null: this kind of event was not recorded.
template <class Entry, class WriteEntry>
void write_events(JsonOut& json, std::string_view name,
                  const std::optional<std::vector<Entry>>& entries, WriteEntry write_entry) {
  json.name(name);
  if (!entries) return json.null();
  json.begin_array();
  for (const Entry& entry : *entries) {
    json.begin_object();
    write_entry(entry);
    json.member("count", entry.count);
    json.end_object();
  }
  json.end_array();
}

void write_lines(JsonOut& json, const KeptTrace* trace) {
  if (trace == nullptr) return;
  json.name("lines");
  trace->is_too_long() ? json.null() : json.string(trace->text());
}

void write_trace(JsonOut& json, const Claim& claim, const Run& run, const KeptTrace* trace) {
  json.name("execution_trace");
  json.begin_object();
  write_events(json, "tool_uses", claim.execution.tool_uses, [&](const auto& use) {
    text_member(json, "tool", use.tool);
    json.member("digest", crypto::to_text(use.digest));
    json.member("args_hash", use.args_hash);
    json.member("exit_code", use.exit_code);
    if (use.script) text_member(json, "script", *use.script);
    if (const auto pattern = certificate::pattern_of(use)) json.member("pattern", *pattern);
  });
  write_events(json, "llm_calls", claim.execution.llm_calls, [&](const auto& call) {
    text_member(json, "model", call.model);
    json.member("prompt_hash", crypto::to_text(call.prompt_hash));
    json.member("tokens_used", call.tokens_used);
  });
  write_events(json, "file_ops", claim.execution.file_ops, [&](const auto& op) {
    json.member("op", op.op);
    json.member("path_hash", op.path_hash);
  });
  write_events(json, "network_calls", claim.execution.network_calls, [&](const auto& call) {
    text_member(json, "destination", call.destination);
    json.member("verdict", call.verdict);
  });
  json.name("coverage");
  json.begin_object();
  for (const auto& [kind, state] : run.trace.coverage) json.member(kind, state);
  json.end_object();
  json.name("events");
  json.begin_object();
  json.member("root", crypto::to_text(run.trace.root));
  json.member("size", run.trace.size);
  write_lines(json, trace);
  json.end_object();
  json.end_object();
}

void write_lifecycle(JsonOut& json, const Run& run) {
  const certificate::Lifecycle& at = run.lifecycle;
  json.name("lifecycle");
  json.begin_object();
  json.member("execution_time_ms", at.execution_completed.value - at.execution_started.value);
  // The run is certified only if the wipe and the teardown found nothing left.
  json.name("dataset_deleted");
  json.boolean(true);
  json.name("sandbox_destroyed");
  json.boolean(true);
  json.member("dataset_loaded_at", to_rfc3339(at.dataset_loaded));
  json.member("execution_started_at", to_rfc3339(at.execution_started));
  json.member("execution_completed_at", to_rfc3339(at.execution_completed));
  json.member("dataset_deleted_at", to_rfc3339(at.dataset_deleted));
  json.member("sandbox_destroyed_at", to_rfc3339(at.sandbox_destroyed));
  json.end_object();
}

void write_usage(JsonOut& json, const Run& run) {
  json.name("usage");
  json.begin_object();
  json.member("cpu_ms", run.usage.cpu_ms);
  json.member("wall_ms", run.usage.wall_ms);
  json.member("peak_memory_bytes", run.usage.peak_memory_bytes);
  json.member("processes", run.usage.processes);
  json.member("stdout_bytes", run.usage.stdout_bytes);
  json.member("stderr_bytes", run.usage.stderr_bytes);
  json.end_object();
}

void write_findings(JsonOut& json, const std::vector<pipeline::Finding>& findings) {
  json.name("findings");
  json.begin_array();
  for (const pipeline::Finding& finding : findings) {
    json.begin_object();
    json.member("rule", to_string(finding.rule));
    json.member("severity", to_string(finding.severity));
    json.member("count", finding.count);
    json.end_object();
  }
  json.end_array();
}

// 1234 -> "1.234": JSON's own form of a number of seconds.
std::string seconds(std::int64_t milliseconds) {
  std::string text = std::to_string(milliseconds / 1000);
  const std::int64_t rest = milliseconds % 1000;
  if (rest == 0) return text;
  std::string digits = std::to_string(1000 + rest).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + "." + digits;
}

std::string_view outcome_word(std::string_view status) {
  if (status == "succeeded") return "success";
  if (status == "timed_out") return "timeout";
  return status.starts_with("limit_") ? "resource_limit" : "error";
}

std::string why_no_success(const pipeline::Certified& certified) {
  const certificate::ResultRecord& result = certified.statement.claim.result;
  if (const auto* denied = std::get_if<executor::Denied>(&certified.report.outcome)) {
    return denied->what;
  }
  if (const auto* not_started = std::get_if<executor::NotStarted>(&certified.report.outcome)) {
    return not_started->why;
  }
  return result.status + (result.stage ? " in stage " + *result.stage : "") + ", exit code " +
         std::to_string(result.exit_code) + "; result.stderr has what it said";
}

// The members of the short form's answer, which says the same in fewer words.
void write_short_answer(JsonOut& json, const pipeline::Certified& certified, const Run& run) {
  const std::string_view word = outcome_word(certified.statement.claim.result.status);
  json.member("status", word);
  output_member(json, "output", text_of(certified.report.stdout_bytes));
  if (word == "success") {
    json.name("error");
    json.null();
  } else {
    text_member(json, "error", why_no_success(certified));
  }
  json.name("execution_time");
  json.canonical_value(seconds(run.usage.wall_ms));
  json.name("resource_usage");
  json.begin_object();
  json.name("cpu_time");
  json.canonical_value(seconds(run.usage.cpu_ms));
  constexpr std::int64_t mb = 1'000'000;
  json.member("memory_peak", std::to_string((run.usage.peak_memory_bytes + mb - 1) / mb) + "MB");
  json.end_object();
}

}  // namespace

void KeptTrace::take(std::string_view line) {
  if (is_too_long_) return;
  if (text_.size() + line.size() >= trace_reply_bytes_max) {
    is_too_long_ = true;
    text_ = {};
    return;
  }
  text_.append(line).push_back('\n');
}

Result<std::string> execute_reply_json(const pipeline::Certified& certified, RequestForm form,
                                       const KeptTrace* trace) {
  // Read back from the very bytes that were stored: what is replied is what the certificate says.
  TRY(const auto decoded, certificate::decode_certificate(certified.certificate));
  const Claim& claim = decoded.statement.claim;
  const Run& run = decoded.statement.run;
  JsonOut json(reply_bounds);
  json.begin_object();
  json.member("certificate_id", certified.certificate_id);
  json.member("certificate_url", "/certificate/" + certified.certificate_id);
  json.member("claim_hash", certified.claim_hash);
  write_result(json, certified);
  write_trace(json, claim, run, trace);
  json.name("proof");
  json.begin_object();
  // As in the certificate's summary: the evidence in short, the quote itself is in the certificate.
  json.member("tee_attestation", "0x" + hex_encode(crypto::sha256(decoded.proof.tee_quote).bytes));
  json.member("tee", decoded.proof.tee_kind);
  json.member("dataset_hash", claim.dataset_hash);
  json.member("sandbox_hash", crypto::to_text(claim.sandbox_hash));
  json.end_object();
  write_lifecycle(json, run);
  write_usage(json, run);
  write_findings(json, certified.findings);
  if (form == RequestForm::short_form) write_short_answer(json, certified, run);
  json.end_object();
  return std::move(json).finish();
}

}  // namespace mayfly::api
