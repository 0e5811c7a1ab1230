// A checkpoint: what a log says it is at one size, as a signed note.
//
// Source    C2SP tlog-checkpoint.
// Shapes    Lines: origin, size, root in base64, and extension lines, none empty.
// Errors    As of note.hpp.
// Threads   Pure functions.
#pragma once
#include <string>
#include <vector>

#include "crypto/sha2.hpp"
#include "transparency/note.hpp"

namespace mayfly::transparency {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  crypto::Sha256 root;
  std::vector<std::string> extensions;
  bool operator==(const Checkpoint&) const = default;
};
std::string to_text(const Checkpoint& checkpoint);  // a note's text
Result<Checkpoint> parse_checkpoint(std::string_view text);

// Form checked, no signature verified.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;
};
Result<SignedCheckpoint> parse_signed_checkpoint(ByteView note);

// The log's own signature must be there: by `log_key`, under the origin's name.
Result<void> verify_log_signature(const SignedCheckpoint& signed_checkpoint,
                                  const VerifierKey& log_key);

}  // namespace mayfly::transparency
