#include "transparency/attempt_index.hpp"

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"

namespace mayfly::transparency {
namespace {

std::unexpected<Error> misplaced(std::string message) {
  return fail(ErrorCode::rejected, std::move(message));
}

}  // namespace

std::size_t AttemptIndex::DigestHash::operator()(const Sha256& digest) const noexcept {
  return std::hash<std::string_view>()(text_of(digest.view()));
}

const RunFacts* AttemptIndex::run(std::string_view run_id) const {
  const auto found = run_by_id_.find(run_id);
  return found == run_by_id_.end() ? nullptr : &runs_[found->second];
}

Result<void> AttemptIndex::check_end(const std::string& run_id, const Sha256& intent) const {
  const RunFacts* const facts = run(run_id);
  if (facts == nullptr || facts->intent_leaf != intent) {
    return misplaced("the log has no such intent of " + run_id);
  }
  if (facts->end != RunEnd::none) return misplaced(run_id + " has ended already");
  return {};
}

Result<void> AttemptIndex::check(const LogEntry& entry) const {
  return std::visit(
      Overloaded{
          [&](const IntentEntry& intent) -> Result<void> {
            if (run(intent.run_id) != nullptr) {
              return misplaced(intent.run_id + " was announced before: an intent is for one run");
            }
            if (!intent.study) return {};
            const auto study = studies_.find(*intent.study);
            if (study == studies_.end()) return misplaced("the log has no such study");
            if (study->second.counts.is_closed) return misplaced("that study is closed");
            if (study->second.entry.dataset_hash != intent.dataset_hash) {
              return misplaced("that study is about another dataset");
            }
            return {};
          },
          [&](const ResultEntry& result) { return check_end(result.run_id, result.intent); },
          [&](const AbortEntry& abort) { return check_end(abort.run_id, abort.intent); },
          [&](const StudyEntry& study) -> Result<void> {
            if (study_leaf(study.study_id)) {
              return misplaced(study.study_id + " was announced before");
            }
            return {};
          },
          [&](const StudyCloseEntry& close) -> Result<void> {
            const auto study = studies_.find(close.study);
            if (study == studies_.end() || study->second.entry.study_id != close.study_id) {
              return misplaced("the log has no such study");
            }
            if (study->second.counts.is_closed) return misplaced("that study is closed already");
            return {};
          },
          // Counts nothing, and may be about anything: a certificate of long ago, or of another
          // log.
          [](const RevocationEntry&) { return Result<void>(); },
      },
      entry);
}

void AttemptIndex::end_run(const std::string& run_id, RunEnd end, std::string reason,
                           const Sha256& statement) {
  RunFacts& facts = runs_[run_by_id_.at(run_id)];
  facts.end = end;
  facts.end_reason = std::move(reason);
  facts.statement = statement;
  --datasets_[facts.dataset_hash].open;
  if (facts.study && end == RunEnd::result) ++studies_.at(*facts.study).counts.finished;
}

Result<void> AttemptIndex::add(std::uint64_t index, const LogEntry& entry, const Sha256& leaf) {
  CHECK_OK(check(entry));
  std::visit(
      Overloaded{
          [&](const IntentEntry& intent) {
            DatasetFacts& dataset = datasets_[intent.dataset_hash];
            ++dataset.total;
            ++dataset.open;
            ++inputs_[intent.input_hash];
            if (intent.study) ++studies_.at(*intent.study).counts.started;
            run_by_id_.emplace(intent.run_id, runs_.size());
            runs_.push_back({.run_id = intent.run_id,
                             .intent_index = index,
                             .intent_leaf = leaf,
                             .dataset_hash = intent.dataset_hash,
                             .input_hash = intent.input_hash,
                             .study = intent.study,
                             .number = dataset.total,
                             .end = RunEnd::none,
                             .end_reason = {},
                             .statement = {}});
          },
          [&](const ResultEntry& result) {
            end_run(result.run_id, RunEnd::result, {}, result.statement);
          },
          [&](const AbortEntry& abort) { end_run(abort.run_id, RunEnd::abort, abort.reason, {}); },
          [&](const StudyEntry& study) {
            studies_.emplace(leaf, StudyFacts{.entry = study, .counts = {.planned = study.runs}});
          },
          [&](const StudyCloseEntry& close) { studies_.at(close.study).counts.is_closed = true; },
          [](const RevocationEntry&) {},
      },
      entry);
  return {};
}

std::optional<AttemptCounts> AttemptIndex::counts(std::string_view run_id) const {
  const RunFacts* const facts = run(run_id);
  if (facts == nullptr) return std::nullopt;
  const DatasetFacts& dataset = datasets_.at(facts->dataset_hash);
  return AttemptCounts{.number = facts->number,
                       .dataset_total = dataset.total,
                       .same_input = inputs_.at(facts->input_hash),
                       .open = dataset.open - (facts->end == RunEnd::none ? 1 : 0)};
}

std::optional<StudyCounts> AttemptIndex::study(const Sha256& study_leaf) const {
  const auto found = studies_.find(study_leaf);
  return found == studies_.end() ? std::nullopt : std::optional(found->second.counts);
}

std::optional<Sha256> AttemptIndex::study_leaf(std::string_view study_id) const {
  const auto found = std::ranges::find_if(
      studies_, [&](const auto& study) { return study.second.entry.study_id == study_id; });
  return found == studies_.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace mayfly::transparency
