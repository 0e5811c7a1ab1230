// A proof that something is in a log: an index, an inclusion proof and the checkpoint, as one text.
//
// Source    C2SP tlog-proof.
// Shapes    "c2sp.org/tlog-proof@v1", an optional "extra <base64>", "index <n>", hashes in base64,
//           an empty line, the signed checkpoint. At most log_proof_bytes_max.
// Errors    malformed / limit: another form.  rejected: the proof leads to another root.
// Threads   Pure functions.
#pragma once
#include <optional>
#include <string>

#include "transparency/checkpoint.hpp"
#include "transparency/merkle.hpp"

namespace mayfly::transparency {

inline constexpr std::size_t log_proof_bytes_max = note_bytes_max + std::size_t{8} * 1024;

struct LogProof {
  std::optional<Bytes> extra;  // not authenticated by anything
  std::uint64_t index = 0;
  Proof hashes;
  SignedCheckpoint signed_checkpoint;
};
std::string to_text(const LogProof& proof);
Result<LogProof> parse_log_proof(ByteView bytes);

// The checkpoint's tree has this leaf at this index. Says nothing about who signed the checkpoint.
Result<void> verify_inclusion(const LogProof& proof, const Sha256& leaf);

}  // namespace mayfly::transparency
