// Fresh log and witness keys, checkpoints and entries for tests of the transparency log.
#pragma once
#include <string>
#include <string_view>

#include "transparency/checkpoint.hpp"
#include "transparency/log_entry.hpp"
#include "transparency/merkle_tree.hpp"
#include "transparency/note_signer.hpp"

namespace mayfly::transparency::test {

inline NoteSigner signer_of(std::string_view name, KeyType type) {
  return NoteSigner::parse(generate_private_text(name, type).value()).value();
}

inline SignedCheckpoint sign_checkpoint(const NoteSigner& log, std::uint64_t size,
                                        const Sha256& root) {
  SignedCheckpoint out;
  out.checkpoint = {.origin = log.key().name, .size = size, .root = root, .extensions = {}};
  out.note.text = to_text(out.checkpoint);
  out.note.signatures.push_back(log.sign(out.note.text).value());
  return out;
}

inline Sha256 hash_of(std::string_view text) {
  return crypto::sha256(bytes_of(text));
}

// "run_" and the number as 32 hex digits.
inline std::string run_id_of(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return "run_" + std::string(32 - digits.size(), '0') + digits;
}

inline IntentEntry intent_of(std::uint64_t number, std::string_view dataset = "people.csv",
                             std::string_view input = "scan") {
  return {.run_id = run_id_of(number),
          .dataset_hash = crypto::to_text(hash_of(dataset)),
          .input_hash = hash_of(input),
          .signer = {1, 2, 3},
          .log_size = 0,
          .log_root = crypto::sha256({}),
          .study = {}};
}

inline ResultEntry result_of(const IntentEntry& intent) {
  return {.run_id = intent.run_id,
          .intent = leaf_of(intent),
          .statement = hash_of("statement of " + intent.run_id),
          .claim = hash_of("claim")};
}

inline MerkleTree tree_of(std::uint64_t size) {
  MerkleTree tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.append(leaf_hash(bytes_of(std::to_string(i))));
  return tree;
}

}  // namespace mayfly::transparency::test
