#include "pipeline/run_log.hpp"

#include <utility>

#include "transparency/log_proof.hpp"

namespace mayfly::pipeline {
namespace {

using transparency::SignedCheckpoint;

// Appends, and has the checkpoint witnessed: only then may anyone be told.
Result<store::Appended> append_to(const RunLogParts& parts, transparency::LogEntry entry) {
  TRY(store::Appended appended, parts.log->append(std::move(entry)));
  if (!parts.witness) return appended;
  // A witness that has seen a later checkpoint cannot cosign this one: take the newest, which
  // covers the entry too, and try again if another run overtakes it meanwhile.
  constexpr int rounds_max = 5;
  for (int round = 1;; ++round) {
    TRY(auto newest, parts.log->checkpoint());
    appended.checkpoint = std::move(*newest);
    auto cosignatures = parts.witness(appended.checkpoint, *parts.log);
    if (cosignatures) {
      CHECK_OK(parts.log->add_cosignatures(appended.checkpoint.checkpoint.size, *cosignatures));
      for (auto& cosignature : *cosignatures) {
        appended.checkpoint.note.signatures.push_back(std::move(cosignature));
      }
      return appended;
    }
    if (round == rounds_max) {
      return std::unexpected(
          std::move(cosignatures).error().while_doing("asking the log's witnesses"));
    }
  }
}

Result<certificate::LoggedEntry> evidence(store::Log& log, const store::Appended& appended) {
  const std::string entry = to_text(appended.entry);
  TRY(const transparency::LogProof proof, log.prove(appended.index, appended.checkpoint));
  const ByteView bytes = bytes_of(entry);
  return certificate::LoggedEntry{
      .entry = Bytes(bytes.begin(), bytes.end()), .proof = to_text(proof), .consistency = {}};
}

}  // namespace

Result<RunLog> RunLog::announce(const RunLogParts& parts, transparency::IntentEntry intent) {
  std::string run_id = intent.run_id;
  TRY(store::Appended appended, append_to(parts, std::move(intent)));
  RunLog log(parts, std::move(appended));
  log.run_id_ = std::move(run_id);
  return log;
}

Result<certificate::Attempt> RunLog::count() {
  TRY(const store::AttemptAt at, parts_.log->attempt(run_id_));
  certificate::Attempt attempt{.log = to_text(parts_.log->key()),
                               .number = static_cast<std::int64_t>(at.counts.number),
                               .dataset_total = static_cast<std::int64_t>(at.counts.dataset_total),
                               .same_input = static_cast<std::int64_t>(at.counts.same_input),
                               .open = static_cast<std::int64_t>(at.counts.open),
                               .log_size = static_cast<std::int64_t>(at.size),
                               .log_root = at.root};
  const auto& intent = std::get<transparency::IntentEntry>(intent_.entry);
  if (at.study && intent.study) {
    attempt.study =
        certificate::StudyProgress{.entry = *intent.study,
                                   .planned = static_cast<std::int64_t>(at.study->planned),
                                   .started = static_cast<std::int64_t>(at.study->started),
                                   .finished = static_cast<std::int64_t>(at.study->finished),
                                   .closed = at.study->is_closed};
  }
  return attempt;
}

Result<void> RunLog::end(const crypto::Sha256& statement, const crypto::Sha256& claim,
                         const certificate::Attempt& counted, certificate::Proof& proof) {
  store::Log& log = *parts_.log;
  TRY(const store::Appended result,
      append_to(
          parts_,
          transparency::ResultEntry{
              .run_id = run_id_, .intent = intent_.leaf, .statement = statement, .claim = claim}));
  const std::uint64_t size = result.checkpoint.checkpoint.size;
  TRY(certificate::LoggedEntry intent_evidence, evidence(log, intent_));
  TRY(intent_evidence.consistency, log.consistency(intent_.checkpoint.checkpoint.size, size));
  TRY(certificate::LoggedEntry result_evidence, evidence(log, result));
  TRY(result_evidence.consistency,
      log.consistency(static_cast<std::uint64_t>(counted.log_size), size));
  proof.intent_log = std::move(intent_evidence);
  proof.log = std::move(result_evidence);
  return {};
}

void RunLog::abort(const Error& why) {
  // Not through witnesses: nothing is handed out that would need their word.
  static_cast<void>(
      parts_.log
          ->append(transparency::AbortEntry{.run_id = run_id_,
                                            .intent = intent_.leaf,
                                            .reason = std::string(to_string(why.code()))})
          .has_value());
}

}  // namespace mayfly::pipeline
