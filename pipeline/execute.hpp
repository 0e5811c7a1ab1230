// One run, start to certificate: the eight steps of docs/architecture.md in one function.
//
// Errors    malformed / limit: the request (names the field). unavailable: this machine. rejected:
//           the wipe found something left, so nothing is certified. internal: ours. In every case
//           no certificate exists and the dataset has been wiped.
//           A job that fails, times out or is denied is not an error: it gets a certificate.
// Threads   execute() may run on several threads at once over one Parts.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "certificate/model.hpp"
#include "certificate/sign.hpp"
#include "executor/sandbox.hpp"
#include "gateway/gateway.hpp"
#include "intake/dataset.hpp"
#include "pipeline/model_access.hpp"
#include "pipeline/run_log.hpp"
#include "pipeline/threat_rules.hpp"
#include "pipeline/trace.hpp"
#include "store/store.hpp"

namespace mayfly::pipeline {

// Instead of the name of a policy: that of the language which the entry script is written in.
inline constexpr std::string_view policy_of_language = "language";

// Whether the job must be deterministic by itself, or what it draws at random is drawn for it from
// a seed: the input hash.
enum class Determinism : std::uint8_t { of_the_job, seeded };

// Everything a run needs, every limit filled in. The dataset is already in sealed memory.
struct ExecutionRequest {
  std::optional<intake::Dataset> dataset;
  UnixMillis dataset_loaded;
  std::string dataset_format = "none";  // "csv" "json" "txt" "bin" "dir" "none"
  // argv; empty: what entry_script (empty: the only one, or main.*) needs in its language (empty:
  // by its extension), built first where that must be. pipeline/entry_point.hpp
  std::vector<std::string> command;
  std::string entry_script;
  std::string language;
  std::vector<std::string> arguments;           // of the entry script
  std::vector<std::vector<std::string>> steps;  // argv of each; before the command, in order
  std::vector<executor::ScriptFile> scripts;
  std::vector<std::string> tools;
  // Which system calls every stage may make: a name of executor/seccomp_policy.hpp, or
  // policy_of_language.
  std::string policy = "default";
  Determinism determinism = Determinism::of_the_job;
  std::vector<std::string> environment;  // extra "NAME=value" beside the fixed ones
  std::vector<certificate::Assertion> assertions;
  executor::Limits limits;
  Bytes nonce;
  std::optional<crypto::Sha256> study;  // leaf hash of the study that the run belongs to
  std::optional<ModelAccess> llm{};     // absent: the job reaches no model
  // Called with the certificate's id before anyone can find it; an error stops it from being kept.
  std::function<Result<void>(const std::string& certificate_id)> before_stored{};
  // What may be withheld from readers of the certificate: certificate::Claim::withhold.
  std::vector<std::string> withhold{};
  TraceSink trace{};  // gets the trace as it comes; empty: nobody does
};

// The outside world, handed in by main(): a test builds it with fakes.
struct Parts {
  const executor::Runner& runner;
  std::function<Result<attest::Evidence>(const attest::ReportData&)> collect;
  attest::TeeKind tee;
  const certificate::Signer& signer;  // made by this process, never written down, dies with it
  store::Store* store = nullptr;      // null: the caller keeps the certificate itself
  RunLogParts log{};                  // of attempts, before and after each run
  std::function<UnixMillis()> now;
  crypto::Sha256 program_digest;                     // of the program that runs this pipeline
  std::map<std::string, std::string> host;           // kernel, swap, core_pattern, init_on_free
  const gateway::GatewayProgram* gateway = nullptr;  // null: no run may call a model
};

// Of a call that was asked for, let out or not.
struct ModelCallFacts {
  std::string wire;
  int status = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

struct Certified {
  std::string certificate_id;
  std::string claim_hash;  // "sha256:..."
  Bytes certificate;       // canonical bytes
  certificate::Statement statement;
  executor::RunReport report;  // for the submitter only: output as the job wrote it
  std::vector<ModelCallFacts> model_calls;
  RefusedAddresses refused_addresses;
  std::vector<Finding> findings;
};

// What stands beside the quote, as certificates carry it. Precondition: there is something.
certificate::Collateral collateral_of(attest::Evidence evidence);

Result<Certified> execute(ExecutionRequest request, const Parts& parts,
                          const executor::Runner::Watch& watch);

}  // namespace mayfly::pipeline
