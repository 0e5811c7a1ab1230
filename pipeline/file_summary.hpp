// What a job did with files and addresses, as it enters the claim: aggregated and sorted.
//
// Shapes    Files of the image that were read are in files_used, by content; what happened below
//           /proc and /dev is in the trace only. Names below /tmp and /dev/shm are drawn at random
//           by many programs, so they count as one. A call that failed is here when it was denied;
//           one that asked for what is not there is in the trace only.
//           Past a number of different ones they are merged, and committed to by a hash that knows
//           no order. So memory has a bound, whatever a job does.
// Errors    internal only.
// Threads   One object, one thread; functions are pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"
#include "crypto/multiset_hash.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t file_ops_max = 4096;
inline constexpr std::size_t network_calls_max = 1024;

class FileOps {
 public:
  explicit FileOps(const crypto::Sha256& disclosure_key) : disclosure_key_(disclosure_key) {}

  void add(const executor::FileEvent& event);
  std::vector<certificate::FileOp> finish() &&;

 private:
  struct Merged {
    crypto::MultisetHash paths;
    std::int64_t count = 0;
  };
  void count(std::string_view op, std::string_view path);
  void merge(const std::string& op, std::string_view path, std::int64_t times);

  crypto::Sha256 disclosure_key_;
  std::map<std::pair<std::string, std::string>, std::int64_t> counts_;  // operation, path
  std::map<std::string, Merged> merged_;  // by operation, once there are too many of them
};

// Asks for an address: a connection, or a datagram sent to one.
bool asks_for_address(executor::FileCall call);
// A connection to the one address that a run may have.
bool is_allowed_connection(const executor::FileEvent& event,
                           std::optional<std::uint16_t> loopback_port);

// The network namespace of a job is empty: whatever it asked for, it did not get it, but for a
// connection to the one address that its run may have.
class Addresses {
 public:
  explicit Addresses(std::optional<std::uint16_t> loopback_port) : loopback_port_(loopback_port) {}

  void add(const executor::FileEvent& event);
  std::vector<certificate::NetworkCall> finish() &&;

 private:
  std::optional<std::uint16_t> loopback_port_;
  std::int64_t allowed_ = 0;
  std::map<std::string, std::int64_t> denied_;  // by destination
  bool merged_ = false;                         // there were too many of them: all are "*"
};

// Files of the measured image that were executed or opened, by content; what the job itself wrote
// is not image.
Result<certificate::FilesUsed> files_used(const executor::RunReport& report);

// "hmac-sha256:<hex>": the form of every hash of something that could be guessed.
std::string keyed_hash(std::string_view text, const crypto::Sha256& disclosure_key);

}  // namespace mayfly::pipeline
