// The transparency log on disk: append, durable, checkpoint, in one transaction; only then does
// anyone hear of it.
//
// Shapes    Every commit signs one checkpoint over the whole log. The schema keeps one root per
//           size and lets nothing be changed or removed. open() reads every entry and compares the
//           tree with the newest checkpoint, so memory is about 500 bytes for each run.
// Errors    rejected: an entry that does not belong there (a run announced twice), or a log signed
//           by another key.  malformed: the database contradicts its own checkpoint.  unavailable:
//           disk full, locked too long.  In every case the entry is not in the log.
// Threads   May be shared by threads; appends of many threads share commits. Several processes may
//           append to one database.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "transparency/attempt_index.hpp"
#include "transparency/checkpoint.hpp"
#include "transparency/log_entry.hpp"
#include "transparency/log_proof.hpp"
#include "transparency/note_signer.hpp"
#include "transparency/tile.hpp"

namespace mayfly::store {

// What a log says about one run: counted over its first `size` entries.
struct AttemptAt {
  transparency::AttemptCounts counts;
  std::optional<transparency::StudyCounts> study;
  std::uint64_t size = 0;
  crypto::Sha256 root;
};

struct Appended {
  std::uint64_t index = 0;
  transparency::LogEntry entry;  // as logged: of an intent, log_size and log_root are filled in
  crypto::Sha256 leaf;
  transparency::SignedCheckpoint checkpoint;  // covers the entry
};

class Log {
 public:
  static Result<Log> open(const std::filesystem::path& database, transparency::NoteSigner signer);
  Log(Log&&) noexcept;
  Log& operator=(Log&&) noexcept;
  ~Log();

  const transparency::VerifierKey& key() const;

  // Durable, and in a checkpoint, when it returns.
  Result<Appended> append(transparency::LogEntry entry);

  // nullopt: an empty log. With the cosignatures that were added.
  Result<std::optional<transparency::SignedCheckpoint>> checkpoint();
  Result<void> add_cosignatures(std::uint64_t size,
                                const std::vector<transparency::NoteSignature>& signatures);

  // Of entry `index` in the tree of `checkpoint`.
  Result<transparency::LogProof> prove(std::uint64_t index,
                                       const transparency::SignedCheckpoint& checkpoint) const;
  Result<transparency::Proof> consistency(std::uint64_t size1, std::uint64_t size2) const;

  // rejected: the log announces no such run.
  Result<AttemptAt> attempt(std::string_view run_id);
  // A copy, over the whole log.
  Result<transparency::AttemptIndex> attempts();

  // nullopt: the log has no such tile, or not in that width.
  Result<std::optional<Bytes>> tile(const transparency::TileName& name);

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mayfly::store
