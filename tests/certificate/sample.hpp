// A valid statement and proof in which every member of the format appears; tests change one thing.
#pragma once
#include <string>
#include <string_view>

#include "certificate/encode.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate::test {

inline Sha256 digest_of(std::string_view text) {
  return crypto::sha256(bytes_of(text));
}
inline std::string keyed_hash_of(std::string_view text) {
  return "hmac-" + crypto::to_text(digest_of(text));
}

inline Sandbox sample_sandbox() {
  return {.command = {"python3", "main.py", "line\nbreak"},
          .environment = {"PATH=/usr/bin", "DATASET_PATH=/data/dataset.csv"},
          .image = "host-usr",
          .policy = "default",
          .policy_hash = digest_of("policy"),
          .prompt_hash = digest_of("prompt"),
          .scripts = {{.name = "main.py", .digest = digest_of("print(1)"), .size = 8},
                      {.name = "lib/scan.py", .digest = digest_of("scan"), .size = 4}},
          .tools = {"python3", "grep"},
          .stages = {{.name = "build",
                      .command = {"make"},
                      .dataset = "none",
                      .limits = {.wall_ms = 1,
                                 .cpu_ms = 2,
                                 .memory_bytes = 3,
                                 .pids = 4,
                                 .open_files = 5,
                                 .disk_bytes = 6,
                                 .disk_inodes = 7,
                                 .output_bytes = 8}}}};
}

inline Claim sample_claim() {
  Claim claim;
  claim.dataset_hash = crypto::to_text(digest_of("dataset"));
  claim.dataset_format = "csv";
  claim.dataset_bytes = 1'234'567;
  claim.sandbox = sample_sandbox();
  claim.limits = {.wall_ms = 300'000,
                  .cpu_ms = 300'000,
                  .memory_bytes = 536'870'912,
                  .pids = 128,
                  .open_files = 1024,
                  .disk_bytes = 104'857'600,
                  .disk_inodes = 16'384,
                  .output_bytes = 1'048'576};
  claim.models = {"model-b", "model-a"};
  claim.determinism = "seeded";
  claim.assertions = {{.name = "metrics.accuracy", .op = ">=", .value = "0.95", .verdict = "true"},
                      {.name = "pii_found", .op = "==", .value = "0", .verdict = "true"}};
  claim.files_used = {.root = digest_of("files"), .count = 3};
  claim.execution.llm_calls = {
      {.model = "model-a", .prompt_hash = digest_of("prompt"), .tokens_used = 512, .count = 3}};
  claim.execution.tool_uses = {{.tool = "python",
                                .digest = digest_of("python"),
                                .args_hash = keyed_hash_of("python3 main.py"),
                                .exit_code = 0,
                                .count = 1,
                                .script = "main.py"},
                               {.tool = "grep",
                                .digest = digest_of("grep"),
                                .args_hash = keyed_hash_of("grep x"),
                                .exit_code = -9,
                                .count = 47}};
  claim.execution.file_ops = {{.op = "read", .path_hash = keyed_hash_of("/data"), .count = 9}};
  claim.execution.network_calls = {
      {.destination = "192.0.2.1:443", .verdict = "denied", .count = 2}};
  claim.result = {.digest = digest_of("{\"pii_found\": 0}"),
                  .media_type = "application/json",
                  .size = 16,
                  .value = R"({"metrics":{"accuracy":0.9512},"pii_found":0})",
                  .exit_code = 0,
                  .status = "succeeded",
                  .truncated = false,
                  .stage = "build"};
  return claim;
}

inline Run sample_run() {
  Run run;
  run.run_id = "run_00112233445566778899aabbccddeeff";
  run.nonce = {1, 2, 3, 255};
  run.lifecycle = {.dataset_loaded = {1'767'225'600'000},
                   .execution_started = {1'767'225'600'100},
                   .execution_completed = {1'767'225'601'000},
                   .dataset_deleted = {1'767'225'601'010},
                   .sandbox_destroyed = {1'767'225'601'020}};
  run.wipe = {.method = "zero+truncate+close",
              .bytes = 1'234'567,
              .scanned = {"mapping", "descriptors"},
              .residue = 0};
  run.usage = {.cpu_ms = 800,
               .wall_ms = 900,
               .peak_memory_bytes = 20'000'000,
               .processes = 48,
               .stdout_bytes = 16,
               .stderr_bytes = 0};
  run.trace = {.root = digest_of("trace"),
               .size = 48,
               .coverage = {{"executions", "complete"}, {"network", "blocked"}}};
  run.confinement = {{"seccomp", "default"}, {"cgroup", "v2"}};
  run.host = {{"kernel", "6.1.0"}, {"swap", "off"}};
  run.assurance = "native+simulated-tdx";
  run.signer = Bytes(32, 7);
  run.signer_p256 = Bytes(64, 8);
  run.tee = "simulated-tdx";
  run.software = {.version = "0.1.0", .mayfly = digest_of("mayfly"), .runner = digest_of("runner")};
  return run;
}

inline Statement sample_statement() {
  return {.claim = sample_claim(), .run = sample_run()};
}

inline Proof sample_proof() {
  return {.signatures = {{.algorithm = "ed25519",
                          .public_key = Bytes(32, 7),
                          .signature = Bytes(64, 9)},
                         {.algorithm = "ecdsa-p256-sha256",
                          .public_key = Bytes(64, 8),
                          .signature = Bytes(70, 10)}},
          .tee_kind = "simulated-tdx",
          .tee_format = "tdx-quote-v4",
          .tee_quote = Bytes(5000, 0xAB),
          .timestamp = {1'767'225'601'030},
          .timestamps = {Bytes(40, 11), Bytes(41, 12)}};
}

// Precondition: the statement and proof are encodable.
inline Bytes encode_sample(const Statement& statement = sample_statement(),
                           const Proof& proof = sample_proof()) {
  return encode_certificate(encode_statement(statement).value(), proof).value();
}

// One whose result and whose events of files may be withheld.
inline Statement disclosed_statement() {
  Statement statement = sample_statement();
  statement.claim.withhold = {"files", "result"};
  statement.claim.result.digest = digest_of("a commitment");
  statement.claim.result.media_type = "application/octet-stream";
  statement.claim.result.size = 0;
  statement.claim.result.value.reset();
  statement.run.usage.stdout_bytes = 0;
  statement.run.trace.size = 3;
  statement.run.trace.kinds = {{"executions", 1}, {"files", 2}};
  return statement;
}

inline Proof disclosed_proof() {
  Proof proof = sample_proof();
  const std::string_view result = "{\"pii_found\":0}";
  proof.disclosure = Disclosure{
      .result = ShownResult{.bytes = Bytes(result.begin(), result.end()), .salt = Bytes(32, 3)},
      .trace = ShownTrace{.events = {{.index = 0,
                                      .event = "{\"at_us\":1,\"event\":\"exec\"}",
                                      .salt = Bytes(16, 4)}},
                          .withheld = {digest_of("an event"), digest_of("another")}}};
  return proof;
}

}  // namespace mayfly::certificate::test
