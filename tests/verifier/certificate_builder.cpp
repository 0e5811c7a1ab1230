#include "tests/verifier/certificate_builder.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "attest/collect/simulated_tdx.hpp"
#include "certificate/dsse.hpp"
#include "certificate/encode.hpp"
#include "certificate/ids.hpp"

namespace mayfly::test {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "certificate_builder: %s\n", result.error().message().c_str());
    std::abort();
  }
  return *std::move(result);
}

crypto::Sha256 digest_of(std::string_view text) {
  return crypto::sha256(bytes_of(text));
}

certificate::Claim valid_claim() {
  certificate::Claim claim;
  claim.dataset_hash = crypto::to_text(digest_of(sample_dataset));
  claim.dataset_format = "csv";
  claim.dataset_bytes = std::ssize(sample_dataset);
  claim.sandbox = {.command = {"python3", "main.py", "--strict"},
                   .environment = {"LANG=C.UTF-8", "PATH=/usr/bin"},
                   .image = "host-usr",
                   .policy = "default",
                   .policy_hash = digest_of("policy"),
                   .prompt_hash = std::nullopt,
                   .scripts = {{.name = "main.py", .digest = digest_of("print()"), .size = 7}},
                   .tools = {"python3"},
                   .stages = {}};
  claim.limits = {.wall_ms = 60'000,
                  .cpu_ms = 60'000,
                  .memory_bytes = 536'870'912,
                  .pids = 64,
                  .open_files = 256,
                  .disk_bytes = 67'108'864,
                  .disk_inodes = 4096,
                  .output_bytes = 1'048'576};
  claim.assertions = {{.name = "found", .op = "==", .value = "2", .verdict = "true"},
                      {.name = "score.mean", .op = ">=", .value = "0.95", .verdict = "false"}};
  claim.files_used = {.root = digest_of("files"), .count = 1};
  claim.execution.llm_calls.emplace();
  claim.execution.tool_uses = {{{.tool = "python",
                                 .digest = digest_of("python3"),
                                 .args_hash = "hmac-sha256:" + std::string(64, 'a'),
                                 .exit_code = 0,
                                 .count = 1,
                                 .script = "main.py"}}};
  const std::string result = R"({"found":2,"kinds":["email","ssn"],"score":{"mean":0.5}})";
  claim.result = {.digest = digest_of(result + "\n"),
                  .media_type = "application/json",
                  .size = std::ssize(result) + 1,
                  .value = result,
                  .exit_code = 0,
                  .status = "succeeded"};
  return claim;
}

certificate::Run valid_run() {
  const auto at = [](std::int64_t ms) { return UnixMillis{run_began_at.value + ms}; };
  certificate::Run run;
  run.run_id = "run_000102030405060708090a0b0c0d0e0f";
  run.nonce = {0xca, 0xfe};
  run.lifecycle = {.dataset_loaded = at(0),
                   .execution_started = at(12),
                   .execution_completed = at(180),
                   .dataset_deleted = at(190),
                   .sandbox_destroyed = at(195)};
  run.wipe = {.method = "zero+truncate+close",
              .bytes = std::ssize(sample_dataset),
              .scanned = {"mapping", "descriptors", "processes"},
              .residue = 0};
  run.usage = {.cpu_ms = 91,
               .wall_ms = 168,
               .peak_memory_bytes = 9'437'184,
               .processes = 1,
               .stdout_bytes = 57,
               .stderr_bytes = 0};
  run.trace = {.root = digest_of("trace"), .size = 2, .coverage = {{"executions", "complete"}}};
  run.confinement = {{"seccomp", "default"}, {"user_namespace", "separate"}};
  run.host = {{"kernel", "6.1"}, {"swap", "off"}};
  run.assurance = "native+simulated-tdx";
  run.tee = "simulated-tdx";
  run.software = {
      .version = "0.1.0", .mayfly = digest_of("mayfly"), .runner = digest_of("mayfly-runner")};
  return run;
}

constexpr std::size_t claim_hash_tag_bytes = std::string_view("sha256:").size();

certificate::EncodedStatement encode(const Draft& draft) {
  certificate::EncodedStatement encoded = must(certificate::encode_statement(draft.statement));
  if (!draft.before_signing) {
    return encoded;
  }
  const std::string hash_before = encoded.claim_hash.substr(claim_hash_tag_bytes);
  std::string text(text_of(encoded.bytes));
  draft.before_signing(text);
  encoded.bytes.assign(text.begin(), text.end());
  encoded.claim_hash = certificate::claim_hash(encoded.claim_slice());
  // The subject names the claim by its hash: keep it right, so that only one thing is wrong.
  const std::size_t subject = text.rfind(hash_before);
  if (subject != std::string::npos) {
    text.replace(subject, hash_before.size(), encoded.claim_hash.substr(claim_hash_tag_bytes));
    encoded.bytes.assign(text.begin(), text.end());
  }
  encoded.certificate_id = certificate::certificate_id(encoded.bytes);
  return encoded;
}

}  // namespace

const std::string sample_dataset = "name,mail\nAda,ada@example.org\nGrace,123-45-6789\n";

certificate::Statement valid_statement() {
  return {.claim = valid_claim(), .run = valid_run()};
}

TestSigner::TestSigner(std::uint8_t seed) {
  std::array<std::uint8_t, crypto_sign_SEEDBYTES> seed_bytes{};
  seed_bytes.fill(seed);
  if (crypto_sign_seed_keypair(public_key_.data(), secret_key_.data(), seed_bytes.data()) != 0) {
    std::abort();
  }
}

certificate::Signature TestSigner::sign(ByteView statement_slice) const {
  const Bytes message = certificate::dsse_pae(certificate::in_toto_payload_type, statement_slice);
  Bytes signature(crypto_sign_BYTES);
  if (crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                           secret_key_.data()) != 0) {
    std::abort();
  }
  return {.algorithm = "ed25519", .public_key = public_key(), .signature = std::move(signature)};
}

std::shared_ptr<const crypto::LockedP256Key> fixed_p256_key(std::uint8_t seed) {
  return std::make_shared<const crypto::LockedP256Key>(
      must(crypto::LockedP256Key::from_scalar(Bytes(32, seed))));
}

void sign_twice(Draft& draft) {
  draft.p256 = fixed_p256_key(1);
  draft.statement.run.signer_p256.emplace(draft.p256->public_key().begin(),
                                          draft.p256->public_key().end());
}

certificate::Signature p256_signature(const crypto::LockedP256Key& key, ByteView statement_slice) {
  return {.algorithm = std::string(certificate::p256_algorithm),
          .public_key = Bytes(key.public_key().begin(), key.public_key().end()),
          .signature = must(
              key.sign(certificate::dsse_pae(certificate::in_toto_payload_type, statement_slice)))};
}

Bytes simulated_quote(const attest::ReportData& report_data) {
  static const auto attester =
      must(attest::SimulatedTdxAttester::start(crypto::sha384(bytes_of("mayfly")), run_began_at));
  return must(attester.quote(report_data)).quote;
}

Draft::Draft() : statement(valid_statement()) {
  statement.run.signer = signer.public_key();
}

std::string statement_text(const Draft& draft) {
  return std::string(text_of(encode(draft).bytes));
}

Bytes build(const Draft& draft) {
  const certificate::EncodedStatement encoded = encode(draft);
  const certificate::Run& run = draft.statement.run;
  attest::ReportData report_data =
      must(attest::bind_certificate(encoded.bytes, run.signer, draft.intent_leaf, run.nonce));
  if (draft.before_quoting) {
    draft.before_quoting(report_data);
  }
  certificate::Proof proof{.signatures = {draft.signer.sign(encoded.bytes)},
                           .tee_kind = run.tee,
                           .tee_format = "tdx-quote-v4",
                           .tee_quote = draft.quote(report_data),
                           .timestamp = run.lifecycle.sandbox_destroyed};
  if (draft.p256) proof.signatures.push_back(p256_signature(*draft.p256, encoded.bytes));
  if (draft.before_encoding) {
    draft.before_encoding(proof);
  }
  return must(certificate::encode_certificate(encoded, proof));
}

void replace_once(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) {
    std::fprintf(stderr, "certificate_builder: nothing to replace: %s\n", from.c_str());
    std::abort();
  }
  text.replace(at, from.size(), to);
}

Bytes with_replaced(const Bytes& certificate, const std::string& from, const std::string& to) {
  std::string text(text_of(certificate));
  replace_once(text, from, to);
  return {text.begin(), text.end()};
}

}  // namespace mayfly::test
