// The record of a run, as it comes: its lines as salted Merkle leaves, and what the claim says of
// it. Nothing of it is held: memory does not grow with the record.
//
// Shapes    One canonical JSON object per event, each with its own 16-byte salt; the root covers
//           all of them, so that later a single event can be shown or withheld visibly.
//           docs/certificate-format.md, "The trace". In the order of their times; calls of models
//           come last, because the gateway tells of them when the job is over.
//           Salts are drawn from one seed of the run, which lies in locked memory, is told to
//           nobody and is zeroed with the recorder: whoever has not the lines can never guess an
//           event.
// Errors    internal, and unavailable: the kernel refused to lock the seed's page.
// Threads   One recorder, one thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"
#include "crypto/locked_secret.hpp"
#include "executor/sandbox.hpp"
#include "gateway/call_record.hpp"
#include "pipeline/file_summary.hpp"
#include "pipeline/tool_uses.hpp"
#include "transparency/merkle.hpp"

namespace mayfly::pipeline {

// Takes one line of the trace, without its line end. May do nothing.
using TraceSink = std::function<void(std::string_view line)>;

struct RecordedTrace {
  crypto::Sha256 root;
  std::int64_t size = 0;
  std::map<std::string, std::int64_t> kinds;  // "executions" "files" "network" "llm" -> events
  std::vector<certificate::ToolUse> tool_uses;
  std::vector<certificate::FileOp> file_ops;
  std::vector<certificate::NetworkCall> network_calls;
};

class TraceRecorder {
 public:
  struct Job {
    crypto::Sha256 disclosure_key;
    std::vector<std::string> scripts;  // names of the submitted ones
    std::optional<std::uint16_t> loopback_port{};
  };
  static Result<TraceRecorder> start(Job job, TraceSink sink);

  // Of all stages, one after the other: times are since the start of the first.
  Result<void> add(const executor::Event& event);
  Result<RecordedTrace> finish(const std::vector<gateway::CallRecord>& calls) &&;

 private:
  TraceRecorder(Job job, TraceSink sink, crypto::LockedSecret salt_seed);
  void seal(std::string_view word, const std::string& json);
  Result<void> take(const executor::RunStarted& event);
  Result<void> take(executor::ExecEvent event);
  Result<void> take(executor::ExecEnd event);
  Result<void> take(executor::FileEvent event);

  TraceSink sink_;
  crypto::LockedSecret salt_seed_;
  std::string line_;
  transparency::RootBuilder tree_;
  std::map<std::string, std::int64_t> kinds_;
  std::optional<UnixMillis> started_;
  std::int64_t later_by_us_ = 0;
  ToolUses tool_uses_;
  FileOps file_ops_;
  Addresses addresses_;
};

}  // namespace mayfly::pipeline
