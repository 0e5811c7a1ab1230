#include "verifier/log_checks.hpp"

#include <algorithm>
#include <set>

#include "base/text_encoding.hpp"
#include "certificate/ids.hpp"
#include "transparency/log_proof.hpp"

namespace mayfly::verifier {
namespace {

using certificate::Attempt;
using certificate::DecodedCertificate;
using certificate::LoggedEntry;
using transparency::LogProof;
using transparency::VerifierKey;

// One logged entry with its proof, as read from the certificate.
template <class Entry>
struct Logged {
  Entry entry;
  crypto::Sha256 leaf;
  LogProof proof;
  const transparency::Proof& consistency;
};

template <class Entry>
Result<Logged<Entry>> read_logged(const LoggedEntry& logged) {
  TRY(const transparency::LogEntry any, transparency::parse_log_entry(logged.entry));
  const auto* const entry = std::get_if<Entry>(&any);
  if (entry == nullptr) return fail(ErrorCode::malformed, "the entry is of another kind");
  TRY(LogProof proof, transparency::parse_log_proof(bytes_of(logged.proof)));
  if (proof.extra) return fail(ErrorCode::malformed, "a certificate's log proof has no extra data");
  return Logged<Entry>{.entry = *entry,
                       .leaf = transparency::leaf_hash(logged.entry),
                       .proof = std::move(proof),
                       .consistency = logged.consistency};
}

struct Evidence {
  VerifierKey log_key;
  Logged<transparency::IntentEntry> intent;
  Logged<transparency::ResultEntry> result;
};

Result<Evidence> read_evidence(const DecodedCertificate& decoded, const Attempt& attempt) {
  TRY(VerifierKey key, transparency::parse_verifier_key(attempt.log));
  if (key.type != transparency::KeyType::ed25519) {
    return fail(ErrorCode::malformed, "a log's key is of type 1 (Ed25519)");
  }
  TRY(auto intent, read_logged<transparency::IntentEntry>(*decoded.proof.intent_log));
  TRY(auto result, read_logged<transparency::ResultEntry>(*decoded.proof.log));
  return Evidence{
      .log_key = std::move(key), .intent = std::move(intent), .result = std::move(result)};
}

bool entries_are_of_this_run(const Evidence& evidence, const DecodedCertificate& decoded) {
  const certificate::Claim& claim = decoded.statement.claim;
  const certificate::Run& run = decoded.statement.run;
  const transparency::IntentEntry& intent = evidence.intent.entry;
  const transparency::ResultEntry& result = evidence.result.entry;
  const std::optional<crypto::Sha256> study =
      run.attempt->study ? std::optional(run.attempt->study->entry) : std::nullopt;
  return intent.run_id == run.run_id && intent.dataset_hash == claim.dataset_hash &&
         intent.input_hash == claim.input_hash && std::ranges::equal(intent.signer, run.signer) &&
         intent.study == study && result.run_id == run.run_id &&
         result.intent == evidence.intent.leaf &&
         result.statement == crypto::sha256(decoded.statement_slice) &&
         result.claim == crypto::sha256(decoded.claim_slice);
}

// Announced, then counted, then ended: by places in one tree.
bool places_are_in_order(const Evidence& evidence, const Attempt& attempt) {
  const std::uint64_t intent_size = evidence.intent.proof.signed_checkpoint.checkpoint.size;
  const auto counted = static_cast<std::uint64_t>(attempt.log_size);
  return evidence.intent.entry.log_size <= evidence.intent.proof.index && intent_size <= counted &&
         counted <= evidence.result.proof.index;
}

Result<void> check_one_log(const Evidence& evidence, const Attempt& attempt) {
  const auto& first = evidence.intent.proof.signed_checkpoint.checkpoint;
  const auto& last = evidence.result.proof.signed_checkpoint.checkpoint;
  CHECK_OK(transparency::verify_consistency(
      {.size1 = first.size, .size2 = last.size, .root1 = first.root, .root2 = last.root},
      evidence.intent.consistency));
  return transparency::verify_consistency({.size1 = static_cast<std::uint64_t>(attempt.log_size),
                                           .size2 = last.size,
                                           .root1 = attempt.log_root,
                                           .root2 = last.root},
                                          evidence.result.consistency);
}

// The first thing that is wrong; log-included if nothing is.
Finding check_inclusion(const Evidence& evidence, const DecodedCertificate& decoded) {
  const Attempt& attempt = *decoded.statement.run.attempt;
  if (!entries_are_of_this_run(evidence, decoded)) return found(Code::log_entry_differs);
  for (const LogProof* const proof : {&evidence.intent.proof, &evidence.result.proof}) {
    if (auto signed_by_log = verify_log_signature(proof->signed_checkpoint, evidence.log_key);
        !signed_by_log) {
      return found(Code::log_signature_wrong, signed_by_log.error().message());
    }
  }
  if (auto in = verify_inclusion(evidence.intent.proof, evidence.intent.leaf); !in) {
    return found(Code::log_not_included, "the intent: " + in.error().message());
  }
  if (auto in = verify_inclusion(evidence.result.proof, evidence.result.leaf); !in) {
    return found(Code::log_not_included, "the result: " + in.error().message());
  }
  if (!places_are_in_order(evidence, attempt)) return found(Code::log_disordered);
  if (auto one = check_one_log(evidence, attempt); !one) {
    return found(Code::log_inconsistent, one.error().message());
  }
  return found(Code::log_included,
               "entries " + std::to_string(evidence.intent.proof.index) + " and " +
                   std::to_string(evidence.result.proof.index) + " of " +
                   std::to_string(evidence.result.proof.signed_checkpoint.checkpoint.size));
}

bool lists_log(const transparency::LogPolicy& policy, const VerifierKey& key) {
  return std::ranges::any_of(policy.logs,
                             [&](const transparency::PolicyLog& log) { return log.key == key; });
}

// Names of the policy's witnesses that cosigned; rejected: a cosignature that is not the witness's.
Result<std::set<std::string>> cosigners(const transparency::LogPolicy& policy,
                                        const transparency::Note& note) {
  std::set<std::string> names;
  for (const transparency::PolicyWitness& witness : policy.witnesses) {
    const bool is_named =
        std::ranges::any_of(note.signatures, [&](const transparency::NoteSignature& signature) {
          return signature.key_name == witness.key.name && signature.key_id == witness.key.id();
        });
    if (!is_named) continue;
    CHECK_OK(transparency::verify_note(note, std::span(&witness.key, 1)));
    names.insert(witness.name);
  }
  return names;
}

void judge_witnesses(const Evidence& evidence, const transparency::LogPolicy* policy,
                     LogJudgement& judgement) {
  judgement.log_trust = "operator-only";
  if (policy == nullptr || !policy->quorum) {
    judgement.witnesses = {found(Code::witnesses_operator_only)};
    return;
  }
  const auto names = cosigners(*policy, evidence.result.proof.signed_checkpoint.note);
  if (!names) {
    judgement.witnesses = {found(Code::witness_signature_wrong, names.error().message())};
    return;
  }
  const std::string count =
      std::to_string(names->size()) + " of " + std::to_string(policy->witnesses.size());
  if (!quorum_is_met(*policy, *names)) {
    judgement.witnesses = {found(Code::witnesses_too_few, count + " cosigned")};
    return;
  }
  judgement.log_trust = "witnessed by " + count;
  judgement.witnesses = {found(Code::witnesses_met, count + " cosigned")};
}

bool counts_are_possible(const Attempt& attempt) {
  const bool study_is_possible =
      !attempt.study || (attempt.study->planned >= 1 && attempt.study->started >= 1 &&
                         attempt.study->finished < attempt.study->started);
  return attempt.number >= 1 && attempt.number <= attempt.dataset_total &&
         attempt.same_input >= 1 && attempt.same_input <= attempt.dataset_total &&
         attempt.open < attempt.dataset_total && attempt.dataset_total <= attempt.log_size &&
         study_is_possible;
}

transparency::AttemptCounts stated_counts(const Attempt& attempt) {
  return {.number = static_cast<std::uint64_t>(attempt.number),
          .dataset_total = static_cast<std::uint64_t>(attempt.dataset_total),
          .same_input = static_cast<std::uint64_t>(attempt.same_input),
          .open = static_cast<std::uint64_t>(attempt.open)};
}

std::string selection_of(std::uint64_t number, std::uint64_t total,
                         const std::optional<transparency::StudyCounts>& study) {
  // More runs than were planned are no longer what was fixed in advance.
  if (study && study->started <= study->planned) {
    return study->finished == study->planned ? "preregistered-complete" : "preregistered-open";
  }
  return "counted " + std::to_string(number) + " of " + std::to_string(total);
}

std::optional<transparency::StudyCounts> stated_study(const Attempt& attempt) {
  if (!attempt.study) return std::nullopt;
  // This run was not over when it was counted, and is now.
  return transparency::StudyCounts{
      .planned = static_cast<std::uint64_t>(attempt.study->planned),
      .started = static_cast<std::uint64_t>(attempt.study->started),
      .finished = static_cast<std::uint64_t>(attempt.study->finished) + 1,
      .is_closed = attempt.study->closed};
}

// Whether the entry is about this certificate.
bool revokes(const transparency::RevocationEntry& entry, const DecodedCertificate& decoded) {
  const certificate::Run& run = decoded.statement.run;
  const auto is = [&entry](const std::string& value) { return entry.value == value; };
  switch (entry.kind) {
    case transparency::RevokedThing::certificate:
      return is(certificate::certificate_id(decoded.statement_slice));
    case transparency::RevokedThing::key:
      return is(hex_encode(run.signer)) || (run.signer_p256 && is(hex_encode(*run.signer_p256)));
    case transparency::RevokedThing::measurement:
      return is(crypto::to_text(run.software.mayfly)) || is(crypto::to_text(run.software.runner));
  }
  return false;
}

// By whoever keeps the log that the certificate is in, and as of the copy: a newer one may say
// more.
void judge_revocation(const DecodedCertificate& decoded, const transparency::LogCopy& copy,
                      LogJudgement& judgement) {
  const std::string as_of = "as of its first " + std::to_string(copy.tree.size()) + " entries";
  for (std::size_t i = 0; i < copy.entries.size(); ++i) {
    const auto* const entry = std::get_if<transparency::RevocationEntry>(&copy.entries[i]);
    if (entry == nullptr || !revokes(*entry, decoded)) continue;
    judgement.revocation.push_back(
        found(Code::revoked_in_log, "entry " + std::to_string(copy.places[i]) + " revokes the " +
                                        std::string(to_string(entry->kind)) + " " + entry->value +
                                        ": " + entry->reason));
  }
  if (judgement.revocation.empty()) {
    judgement.revocation = {found(Code::not_revoked_in_log, as_of)};
  }
}

// Counts again over the caller's copy of the log: as it was then, and as it is by now.
void recount(const DecodedCertificate& decoded, const Evidence& evidence,
             const transparency::LogCopy& copy, LogJudgement& judgement) {
  const Attempt& attempt = *decoded.statement.run.attempt;
  const auto& last = evidence.result.proof.signed_checkpoint.checkpoint;
  const bool is_older = copy.tree.size() < last.size;
  if (is_older && verify_log_signature(copy.newest, evidence.log_key)) {
    judgement.attempts.push_back(found(Code::attempts_copy_older));
    return;
  }
  const auto root = copy.tree.root_at(last.size);
  if (!verify_log_signature(copy.newest, evidence.log_key) || !root || *root != last.root) {
    judgement.attempts.push_back(found(Code::attempts_other_log));
    return;
  }
  judge_revocation(decoded, copy, judgement);
  const std::string& run_id = decoded.statement.run.run_id;
  const auto then = counts_at(copy, static_cast<std::uint64_t>(attempt.log_size), run_id);
  const auto now = copy.index.counts(run_id);
  if (!then || !now || *then != stated_counts(attempt)) {
    judgement.attempts.push_back(found(Code::attempts_differ));
    return;
  }
  const auto study = attempt.study ? copy.index.study(attempt.study->entry) : std::nullopt;
  judgement.selection = selection_of(now->number, now->dataset_total, study);
  judgement.attempts.push_back(found(Code::attempts_recounted,
                                     "by now attempt " + std::to_string(now->number) + " of " +
                                         std::to_string(now->dataset_total) + " on this dataset, " +
                                         std::to_string(now->open) + " without an end"));
}

void judge_attempts(const DecodedCertificate& decoded, const Evidence& evidence,
                    const transparency::LogCopy* copy, LogJudgement& judgement) {
  const Attempt& attempt = *decoded.statement.run.attempt;
  if (!counts_are_possible(attempt)) {
    judgement.attempts = {found(Code::attempts_impossible)};
    return;
  }
  judgement.selection =
      selection_of(static_cast<std::uint64_t>(attempt.number),
                   static_cast<std::uint64_t>(attempt.dataset_total), stated_study(attempt));
  judgement.attempts = {found(Code::attempts_counted,
                              "attempt " + std::to_string(attempt.number) + " of " +
                                  std::to_string(attempt.dataset_total) + " on this dataset, " +
                                  std::to_string(attempt.open) + " without an end")};
  if (copy != nullptr) recount(decoded, evidence, *copy, judgement);
}

LogJudgement without_log(Finding finding) {
  return {.log = {std::move(finding)},
          .witnesses = {found(Code::witnesses_absent)},
          .attempts = {found(Code::attempts_uncounted)}};
}

LogJudgement stopped(Finding finding) {
  return {.log = {std::move(finding)},
          .witnesses = {not_reached(Stage::witnesses)},
          .attempts = {not_reached(Stage::attempts)}};
}

}  // namespace

crypto::Sha256 intent_leaf_of(const certificate::Proof& proof) {
  return proof.intent_log ? transparency::leaf_hash(proof.intent_log->entry) : crypto::Sha256{};
}

LogJudgement judge_log(const DecodedCertificate& decoded, const transparency::LogPolicy* policy,
                       const transparency::LogCopy* copy) {
  const certificate::Proof& proof = decoded.proof;
  const bool has_both = proof.intent_log && proof.log;
  if (!decoded.statement.run.attempt) {
    if (proof.intent_log || proof.log) return stopped(found(Code::log_unexpected));
    LogJudgement judgement = without_log(found(Code::log_absent));
    // Who names logs and witnesses asks for them.
    if (policy != nullptr) judgement.log.push_back(found(Code::log_required));
    return judgement;
  }
  if (!has_both) return stopped(found(Code::log_missing));
  const auto evidence = read_evidence(decoded, *decoded.statement.run.attempt);
  if (!evidence) return stopped(found(Code::log_malformed, evidence.error().message()));
  const Finding inclusion = check_inclusion(*evidence, decoded);
  if (inclusion.code != Code::log_included) return stopped(inclusion);
  LogJudgement judgement;
  judgement.log = {inclusion};
  if (policy != nullptr && !lists_log(*policy, evidence->log_key)) {
    judgement.log.push_back(found(Code::log_not_trusted));
  }
  judge_witnesses(*evidence, policy, judgement);
  judge_attempts(decoded, *evidence, copy, judgement);
  return judgement;
}

}  // namespace mayfly::verifier
