// The certificate as plain structs. docs/certificate-format.md is the reference for every member;
// encode.hpp and decode.hpp are the only code that knows its JSON spelling.
//
// Shapes    Integers fit |n| <= 2^53-1. Vectors that the format calls sorted are sorted by the
//           encoder, so callers may fill them in any order. Times are Unix milliseconds.
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::certificate {

using crypto::Sha256;

struct NamedDigest {
  std::string name;
  Sha256 digest;
  std::int64_t size = 0;  // bytes
};

// Every limit is filled in; none is implied.
struct Limits {
  std::int64_t wall_ms = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
  std::int64_t open_files = 0;
  std::int64_t disk_bytes = 0;
  std::int64_t disk_inodes = 0;
  std::int64_t output_bytes = 0;
};

// One that runs before the command, in a sandbox of its own; what it leaves in /work, the next one
// finds there.
struct Stage {
  std::string name;  // "build" "step_1" ...
  std::vector<std::string> command;
  std::string dataset;  // "none" | "read"
  Limits limits;
};

// What the job might ask of a language model, and how much of it. Every limit is filled in; money
// has none where cost_microusd is 0 (millionths of a US dollar; prices are of a million tokens).
struct LlmAccess {
  std::string endpoint;  // URL of the provider
  std::int64_t calls = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t output_tokens_per_call = 0;
  std::int64_t total_tokens = 0;
  std::int64_t wall_ms = 0;
  std::int64_t cost_microusd = 0;
  std::int64_t input_price = 0;
  std::int64_t output_price = 0;
};

// What computation was asked for. sandbox_hash is the SHA-256 of this object's canonical bytes, so
// a reader recomputes it from the certificate alone.
struct Sandbox {
  std::vector<std::string> command;      // argv as executed
  std::vector<std::string> environment;  // "NAME=value", sorted
  std::string image;                     // "host-usr" (measured by use), later "sha256:..."
  std::string policy;                    // name of the seccomp policy: "default"
  Sha256 policy_hash;                    // over the policy's rules as data
  std::optional<LlmAccess> llm{};        // absent: none could be reached
  std::optional<Sha256> prompt_hash;     // LLM prompt, if any
  std::vector<NamedDigest> scripts;      // sorted by name
  std::vector<std::string> tools;        // sorted; empty = any program of the image
  std::vector<Stage> stages;             // in their order; before `command`
};

// A threshold fixed before the run. `name` is a dotted path into the result's JSON value.
struct Assertion {
  std::string name;
  std::string op;     // "==" "!=" "<" "<=" ">" ">="
  std::string value;  // canonical decimal, "0.95"
  // After the run: "true" | "false" | "unknown" (no such number in the result).
  std::string verdict = "unknown";
};

struct ToolUse {               // One kind of program execution; equal ones are counted together.
  std::string tool;            // "python"; "./name" for a file that is not of the image
  Sha256 digest;               // of the executed file's bytes
  std::string args_hash;       // "hmac-sha256:<hex>" of argv, keyed by the disclosure key
  std::int64_t exit_code = 0;  // 0..255, or minus the signal number
  std::int64_t count = 0;
  std::optional<std::string> script{};  // of the submitted ones, as argv names it
  auto operator<=>(const ToolUse&) const = default;
};

struct LlmCall {
  std::string model;
  Sha256 prompt_hash;
  std::int64_t tokens_used = 0;
  std::int64_t count = 0;
};

struct FileOp {
  std::string op;         // "read" | "write" | "create" | "remove" | "denied"
  std::string path_hash;  // "hmac-sha256:<hex>"
  std::int64_t count = 0;
};

struct NetworkCall {
  std::string destination;  // "address:port" as asked for
  std::string verdict;      // "denied" | "allowed"
  std::int64_t count = 0;
};

// Aggregated and sorted: order, pids, times and temporary names of a run never get here.
// An absent vector means "not recorded" (see Trace::coverage), an empty one "recorded, none".
struct Execution {
  std::optional<std::vector<LlmCall>> llm_calls;
  std::optional<std::vector<ToolUse>> tool_uses;
  std::optional<std::vector<FileOp>> file_ops;
  std::optional<std::vector<NetworkCall>> network_calls;
};

struct ResultRecord {
  Sha256 digest;  // of the result's raw bytes: the truth
  std::string
      media_type;  // "application/json" | "text/plain; charset=utf-8" | "application/octet-stream"
  std::int64_t size = 0;             // bytes
  std::optional<std::string> value;  // canonical JSON reading of the raw bytes, if lossless
  std::int64_t exit_code = 0;        // 0..255, or minus the signal number; -1 if it never started
  std::string status;  // "succeeded" "failed" "signalled" "timed_out" "limit_<which>" "denied"
  // More was written to standard output than Limits::output_bytes: the raw bytes are what was kept
  // of it, from its start, and there is no value (the line that would be it was not kept).
  bool truncated = false;
  // The one of Sandbox::stages that did not succeed: the command was not run.
  std::optional<std::string> stage{};
};

struct FilesUsed {  // Files of the image that the job executed (later: or opened), by content.
  Sha256 root;      // crypto::content_hash, label "mayfly/files-used/v1"
  std::int64_t count = 0;
};

// Deterministic: the same inputs give the same claim. Nothing else may enter.
struct Claim {
  std::string dataset_hash;  // "sha256:..." | "none" when the job takes no dataset
  std::string dataset_format;
  std::int64_t dataset_bytes = 0;
  Sandbox sandbox;
  Sha256 sandbox_hash;  // set by the encoder
  Sha256 input_hash;    // set by the encoder: all that is known before the run
  Limits limits;
  std::vector<std::string> models;
  std::string determinism = "deterministic";  // | "seeded" | "external"
  std::vector<Assertion> assertions;          // in the order given
  // What may be withheld from a reader, fixed before the run, sorted: "executions" "files" "llm"
  // "network" (events of the trace), "result". With "result" the claim only commits to it: digest
  // is result_commitment(), there is no value, and size is 0.
  std::vector<std::string> withhold{};
  FilesUsed files_used;
  Execution execution;
  ResultRecord result;
};

struct Lifecycle {  // Non-decreasing; the last one is the certificate's timestamp.
  UnixMillis dataset_loaded;
  UnixMillis execution_started;
  UnixMillis execution_completed;
  UnixMillis dataset_deleted;
  UnixMillis sandbox_destroyed;
};

struct Wipe {
  std::string method;                // "zero+truncate+close"
  std::int64_t bytes = 0;            // zeroed
  std::vector<std::string> scanned;  // what was looked at: "mapping" "descriptors" "processes" ...
  std::int64_t residue = 0;          // bytes, processes, mounts and cgroups found; must be 0
};

struct Usage {
  std::int64_t cpu_ms = 0;
  std::int64_t wall_ms = 0;
  std::int64_t peak_memory_bytes = 0;
  std::int64_t processes = 0;  // executions and forks seen
  std::int64_t stdout_bytes = 0;
  std::int64_t stderr_bytes = 0;
};

struct Trace {
  Sha256 root;            // RFC 6962 tree over the salted events; empty tree: SHA-256("")
  std::int64_t size = 0;  // events
  // "executions" | "files" | "network" | "llm" -> "complete" | "not-recorded" | "blocked"
  std::map<std::string, std::string> coverage;
  // As the keys of coverage -> how many of the events; empty: not said.
  std::map<std::string, std::int64_t> kinds{};
};

struct Software {
  std::string version;
  Sha256 mayfly;  // digest of the program that ran the pipeline
  Sha256 runner;  // digest of mayfly-runner
};

// Counted by the service itself over the first `log_size` entries of a transparency log; whoever
// has the log can count again.
struct StudyProgress {
  Sha256 entry;  // leaf hash of the study's entry
  std::int64_t planned = 0;
  std::int64_t started = 0;
  std::int64_t finished = 0;
  bool closed = false;
};
struct Attempt {
  std::string log;                 // its verifier key: "<origin>+<id>+<key>"
  std::int64_t number = 0;         // which run on this dataset this one is, from 1
  std::int64_t dataset_total = 0;  // runs announced on this dataset, this one included
  std::int64_t same_input = 0;     // of these, with this very input; this one included
  std::int64_t open = 0;           // other runs on this dataset without an end: running, or lost
  std::int64_t log_size = 0;       // entries that were counted
  Sha256 log_root;                 // of the tree over them
  std::optional<StudyProgress> study{};
};

struct Run {
  std::string run_id;              // "run_" + 32 hex
  std::optional<Attempt> attempt;  // absent: "uncounted", nothing is said about other attempts
  Bytes nonce;                     // 0..64 bytes chosen by the submitter
  Lifecycle lifecycle;
  Wipe wipe;
  Usage usage;
  bool output_truncated = false;  // either stream
  Trace trace;
  std::map<std::string, std::string> confinement;  // mechanism -> what was in force
  std::map<std::string, std::string> host;         // kernel, swap, core_pattern, init_on_free
  std::string backend = "native";
  std::string assurance;  // backend x TEE: "native+simulated", "native+tdx", ...
  Bytes signer;           // Ed25519 public key, 32 bytes
  // ECDSA P-256 public key of the second signature, x || y; absent: there is none.
  std::optional<Bytes> signer_p256{};
  std::string tee;  // "simulated-tdx" | "tdx" | ...
  Software software;
  std::string time_source = "host-clock";
};

inline constexpr std::string_view ed25519_algorithm = "ed25519";
inline constexpr std::string_view p256_algorithm = "ecdsa-p256-sha256";

struct Signature {
  std::string algorithm;  // one of the two above
  Bytes public_key;       // 32 bytes; of P-256 x || y, 64 bytes
  Bytes signature;        // over DSSE PAE(payload type, statement slice); of P-256 strict DER
};

// That an entry is in the log, at the size of the checkpoint inside `proof`.
struct LoggedEntry {
  Bytes entry;
  std::string proof;  // c2sp.org/tlog-proof@v1, without extra data
  // intent_log: from its checkpoint to the one in `log`. log: from attempt.log_size to its own.
  std::vector<Sha256> consistency;
};

struct CollateralPart {
  std::string name;  // "tcb_info"
  Bytes bytes;
};

// What the vendor published about the platform when the quote was made: it lives for a month, the
// certificate for years.
struct Collateral {
  std::string format;                 // "intel-tdx-v4"
  std::vector<CollateralPart> parts;  // sorted by name
};

// One event of the trace, shown.
struct ShownEvent {
  std::int64_t index = 0;
  std::string event;  // canonical JSON
  Bytes salt;         // 16 bytes
};

// Some events of the trace: run.trace.root follows from them, and from one hash for each largest
// subtree that is withheld.
struct ShownTrace {
  std::vector<ShownEvent> events;  // by index
  std::vector<Sha256> withheld;
};

struct ShownResult {
  Bytes bytes;
  Bytes salt;  // 32 bytes
};

// What is shown of that which the statement only commits to. Whoever holds the certificate can take
// it away, and nothing that is signed changes.
struct Disclosure {
  std::optional<ShownResult> result{};
  std::optional<ShownTrace> trace{};
};

struct Proof {
  std::optional<Collateral> collateral{};
  std::optional<Disclosure> disclosure{};
  std::vector<Signature> signatures;
  std::string tee_kind;    // = run.tee
  std::string tee_format;  // "tdx-quote-v4"
  Bytes tee_quote;
  std::optional<LoggedEntry> intent_log{};  // both or neither
  std::optional<LoggedEntry> log{};
  UnixMillis timestamp;  // = run.lifecycle.sandbox_destroyed, which is signed
  // RFC 3161 tokens, DER, oldest first: each over the certificate as it was without it.
  std::vector<Bytes> timestamps{};
};

struct Statement {
  Claim claim;
  Run run;
};

}  // namespace mayfly::certificate
