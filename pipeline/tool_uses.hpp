// The programs that a job executed, as they enter the claim: equal executions counted together, and
// nothing of one run's chance (order, process numbers, times, temporary names).
//
// Shapes    Past tool_uses_max different ones the arguments are no longer told apart, past that
//           again nothing is: what is merged is then committed to by a hash that knows no order. So
//           memory has a bound, whatever a job does.
// Threads   One object, one thread.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "certificate/model.hpp"
#include "crypto/multiset_hash.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t tool_uses_max = 4096;

class ToolUses {
 public:
  // `scripts`: names of the submitted ones.
  ToolUses(std::vector<std::string> scripts, const crypto::Sha256& disclosure_key)
      : scripts_(std::move(scripts)), disclosure_key_(disclosure_key) {}

  // A tool is named as a request would name it ("python"), a program of coreutils by its own name,
  // a file outside the image as "./name", so that none can pass for a tool.
  void add(const executor::ExecEvent& event);
  void end(const executor::ExecEnd& event);
  std::vector<certificate::ToolUse> finish() &&;

 private:
  enum class Told : std::uint8_t { apart, by_program, together };
  struct Merged {
    crypto::MultisetHash hash;
    std::int64_t count = 0;
  };
  using Program = std::tuple<std::string, crypto::Sha256, std::int64_t>;  // tool, digest, exit code

  void count(const certificate::ToolUse& use);
  void merge(const certificate::ToolUse& use, std::int64_t times);
  std::vector<certificate::ToolUse> merged_uses() const;

  std::vector<std::string> scripts_;
  crypto::Sha256 disclosure_key_;
  std::map<std::int32_t, certificate::ToolUse> running_;  // by process
  Told told_ = Told::apart;
  std::map<certificate::ToolUse, std::int64_t> counted_;
  std::map<Program, Merged> by_program_;
  Merged together_;
};

// "/tmp/ccQ7x.o" -> "/tmp/*": names that a program draws at random below /tmp say nothing about
// what ran, and would make equal runs unequal.
std::string without_temporary_names(std::string_view argument);

}  // namespace mayfly::pipeline
