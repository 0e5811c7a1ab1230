// Who tried what, counted over the entries of a log in their order: the same for whoever counts.
//
// Source    docs/transparency-log.md, "Counting".
// Errors    rejected: an entry that does not belong where it stands (a run announced twice, an end
//           without a beginning, a second end, a study that is over).
// Threads   One writer, or any number of readers.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "transparency/log_entry.hpp"

namespace mayfly::transparency {

// About one run, over the first so many entries of a log.
struct AttemptCounts {
  std::uint64_t number = 0;         // which run on this dataset this one is, from 1
  std::uint64_t dataset_total = 0;  // runs announced on this dataset, this one included
  std::uint64_t same_input = 0;     // of these, with this very input; this one included
  std::uint64_t open = 0;           // other runs on this dataset that have no end: running or lost
  bool operator==(const AttemptCounts&) const = default;
};

struct StudyCounts {
  std::uint64_t planned = 0;
  std::uint64_t started = 0;   // runs announced as part of it
  std::uint64_t finished = 0;  // of these, with a result
  bool is_closed = false;
  bool operator==(const StudyCounts&) const = default;
};

enum class RunEnd : std::uint8_t { none, result, abort };

struct RunFacts {
  std::string run_id;
  std::uint64_t intent_index = 0;
  Sha256 intent_leaf;
  std::string dataset_hash;
  Sha256 input_hash;
  std::optional<Sha256> study;
  std::uint64_t number = 0;
  RunEnd end = RunEnd::none;
  std::string end_reason;  // of an abort
  Sha256 statement;        // of a result
};

class AttemptIndex {
 public:
  // What add() would say.
  Result<void> check(const LogEntry& entry) const;
  // `leaf`: the entry's own leaf hash. Whoever reads a log has it for the tree, and to make it from
  // the entry again costs as much as all the rest of counting.
  Result<void> add(std::uint64_t index, const LogEntry& entry, const Sha256& leaf);
  Result<void> add(std::uint64_t index, const LogEntry& entry) {
    return add(index, entry, leaf_of(entry));
  }

  // nullopt: no such run was announced.
  std::optional<AttemptCounts> counts(std::string_view run_id) const;
  std::optional<StudyCounts> study(const Sha256& study_leaf) const;
  std::optional<Sha256> study_leaf(std::string_view study_id) const;
  const RunFacts* run(std::string_view run_id) const;
  const std::vector<RunFacts>& runs() const { return runs_; }  // in the order of their intents

 private:
  struct DatasetFacts {
    std::uint64_t total = 0;
    std::uint64_t open = 0;
  };
  struct StudyFacts {
    StudyEntry entry;
    StudyCounts counts;
  };

  Result<void> check_end(const std::string& run_id, const Sha256& intent) const;
  void end_run(const std::string& run_id, RunEnd end, std::string reason, const Sha256& statement);

  // Looked up by what is at hand, without a copy of it.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  // Over all of its bytes: a digest in a hostile log is whatever its writer likes.
  struct DigestHash {
    std::size_t operator()(const Sha256& digest) const noexcept;
  };
  template <class Value>
  using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  std::vector<RunFacts> runs_;
  ByText<std::size_t> run_by_id_;
  ByText<DatasetFacts> datasets_;
  std::unordered_map<Sha256, std::uint64_t, DigestHash> inputs_;
  std::map<Sha256, StudyFacts> studies_;  // by leaf hash
};

}  // namespace mayfly::transparency
