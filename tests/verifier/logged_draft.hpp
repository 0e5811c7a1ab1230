// A draft whose run is in a transparency log, with a fixed log key and fixed witnesses: the third
// run on its dataset, after one with a result and one that never ended.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tests/verifier/certificate_builder.hpp"
#include "transparency/attempt_index.hpp"
#include "transparency/log_copy.hpp"
#include "transparency/merkle_tree.hpp"
#include "transparency/note_signer.hpp"

namespace mayfly::test {

// The same key each time for the same seed.
transparency::NoteSigner fixed_note_signer(std::string_view name, transparency::KeyType type,
                                           std::uint8_t seed);

// What to do differently. Each hook may be empty.
struct LogChanges {
  std::function<void(transparency::IntentEntry&)> intent{};
  std::function<void(certificate::Attempt&)> attempt{};
  std::function<void(transparency::ResultEntry&)> result{};
  std::function<void(certificate::Proof&)> proof{};
  std::size_t cosigners = 0;  // of three
};
Draft logged_draft(const LogChanges& changes = {});

// The log that logged_draft() is in, `later` further runs on the same dataset after it.
transparency::LogCopy log_of(const Draft& draft, std::uint64_t later,
                             const std::vector<transparency::RevocationEntry>& revocations = {});

// Lists the log and its three witnesses; two must cosign.
std::string log_policy_text();

}  // namespace mayfly::test
