#include "tests/verifier/logged_draft.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/text_encoding.hpp"
#include "certificate/encode.hpp"
#include "transparency/log_proof.hpp"
#include "transparency/tile.hpp"

namespace mayfly::test {
namespace {

using namespace transparency;

template <class T>
T must_log(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "logged_draft: %s\n", result.error().message().c_str());
    std::abort();
  }
  return std::move(*result);
}

const NoteSigner& log_signer() {
  static const NoteSigner signer = fixed_note_signer("log.example/mayfly", KeyType::ed25519, 21);
  return signer;
}
NoteSigner witness_signer(std::size_t number) {
  return fixed_note_signer("witness.example/" + std::to_string(number), KeyType::cosignature_v1,
                           static_cast<std::uint8_t>(31 + number));
}

class Bench {
 public:
  // Precondition: the entry belongs there.
  std::uint64_t append(const LogEntry& entry) {
    const std::uint64_t place = tree.size();
    if (!index.add(place, entry)) std::abort();
    const std::string text = to_text(entry);
    tree.append(leaf_hash(bytes_of(text)));
    entries.emplace_back(text.begin(), text.end());
    return place;
  }
  // For an entry that a test made wrong.
  std::uint64_t append_unchecked(const LogEntry& entry) {
    tree.append(leaf_of(entry));
    return tree.size() - 1;
  }
  SignedCheckpoint checkpoint(std::size_t cosigners) const {
    SignedCheckpoint out;
    out.checkpoint = {.origin = log_signer().key().name,
                      .size = tree.size(),
                      .root = tree.root(),
                      .extensions = {}};
    out.note.text = to_text(out.checkpoint);
    out.note.signatures.push_back(must_log(log_signer().sign(out.note.text)));
    for (std::size_t i = 0; i < cosigners; ++i) {
      constexpr std::uint64_t seconds = 1'772'366'401;
      out.note.signatures.push_back(must_log(witness_signer(i).cosign(out.note.text, seconds)));
    }
    return out;
  }
  certificate::LoggedEntry logged(const LogEntry& entry, std::uint64_t place,
                                  const SignedCheckpoint& checkpoint) const {
    LogProof proof;
    proof.index = place;
    proof.hashes = must_log(tree.inclusion(place, checkpoint.checkpoint.size));
    proof.signed_checkpoint = checkpoint;
    const std::string text = to_text(entry);
    return {.entry = Bytes(text.begin(), text.end()), .proof = to_text(proof), .consistency = {}};
  }

  MerkleTree tree;
  AttemptIndex index;
  std::vector<Bytes> entries;
};

IntentEntry intent_of(const std::string& run_id, const certificate::Claim& claim) {
  return {.run_id = run_id,
          .dataset_hash = claim.dataset_hash,
          .input_hash = must_log(certificate::input_hash(claim)),
          .signer = {},
          .log_size = 0,
          .log_root = crypto::sha256({}),
          .study = {}};
}

std::string earlier_run(char digit) {
  return "run_" + std::string(32, digit);
}

// One run with a result, and one that never ended.
void add_earlier_runs(Bench& bench, const certificate::Claim& claim) {
  const IntentEntry first = intent_of(earlier_run('1'), claim);
  bench.append(first);
  bench.append(ResultEntry{.run_id = first.run_id,
                           .intent = leaf_of(first),
                           .statement = crypto::sha256(bytes_of("first")),
                           .claim = crypto::sha256(bytes_of("claim"))});
  IntentEntry second = intent_of(earlier_run('2'), claim);
  second.input_hash = crypto::sha256(bytes_of("another input"));
  bench.append(second);
}

certificate::Attempt attempt_of(const Bench& bench, const std::string& run_id) {
  const AttemptCounts counts = *bench.index.counts(run_id);
  return {.log = to_text(log_signer().key()),
          .number = static_cast<std::int64_t>(counts.number),
          .dataset_total = static_cast<std::int64_t>(counts.dataset_total),
          .same_input = static_cast<std::int64_t>(counts.same_input),
          .open = static_cast<std::int64_t>(counts.open),
          .log_size = static_cast<std::int64_t>(bench.tree.size()),
          .log_root = bench.tree.root(),
          .study = {}};
}

IntentEntry own_intent(const Draft& draft) {
  IntentEntry intent = intent_of(draft.statement.run.run_id, draft.statement.claim);
  const Bytes key = draft.signer.public_key();
  std::copy(key.begin(), key.end(), intent.signer.begin());
  return intent;
}

ResultEntry own_result(const Draft& draft, const IntentEntry& intent) {
  const auto encoded = must_log(certificate::encode_statement(draft.statement));
  return {.run_id = draft.statement.run.run_id,
          .intent = leaf_of(intent),
          .statement = crypto::sha256(encoded.bytes),
          .claim = crypto::sha256(encoded.claim_slice())};
}

}  // namespace

NoteSigner fixed_note_signer(std::string_view name, KeyType type, std::uint8_t seed) {
  Bytes material(33, seed);
  const auto key = must_log(crypto::Ed25519PrivateKey::from_seed(ByteView(material).subspan(1)));
  material[0] = static_cast<std::uint8_t>(type);
  const VerifierKey public_part{
      .name = std::string(name), .type = type, .public_key = key.public_key()};
  const std::string id = to_text(public_part).substr(name.size() + 1, 8);
  return must_log(NoteSigner::parse("PRIVATE+KEY+" + public_part.name + "+" + id + "+" +
                                    base64_encode(material)));
}

Draft logged_draft(const LogChanges& changes) {
  Draft draft;
  Bench bench;
  add_earlier_runs(bench, draft.statement.claim);
  IntentEntry intent = own_intent(draft);
  if (changes.intent) changes.intent(intent);
  // Counted as it was meant, whatever a test makes of the entry itself.
  Bench counted = bench;
  counted.append(own_intent(draft));
  const std::uint64_t intent_place = bench.append_unchecked(intent);
  const SignedCheckpoint first = bench.checkpoint(changes.cosigners);
  certificate::Attempt attempt = attempt_of(counted, draft.statement.run.run_id);
  attempt.log_root = bench.tree.root();
  if (changes.attempt) changes.attempt(attempt);
  draft.statement.run.attempt = attempt;
  draft.intent_leaf = leaf_of(intent);

  ResultEntry result = own_result(draft, intent);
  if (changes.result) changes.result(result);
  const std::uint64_t result_place = bench.append_unchecked(result);
  const SignedCheckpoint last = bench.checkpoint(changes.cosigners);
  certificate::LoggedEntry intent_log = bench.logged(intent, intent_place, first);
  intent_log.consistency =
      must_log(bench.tree.consistency(first.checkpoint.size, last.checkpoint.size));
  certificate::LoggedEntry log = bench.logged(result, result_place, last);
  log.consistency = must_log(bench.tree.consistency(first.checkpoint.size, last.checkpoint.size));
  draft.before_encoding = [=](certificate::Proof& proof) {
    proof.intent_log = intent_log;
    proof.log = log;
    if (changes.proof) changes.proof(proof);
  };
  return draft;
}

LogCopy log_of(const Draft& draft, std::uint64_t later,
               const std::vector<RevocationEntry>& revocations) {
  Bench bench;
  add_earlier_runs(bench, draft.statement.claim);
  const IntentEntry intent = own_intent(draft);
  bench.append(intent);
  bench.append(own_result(draft, intent));
  for (std::uint64_t i = 0; i < later; ++i) {
    bench.append(
        intent_of("run_" + std::string(30, 'e') + std::to_string(10 + i), draft.statement.claim));
  }
  for (const RevocationEntry& each : revocations) bench.append(each);
  return must_log(read_log([&](const std::string& path) -> Result<Bytes> {
    if (path == "checkpoint") {
      const std::string note = to_text(bench.checkpoint(0).note);
      return Bytes(note.begin(), note.end());
    }
    TRY(const TileName name, parse_tile_path(path));
    if (name.level) return tile_bytes(bench.tree, name);
    Bytes bundle;
    for (const Bytes& entry : bench.entries) append_entry(bundle, entry);
    return bundle;
  }));
}

std::string log_policy_text() {
  std::string text = "log " + to_text(log_signer().key()) + "\n";
  for (std::size_t i = 0; i < 3; ++i) {
    text += "witness w" + std::to_string(i) + " " + to_text(witness_signer(i).key()) + "\n";
  }
  return text + "group two 2 w0 w1 w2\nquorum two\n";
}

}  // namespace mayfly::test
