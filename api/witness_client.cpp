#include "api/witness_client.hpp"

#include <set>

#include "api/loopback_client.hpp"
#include "transparency/text_line.hpp"
#include "transparency/witness.hpp"

namespace mayfly::api {
namespace {

using transparency::NoteSignature;
using transparency::PolicyWitness;
using transparency::SignedCheckpoint;

constexpr std::size_t witness_answer_bytes_max = transparency::note_bytes_max;

// Its verified cosignatures among the lines that a witness answered with; others are ignored.
Result<std::vector<NoteSignature>> accepted_lines(const PolicyWitness& witness,
                                                  const SignedCheckpoint& checkpoint,
                                                  ByteView answer) {
  TRY(const auto lines, transparency::parse_signature_lines(text_of(answer)));
  std::vector<NoteSignature> mine;
  for (const NoteSignature& line : lines) {
    if (line.key_name == witness.key.name && line.key_id == witness.key.id()) mine.push_back(line);
  }
  CHECK_OK(transparency::verify_note({.text = checkpoint.note.text, .signatures = mine},
                                     std::span(&witness.key, 1)));
  return mine;
}

Result<LoopbackAnswer> submit(const PolicyWitness& witness, const SignedCheckpoint& checkpoint,
                              std::uint64_t old_size, const store::Log& log) {
  transparency::AddCheckpoint request{
      .old_size = old_size, .consistency = {}, .signed_checkpoint = checkpoint};
  if (old_size != 0) {
    TRY(request.consistency, log.consistency(old_size, checkpoint.checkpoint.size));
  }
  const std::string body = to_text(request);
  return ask_loopback("POST", *witness.url + "/add-checkpoint", bytes_of(body),
                      witness_answer_bytes_max);
}

// Another checkpoint may overtake this one between two requests, so the size is asked again a few
// times. A witness that has seen a later tree can no longer cosign this one.
Result<std::vector<NoteSignature>> ask_one(const PolicyWitness& witness,
                                           const SignedCheckpoint& checkpoint,
                                           const store::Log& log) {
  constexpr int rounds_max = 3;
  std::uint64_t old_size = 0;
  for (int round = 0; round < rounds_max; ++round) {
    TRY(const LoopbackAnswer answer, submit(witness, checkpoint, old_size, log));
    if (answer.status == 200) return accepted_lines(witness, checkpoint, answer.body);
    std::string_view text = text_of(answer.body);
    if (text.ends_with('\n')) text.remove_suffix(1);
    const auto size = transparency::parse_decimal(text);
    if (answer.status != 409 || !size || *size > checkpoint.checkpoint.size) {
      return fail(ErrorCode::rejected, "it answers " + std::to_string(answer.status));
    }
    old_size = *size;
  }
  return fail(ErrorCode::unavailable, "its log grew faster than it could be asked");
}

}  // namespace

Result<std::vector<NoteSignature>> ask_witnesses(const transparency::LogPolicy& policy,
                                                 const SignedCheckpoint& checkpoint,
                                                 store::Log& log) {
  std::vector<NoteSignature> all;
  std::set<std::string> cosigned;
  std::string failures;
  for (const PolicyWitness& witness : policy.witnesses) {
    if (!witness.url) continue;
    auto signatures = ask_one(witness, checkpoint, log);
    if (!signatures) {
      failures += "; " + witness.name + ": " + signatures.error().message();
      continue;
    }
    cosigned.insert(witness.name);
    std::ranges::move(*signatures, std::back_inserter(all));
  }
  if (!quorum_is_met(policy, cosigned)) {
    return fail(ErrorCode::rejected,
                std::to_string(cosigned.size()) +
                    " witnesses cosigned, too few for the log policy's quorum" + failures);
  }
  return all;
}

}  // namespace mayfly::api
