#include "store/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "store/connect.hpp"
#include "store/sqlite.hpp"
#include "transparency/merkle_tree.hpp"
#include "transparency/text_line.hpp"

namespace mayfly::store {

using transparency::AttemptIndex;
using transparency::LogEntry;
using transparency::LogProof;
using transparency::MerkleTree;
using transparency::NoteSignature;
using transparency::NoteSigner;
using transparency::SignedCheckpoint;
using transparency::TileName;

namespace {

struct Request {
  LogEntry entry;
  std::optional<Result<Appended>> answer;  // the leader's until is_done
  bool is_done = false;                    // under queue_mutex
};

Result<SignedCheckpoint> read_checkpoint(sqlite3* connection, std::uint64_t size) {
  TRY(auto select,
      Statement::prepare(connection, "SELECT note FROM log_checkpoint WHERE size = ?"));
  select.bind(static_cast<std::int64_t>(size));
  TRY(const auto step, select.step());
  if (step != Statement::Step::row) {
    return fail(ErrorCode::malformed,
                "the log has entries that no checkpoint covers; restore the "
                "database from a copy");
  }
  const std::string note = select.text(0);
  TRY(SignedCheckpoint checkpoint, transparency::parse_signed_checkpoint(bytes_of(note)));
  TRY(auto lines, Statement::prepare(
                      connection, "SELECT line FROM log_cosignature WHERE size = ? ORDER BY line"));
  lines.bind(static_cast<std::int64_t>(size));
  for (;;) {
    TRY(const auto next, lines.step());
    if (next == Statement::Step::done) return checkpoint;
    TRY(auto signatures, transparency::parse_signature_lines(lines.text(0)));
    std::ranges::move(signatures, std::back_inserter(checkpoint.note.signatures));
  }
}

}  // namespace

struct Log::State {
  State(Connection opened, NoteSigner log_signer)
      : connection(std::move(opened)), signer(std::move(log_signer)) {}

  Result<void> in_transaction(const char* begin, const std::function<Result<void>()>& body);
  Result<void> catch_up();
  Result<void> check_newest();
  Result<Appended> add(LogEntry entry);
  Result<void> write_checkpoint();
  Result<void> write_batch(std::vector<Request*>& batch);
  void commit(std::vector<Request*>& batch);
  Result<void> refresh() {
    return in_transaction("BEGIN", [this] { return catch_up(); });
  }

  // Guards everything below but the queue.
  std::mutex mutex;
  Connection connection;
  NoteSigner signer;
  MerkleTree tree;
  AttemptIndex index;
  // After a failed commit memory is ahead of the disk: read it all again.
  bool is_stale = false;
  std::optional<SignedCheckpoint> newest;

  std::mutex queue_mutex;
  std::condition_variable queue_changed;
  std::vector<Request*> waiting;
  bool has_leader = false;
};

Result<void> Log::State::in_transaction(const char* begin,
                                        const std::function<Result<void>()>& body) {
  CHECK_OK(run_sql(connection.get(), begin, "using the log"));
  auto done = body();
  if (done) done = run_sql(connection.get(), "COMMIT", "using the log");
  if (!done) {
    // The first error is the one to report; a rollback that fails leaves nothing committed.
    sqlite3_exec(connection.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    is_stale = true;
  }
  return done;
}

// Reads what this object does not have yet, of other processes too. Inside a transaction.
Result<void> Log::State::catch_up() {
  if (is_stale) {
    tree = MerkleTree();
    index = AttemptIndex();
    newest.reset();
    is_stale = false;
  }
  const std::uint64_t known = tree.size();
  TRY(auto select,
      Statement::prepare(connection.get(),
                         "SELECT idx, entry FROM log_entry WHERE idx >= ? ORDER BY idx"));
  select.bind(static_cast<std::int64_t>(known));
  for (;;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) break;
    if (select.number(0) != static_cast<std::int64_t>(tree.size())) {
      return fail(ErrorCode::malformed, "the log has a gap; restore the database from a copy");
    }
    const ByteView bytes = select.blob(1);
    const crypto::Sha256 leaf = transparency::leaf_hash(bytes);
    // A newer program may have logged what this one does not know: it is in the tree, uncounted.
    if (const auto entry = transparency::parse_log_entry(bytes)) {
      if (const auto added = index.add(tree.size(), *entry, leaf); !added) {
        return fail(ErrorCode::malformed, "the log's entries contradict one another (" +
                                              added.error().message() +
                                              "); restore the database from a copy");
      }
    }
    tree.append(leaf);
  }
  return tree.size() == known ? Result<void>() : check_newest();
}

Result<void> Log::State::check_newest() {
  TRY(newest, read_checkpoint(connection.get(), tree.size()));
  if (auto verified = verify_log_signature(*newest, signer.key()); !verified) {
    return std::unexpected(std::move(verified).error().while_doing(
        "this log was signed by another key than log.key holds"));
  }
  if (newest->checkpoint.size != tree.size() || newest->checkpoint.root != tree.root()) {
    return fail(ErrorCode::malformed,
                "the log's entries do not lead to its own checkpoint; restore "
                "the database from a copy");
  }
  return {};
}

// Checks one entry and adds it to memory and to the open transaction.
Result<Appended> Log::State::add(LogEntry entry) {
  if (auto* const intent = std::get_if<transparency::IntentEntry>(&entry)) {
    intent->log_size = newest ? newest->checkpoint.size : 0;
    intent->log_root = newest ? newest->checkpoint.root : crypto::sha256({});
  }
  const std::string text = to_text(entry);
  TRY(const LogEntry reread, transparency::parse_log_entry(bytes_of(text)));
  CHECK_OK(index.check(reread));
  TRY(auto insert,
      Statement::prepare(connection.get(), "INSERT INTO log_entry (idx, entry) VALUES (?, ?)"));
  const std::uint64_t at = tree.size();
  insert.bind(static_cast<std::int64_t>(at)).bind(bytes_of(text));
  CHECK_OK(insert.step());
  const crypto::Sha256 leaf = transparency::leaf_hash(bytes_of(text));
  CHECK_OK(index.add(at, reread, leaf));
  tree.append(leaf);
  return Appended{.index = at, .entry = std::move(entry), .leaf = leaf, .checkpoint = {}};
}

Result<void> Log::State::write_checkpoint() {
  SignedCheckpoint next;
  next.checkpoint = {
      .origin = signer.key().name, .size = tree.size(), .root = tree.root(), .extensions = {}};
  next.note.text = to_text(next.checkpoint);
  TRY(NoteSignature signature, signer.sign(next.note.text));
  next.note.signatures.push_back(std::move(signature));
  const std::string note = to_text(next.note);
  TRY(auto insert, Statement::prepare(connection.get(),
                                      "INSERT INTO log_checkpoint (size, root, note)"
                                      " VALUES (?, ?, ?)"));
  insert.bind(static_cast<std::int64_t>(tree.size())).bind(next.checkpoint.root.view()).bind(note);
  CHECK_OK(insert.step());
  newest = std::move(next);
  return {};
}

Result<void> Log::State::write_batch(std::vector<Request*>& batch) {
  CHECK_OK(catch_up());
  const std::uint64_t before = tree.size();
  for (Request* const request : batch) {
    auto added = add(std::move(request->entry));
    // One that does not belong is refused alone; whatever else goes wrong ends the transaction.
    if (!added && added.error().code() != ErrorCode::rejected &&
        added.error().code() != ErrorCode::malformed) {
      return std::unexpected(std::move(added).error());
    }
    request->answer = std::move(added);
  }
  return tree.size() == before ? Result<void>() : write_checkpoint();
}

void Log::State::commit(std::vector<Request*>& batch) {
  const std::lock_guard lock(mutex);
  // IMMEDIATE: nothing may be appended between the reading and the writing.
  const auto written = in_transaction("BEGIN IMMEDIATE", [&] { return write_batch(batch); });
  for (Request* const request : batch) {
    if (!written) {
      request->answer = Result<Appended>(std::unexpected(written.error()));
    } else if (*request->answer) {
      (*request->answer)->checkpoint = *newest;
    }
  }
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;
Log::~Log() = default;

Result<Log> Log::open(const std::filesystem::path& database, NoteSigner signer) {
  const auto in = [&](Error error) {
    return std::unexpected(std::move(error).while_doing("the log in " + database.string()));
  };
  auto connection = connect(database);
  if (!connection) return in(std::move(connection).error());
  auto state = std::make_unique<State>(std::move(*connection), std::move(signer));
  if (auto read = state->refresh(); !read) return in(std::move(read).error());
  return Log(std::move(state));
}

const transparency::VerifierKey& Log::key() const {
  return state_->signer.key();
}

// The first thread to come commits for all that wait; who comes meanwhile waits for the next
// commit.
Result<Appended> Log::append(LogEntry entry) {
  Request request{.entry = std::move(entry), .answer = std::nullopt, .is_done = false};
  State& state = *state_;
  std::unique_lock queue(state.queue_mutex);
  state.waiting.push_back(&request);
  state.queue_changed.wait(queue, [&] { return request.is_done || !state.has_leader; });
  if (request.is_done) return std::move(*request.answer);
  state.has_leader = true;
  std::vector<Request*> batch;
  batch.swap(state.waiting);
  queue.unlock();
  state.commit(batch);
  queue.lock();
  for (Request* const each : batch) each->is_done = true;
  state.has_leader = false;
  queue.unlock();
  state.queue_changed.notify_all();
  return std::move(*request.answer);
}

Result<std::optional<SignedCheckpoint>> Log::checkpoint() {
  const std::lock_guard lock(state_->mutex);
  CHECK_OK(state_->refresh());
  if (!state_->newest) return std::optional<SignedCheckpoint>();
  // Again from the disk: another process may have added cosignatures.
  TRY(SignedCheckpoint newest, read_checkpoint(state_->connection.get(), state_->tree.size()));
  return std::optional(std::move(newest));
}

Result<void> Log::add_cosignatures(std::uint64_t size,
                                   const std::vector<NoteSignature>& signatures) {
  const std::lock_guard lock(state_->mutex);
  return state_->in_transaction("BEGIN IMMEDIATE", [&]() -> Result<void> {
    for (const NoteSignature& signature : signatures) {
      const std::string line = transparency::signature_line(signature);
      TRY(auto insert, Statement::prepare(state_->connection.get(),
                                          "INSERT OR IGNORE INTO log_cosignature (size, line)"
                                          " VALUES (?, ?)"));
      insert.bind(static_cast<std::int64_t>(size)).bind(line);
      CHECK_OK(insert.step());
    }
    return {};
  });
}

Result<LogProof> Log::prove(std::uint64_t index, const SignedCheckpoint& checkpoint) const {
  const std::lock_guard lock(state_->mutex);
  LogProof proof;
  proof.index = index;
  TRY(proof.hashes, state_->tree.inclusion(index, checkpoint.checkpoint.size));
  proof.signed_checkpoint = checkpoint;
  return proof;
}

Result<transparency::Proof> Log::consistency(std::uint64_t size1, std::uint64_t size2) const {
  const std::lock_guard lock(state_->mutex);
  return state_->tree.consistency(size1, size2);
}

Result<AttemptAt> Log::attempt(std::string_view run_id) {
  const std::lock_guard lock(state_->mutex);
  CHECK_OK(state_->refresh());
  const auto counts = state_->index.counts(run_id);
  if (!counts) return fail(ErrorCode::rejected, "the log announces no such run");
  AttemptAt at{.counts = *counts,
               .study = std::nullopt,
               .size = state_->tree.size(),
               .root = state_->tree.root()};
  if (const auto& study = state_->index.run(run_id)->study) at.study = state_->index.study(*study);
  return at;
}

Result<AttemptIndex> Log::attempts() {
  const std::lock_guard lock(state_->mutex);
  CHECK_OK(state_->refresh());
  return state_->index;
}

Result<std::optional<Bytes>> Log::tile(const TileName& name) {
  const std::lock_guard lock(state_->mutex);
  CHECK_OK(state_->refresh());
  const std::size_t have = transparency::width_in(name.level, name.index, state_->tree.size());
  if (name.width > have) return std::optional<Bytes>();
  if (name.level) return std::optional(transparency::tile_bytes(state_->tree, name));
  TRY(auto select, Statement::prepare(state_->connection.get(),
                                      "SELECT entry FROM log_entry WHERE idx >= ? AND idx < ?"
                                      " ORDER BY idx"));
  const auto begin = static_cast<std::int64_t>(name.index * transparency::tile_width);
  select.bind(begin).bind(begin + static_cast<std::int64_t>(name.width));
  Bytes bundle;
  for (;;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) return std::optional(std::move(bundle));
    transparency::append_entry(bundle, select.blob(0));
  }
}

}  // namespace mayfly::store
