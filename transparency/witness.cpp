#include "transparency/witness.hpp"

#include "transparency/text_line.hpp"

namespace mayfly::transparency {

std::string to_text(const AddCheckpoint& request) {
  std::string text = "old " + std::to_string(request.old_size) + "\n";
  for (const Sha256& hash : request.consistency) {
    text += hash_to_base64(hash) + "\n";
  }
  return text + "\n" + to_text(request.signed_checkpoint.note);
}

Result<AddCheckpoint> parse_add_checkpoint(ByteView body) {
  if (body.size() > add_checkpoint_bytes_max) {
    return fail(ErrorCode::limit, "the request has more than " +
                                      std::to_string(add_checkpoint_bytes_max) +
                                      " bytes (add_checkpoint_bytes_max)");
  }
  LineReader lines(text_of(body));
  AddCheckpoint request;
  TRY(const std::string_view old_size, lines.take_value("old"));
  TRY(request.old_size, parse_decimal(old_size));
  for (;;) {
    TRY(const std::string_view line, lines.take("a hash or an empty line"));
    if (line.empty()) break;
    if (request.consistency.size() == witness_proof_hashes_max) {
      return fail(ErrorCode::limit, "more than " + std::to_string(witness_proof_hashes_max) +
                                        " hashes (witness_proof_hashes_max)");
    }
    TRY(const Sha256 hash, hash_from_base64(line));
    request.consistency.push_back(hash);
  }
  TRY(request.signed_checkpoint, parse_signed_checkpoint(bytes_of(lines.rest())));
  return request;
}

int http_status(WitnessAnswer answer) {
  switch (answer) {
    case WitnessAnswer::cosign: return 200;
    case WitnessAnswer::bad_request: return 400;
    case WitnessAnswer::not_signed: return 403;
    case WitnessAnswer::unknown_log: return 404;
    case WitnessAnswer::other_size:
    case WitnessAnswer::other_root: return 409;
    case WitnessAnswer::inconsistent: return 422;
  }
  return 400;
}

WitnessAnswer judge_add_checkpoint(const AddCheckpoint& request, const VerifierKey* log_key,
                                   const std::optional<WitnessedTree>& seen) {
  const Checkpoint& offered = request.signed_checkpoint.checkpoint;
  if (log_key == nullptr) return WitnessAnswer::unknown_log;
  if (!verify_log_signature(request.signed_checkpoint, *log_key)) {
    return WitnessAnswer::not_signed;
  }
  if (request.old_size > offered.size) return WitnessAnswer::bad_request;
  const std::uint64_t seen_size = seen ? seen->size : 0;
  if (request.old_size != seen_size) return WitnessAnswer::other_size;
  if (seen_size == 0) {
    return request.consistency.empty() ? WitnessAnswer::cosign : WitnessAnswer::inconsistent;
  }
  if (seen_size == offered.size && seen->root != offered.root) return WitnessAnswer::other_root;
  const Consistency claim{
      .size1 = seen->size, .size2 = offered.size, .root1 = seen->root, .root2 = offered.root};
  return verify_consistency(claim, request.consistency) ? WitnessAnswer::cosign
                                                        : WitnessAnswer::inconsistent;
}

}  // namespace mayfly::transparency
