// The JSON spelling of every struct of model.hpp, written once: the encoder and the decoder both
// walk it, so one cannot know a member that the other does not.
//
// Use       A Walk has one function per kind of member (count, text, digest, list, ...). `T` is the
//           struct, const for the encoder. Order here does not matter: JSON members are sorted.
// Threads   Pure functions over their arguments.
#pragma once
#include <concepts>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "certificate/field_rules.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

inline constexpr std::string_view certificate_schema = "mayfly/certificate/v1";
inline constexpr std::string_view statement_type = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view attempt_uncounted = "uncounted";
inline constexpr std::string_view predicate_type = "urn:mayfly:execution:v1";

template <class T, class Record>
concept Like = std::same_as<std::remove_const_t<T>, Record>;

// What makes two entries of a sorted list the same one.
inline const std::string& identity(const std::string& text) {
  return text;
}
inline const std::string& identity(const NamedDigest& entry) {
  return entry.name;
}
inline const std::string& identity(const CollateralPart& part) {
  return part.name;
}
inline auto identity(const ToolUse& use) {
  return std::tie(use.tool, use.digest, use.args_hash, use.exit_code);
}
inline auto identity(const LlmCall& call) {
  return std::tie(call.model, call.prompt_hash, call.tokens_used);
}
inline auto identity(const FileOp& op) {
  return std::tie(op.op, op.path_hash);
}
inline auto identity(const NetworkCall& call) {
  return std::tie(call.destination, call.verdict);
}

enum class Order : std::uint8_t { as_given, sorted };

template <class Walk, Like<NamedDigest> T>
void spell(Walk& walk, T& entry) {
  walk.text("name", entry.name, rules::name);
  walk.digest("digest", entry.digest);
  walk.count("size", entry.size);
}

template <class Walk, Like<LlmAccess> T>
void spell(Walk& walk, T& llm) {
  walk.text("endpoint", llm.endpoint, rules::name);
  walk.count("calls", llm.calls);
  walk.count("input_tokens", llm.input_tokens);
  walk.count("output_tokens", llm.output_tokens);
  walk.count("output_tokens_per_call", llm.output_tokens_per_call);
  walk.count("total_tokens", llm.total_tokens);
  walk.count("wall_ms", llm.wall_ms);
  walk.count("cost_microusd", llm.cost_microusd);
  walk.count("input_microusd_per_million_tokens", llm.input_price);
  walk.count("output_microusd_per_million_tokens", llm.output_price);
}

template <class Walk, Like<Limits> T>
void spell(Walk& walk, T& limits) {
  walk.count("wall_ms", limits.wall_ms);
  walk.count("cpu_ms", limits.cpu_ms);
  walk.count("memory_bytes", limits.memory_bytes);
  walk.count("pids", limits.pids);
  walk.count("open_files", limits.open_files);
  walk.count("disk_bytes", limits.disk_bytes);
  walk.count("disk_inodes", limits.disk_inodes);
  walk.count("output_bytes", limits.output_bytes);
}

template <class Walk, Like<Stage> T>
void spell(Walk& walk, T& stage) {
  walk.text("name", stage.name, rules::word);
  walk.texts("command", stage.command, rules::argument, Order::as_given);
  walk.text("dataset", stage.dataset, rules::dataset_access);
  walk.object("limits", stage.limits);
}

template <class Walk, Like<Sandbox> T>
void spell(Walk& walk, T& sandbox) {
  walk.constant("schema", "mayfly/sandbox/v1");
  walk.texts("command", sandbox.command, rules::argument, Order::as_given);
  walk.texts("environment", sandbox.environment, rules::environment_entry, Order::sorted);
  walk.text("image", sandbox.image, rules::name);
  walk.text("policy", sandbox.policy, rules::word);
  walk.digest("policy_hash", sandbox.policy_hash);
  walk.optional_object("llm", sandbox.llm);
  walk.optional_digest("prompt_hash", sandbox.prompt_hash);
  walk.list("scripts", sandbox.scripts, list_entries_max, Order::sorted);
  walk.list("stages", sandbox.stages, stages_max, Order::as_given);
  walk.texts("tools", sandbox.tools, rules::name, Order::sorted);
}

// An assertion as it stood before the run, without its verdict.
struct Threshold : Assertion {};

template <class Walk, class T>
void spell_threshold(Walk& walk, T& assertion) {
  walk.text("name", assertion.name, rules::result_path);
  walk.text("op", assertion.op, rules::comparison);
  walk.text("value", assertion.value, rules::decimal);
}

template <class Walk, Like<Threshold> T>
void spell(Walk& walk, T& threshold) {
  spell_threshold(walk, threshold);
}

template <class Walk, Like<Assertion> T>
void spell(Walk& walk, T& assertion) {
  spell_threshold(walk, assertion);
  walk.text("verdict", assertion.verdict, rules::verdict);
}

template <class Walk, Like<ToolUse> T>
void spell(Walk& walk, T& use) {
  walk.text("tool", use.tool, rules::name);
  walk.digest("digest", use.digest);
  walk.text("args_hash", use.args_hash, rules::keyed_hash);
  walk.integer("exit_code", use.exit_code, exit_code_min, exit_code_max);
  walk.count("count", use.count);
  walk.optional_text("script", use.script, rules::name);
}

template <class Walk, Like<LlmCall> T>
void spell(Walk& walk, T& call) {
  walk.text("model", call.model, rules::name);
  walk.digest("prompt_hash", call.prompt_hash);
  walk.count("tokens_used", call.tokens_used);
  walk.count("count", call.count);
}

template <class Walk, Like<FileOp> T>
void spell(Walk& walk, T& op) {
  walk.text("op", op.op, rules::file_operation);
  walk.text("path_hash", op.path_hash, rules::keyed_hash);
  walk.count("count", op.count);
}

template <class Walk, Like<NetworkCall> T>
void spell(Walk& walk, T& call) {
  walk.text("destination", call.destination, rules::name);
  walk.text("verdict", call.verdict, rules::network_verdict);
  walk.count("count", call.count);
}

template <class Walk, Like<Execution> T>
void spell(Walk& walk, T& execution) {
  walk.optional_list("llm_calls", execution.llm_calls, list_entries_max, Order::sorted);
  walk.optional_list("tool_uses", execution.tool_uses, list_entries_max, Order::sorted);
  walk.optional_list("file_ops", execution.file_ops, list_entries_max, Order::sorted);
  walk.optional_list("network_calls", execution.network_calls, list_entries_max, Order::sorted);
}

template <class Walk, Like<ResultRecord> T>
void spell(Walk& walk, T& result) {
  walk.digest("digest", result.digest);
  walk.text("media_type", result.media_type, rules::media_type);
  walk.count("size", result.size);
  walk.optional_text("stage", result.stage, rules::word);
  walk.optional_json("value", result.value);
  walk.integer("exit_code", result.exit_code, exit_code_min, exit_code_max);
  walk.text("status", result.status, rules::status);
  walk.flag("truncated", result.truncated);
}

template <class Walk, Like<FilesUsed> T>
void spell(Walk& walk, T& files) {
  walk.digest("root", files.root);
  walk.count("count", files.count);
}

// What claim and input have in common, beside the assertions.
template <class Walk, Like<Claim> T>
void spell_input(Walk& walk, T& claim) {
  walk.text("dataset_hash", claim.dataset_hash, rules::dataset_hash);
  walk.text("dataset_format", claim.dataset_format, rules::word);
  walk.count("dataset_bytes", claim.dataset_bytes);
  walk.digest("sandbox_hash", claim.sandbox_hash);
  walk.object("limits", claim.limits);
  walk.texts("models", claim.models, rules::name, Order::sorted);
  walk.text("determinism", claim.determinism, rules::determinism);
  walk.texts_if_any("withhold", claim.withhold, rules::withholdable, Order::sorted);
}

template <class Walk, Like<Claim> T>
void spell(Walk& walk, T& claim) {
  walk.constant("schema", "mayfly/claim/v1");
  spell_input(walk, claim);
  walk.digest("input_hash", claim.input_hash);
  walk.object("sandbox", claim.sandbox);
  walk.list("assertions", claim.assertions, assertions_max, Order::as_given);
  walk.object("files_used", claim.files_used);
  walk.object("execution", claim.execution);
  walk.object("result", claim.result);
}

template <class Walk, Like<Lifecycle> T>
void spell(Walk& walk, T& lifecycle) {
  walk.time("dataset_loaded", lifecycle.dataset_loaded);
  walk.time("execution_started", lifecycle.execution_started);
  walk.time("execution_completed", lifecycle.execution_completed);
  walk.time("dataset_deleted", lifecycle.dataset_deleted);
  walk.time("sandbox_destroyed", lifecycle.sandbox_destroyed);
}

template <class Walk, Like<Wipe> T>
void spell(Walk& walk, T& wipe) {
  walk.text("method", wipe.method, rules::word);
  walk.count("bytes", wipe.bytes);
  walk.texts("scanned", wipe.scanned, rules::name, Order::as_given);
  walk.count("residue", wipe.residue);
}

template <class Walk, Like<Usage> T>
void spell(Walk& walk, T& usage) {
  walk.count("cpu_ms", usage.cpu_ms);
  walk.count("wall_ms", usage.wall_ms);
  walk.count("peak_memory_bytes", usage.peak_memory_bytes);
  walk.count("processes", usage.processes);
  walk.count("stdout_bytes", usage.stdout_bytes);
  walk.count("stderr_bytes", usage.stderr_bytes);
}

template <class Walk, Like<Trace> T>
void spell(Walk& walk, T& trace) {
  walk.digest("root", trace.root);
  walk.count("size", trace.size);
  walk.texts_by_name("coverage", trace.coverage, rules::coverage);
  walk.counts_if_any("kinds", trace.kinds);
}

template <class Walk, Like<Software> T>
void spell(Walk& walk, T& software) {
  walk.text("version", software.version, rules::name);
  walk.digest("mayfly", software.mayfly);
  walk.digest("runner", software.runner);
}

template <class Walk, Like<StudyProgress> T>
void spell(Walk& walk, T& study) {
  walk.digest("entry", study.entry);
  walk.count("planned", study.planned);
  walk.count("started", study.started);
  walk.count("finished", study.finished);
  walk.flag("closed", study.closed);
}

template <class Walk, Like<Attempt> T>
void spell(Walk& walk, T& attempt) {
  walk.text("log", attempt.log, rules::verifier_key);
  walk.count("number", attempt.number);
  walk.count("dataset_total", attempt.dataset_total);
  walk.count("same_input", attempt.same_input);
  walk.count("open", attempt.open);
  walk.count("log_size", attempt.log_size);
  walk.digest("log_root", attempt.log_root);
  walk.optional_object("study", attempt.study);
}

template <class Walk, Like<LoggedEntry> T>
void spell(Walk& walk, T& logged) {
  walk.base64url("entry", logged.entry, 1, log_entry_bytes_max);
  walk.text("proof", logged.proof, rules::log_proof);
  walk.digests("consistency", logged.consistency, log_proof_hashes_max);
}

template <class Walk, Like<Run> T>
void spell(Walk& walk, T& run) {
  walk.constant("schema", "mayfly/run/v1");
  walk.text("run_id", run.run_id, rules::run_id);
  walk.object_or("attempt", run.attempt, attempt_uncounted);
  walk.hex("nonce", run.nonce, 0, nonce_bytes_max);
  walk.object("lifecycle", run.lifecycle);
  walk.object("wipe", run.wipe);
  walk.object("usage", run.usage);
  walk.flag("output_truncated", run.output_truncated);
  walk.object("trace", run.trace);
  walk.texts_by_name("confinement", run.confinement, rules::any_text);
  walk.texts_by_name("host", run.host, rules::any_text);
  walk.text("backend", run.backend, rules::word);
  walk.text("assurance", run.assurance, rules::word);
  walk.hex("signer", run.signer, 32, 32);
  walk.optional_hex("signer_p256", run.signer_p256, 64, 64);
  walk.text("tee", run.tee, rules::word);
  walk.object("software", run.software);
  walk.text("time_source", run.time_source, rules::word);
}

template <class Walk, Like<Signature> T>
void spell(Walk& walk, T& signature) {
  walk.text("algorithm", signature.algorithm, rules::algorithm);
  if (signature.algorithm == p256_algorithm) {  // known by now, in either direction
    walk.hex("public_key", signature.public_key, 64, 64);
    walk.base64url("signature", signature.signature, p256_signature_bytes_min,
                   p256_signature_bytes_max);
    return;
  }
  walk.hex("public_key", signature.public_key, 32, 32);
  walk.base64url("signature", signature.signature, 64, 64);
}

template <class Walk, Like<CollateralPart> T>
void spell(Walk& walk, T& part) {
  walk.text("name", part.name, rules::member);
  walk.base64url("bytes", part.bytes, 1, collateral_part_bytes_max);
}

template <class Walk, Like<Collateral> T>
void spell(Walk& walk, T& collateral) {
  walk.text("format", collateral.format, rules::word);
  walk.list("parts", collateral.parts, collateral_parts_max, Order::sorted);
}

template <class Walk, Like<ShownEvent> T>
void spell(Walk& walk, T& shown) {
  walk.json("event", shown.event);
  walk.count("index", shown.index);
  walk.hex("salt", shown.salt, trace_salt_bytes, trace_salt_bytes);
}

template <class Walk, Like<ShownTrace> T>
void spell(Walk& walk, T& trace) {
  walk.list("events", trace.events, list_entries_max, Order::as_given);
  walk.digests("withheld", trace.withheld, withheld_hashes_max);
}

template <class Walk, Like<ShownResult> T>
void spell(Walk& walk, T& result) {
  walk.base64url("bytes", result.bytes, 0, shown_result_bytes_max);
  walk.hex("salt", result.salt, result_salt_bytes, result_salt_bytes);
}

template <class Walk, Like<Disclosure> T>
void spell(Walk& walk, T& disclosure) {
  walk.optional_object("result", disclosure.result);
  walk.optional_object("trace", disclosure.trace);
}

template <class Walk, Like<Proof> T>
void spell(Walk& walk, T& proof) {
  walk.optional_object("collateral", proof.collateral);
  walk.optional_object("disclosure", proof.disclosure);
  walk.list("signatures", proof.signatures, signatures_max, Order::as_given);
  walk.group("tee_attestation", [&](Walk& inner) {
    inner.text("kind", proof.tee_kind, rules::word);
    inner.text("format", proof.tee_format, rules::word);
  });
  walk.base64url("tee_quote", proof.tee_quote, 0, quote_bytes_max);
  walk.optional_object("intent_log", proof.intent_log);
  walk.optional_object("log", proof.log);
  walk.time("timestamp", proof.timestamp);
  walk.byte_strings("timestamps", proof.timestamps, timestamps_max, timestamp_token_bytes_max);
}

}  // namespace mayfly::certificate
