// A whole log, read from its tiles alone and counted again: what anybody can do who can read them.
//
// Source    docs/transparency-log.md, "Counting"; C2SP tlog-tiles.
// Errors    rejected: tiles or entries that do not lead to the checkpoint, entries that do not
//           belong where they stand.  malformed / limit: not a log's files.  Of `fetch`: as it
//           says. Says nothing about who signed the checkpoint: verify_log_signature does.
// Threads   Pure but for `fetch`.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "transparency/attempt_index.hpp"
#include "transparency/checkpoint.hpp"
#include "transparency/merkle_tree.hpp"

namespace mayfly::transparency {

inline constexpr std::uint64_t log_copy_entries_max = 10'000'000;

struct LogCopy {
  SignedCheckpoint newest;
  MerkleTree tree;
  AttemptIndex index;
  std::vector<LogEntry> entries;      // without the foreign ones
  std::vector<std::uint64_t> places;  // of `entries`
  std::uint64_t foreign = 0;          // entries of kinds that this program does not know
};

// The bytes at a path of the log: "checkpoint", "tile/0/000.p/5", ...
using Fetch = std::function<Result<Bytes>(const std::string& path)>;
Result<LogCopy> read_log(const Fetch& fetch);

// nullopt: no such run among the first `size` entries.
std::optional<AttemptCounts> counts_at(const LogCopy& copy, std::uint64_t size,
                                       std::string_view run_id);

}  // namespace mayfly::transparency
