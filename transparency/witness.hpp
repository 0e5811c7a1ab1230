// What a witness is asked and what it answers, without the network and the disk around it.
//
// Source    C2SP tlog-witness, add-checkpoint.
// Shapes    Request: "old <size>", consistency hashes in base64, an empty line, a signed
//           checkpoint.
// Errors    parse: malformed / limit.
// Threads   Pure functions.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "transparency/checkpoint.hpp"
#include "transparency/merkle.hpp"

namespace mayfly::transparency {

inline constexpr std::size_t witness_proof_hashes_max = 63;
inline constexpr std::size_t add_checkpoint_bytes_max = note_bytes_max + std::size_t{8} * 1024;

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  Proof consistency;
  SignedCheckpoint signed_checkpoint;
};
std::string to_text(const AddCheckpoint& request);
Result<AddCheckpoint> parse_add_checkpoint(ByteView body);

// The newest tree that a witness has cosigned of one log.
struct WitnessedTree {
  std::uint64_t size = 0;
  Sha256 root;
};

enum class WitnessAnswer : std::uint8_t {
  cosign,        // 200, after the new tree is durable
  bad_request,   // 400: old size over the checkpoint's, or a proof where none belongs
  not_signed,    // 403: no signature by the log's key
  unknown_log,   // 404
  other_size,    // 409, with the size that the witness has
  other_root,    // 409: two roots of one size
  inconsistent,  // 422: the proof does not hold
};
int http_status(WitnessAnswer answer);

// `log_key`: of the checkpoint's origin; nullptr: the witness does not know it. `seen`: absent if
// nothing of this log was cosigned yet.
WitnessAnswer judge_add_checkpoint(const AddCheckpoint& request, const VerifierKey* log_key,
                                   const std::optional<WitnessedTree>& seen);

}  // namespace mayfly::transparency
