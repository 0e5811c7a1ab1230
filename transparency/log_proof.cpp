#include "transparency/log_proof.hpp"

#include "base/text_encoding.hpp"
#include "transparency/text_line.hpp"

namespace mayfly::transparency {
namespace {

constexpr std::string_view title = "c2sp.org/tlog-proof@v1";

}  // namespace

std::string to_text(const LogProof& proof) {
  std::string text = std::string(title) + "\n";
  if (proof.extra) text += "extra " + base64_encode(*proof.extra) + "\n";
  text += "index " + std::to_string(proof.index) + "\n";
  for (const Sha256& hash : proof.hashes) {
    text += hash_to_base64(hash) + "\n";
  }
  return text + "\n" + to_text(proof.signed_checkpoint.note);
}

Result<LogProof> parse_log_proof(ByteView bytes) {
  if (bytes.size() > log_proof_bytes_max) {
    return fail(ErrorCode::limit, "a log proof has at most " + std::to_string(log_proof_bytes_max) +
                                      " bytes (log_proof_bytes_max)");
  }
  LineReader lines(text_of(bytes));
  CHECK_OK(lines.expect(title));
  LogProof proof;
  if (lines.next_is("extra")) {
    TRY(const std::string_view extra, lines.take_value("extra"));
    TRY(proof.extra, base64_decode(extra));
  }
  TRY(const std::string_view index, lines.take_value("index"));
  TRY(proof.index, parse_decimal(index));
  for (;;) {
    TRY(const std::string_view line, lines.take("a hash or an empty line"));
    if (line.empty()) break;
    if (proof.hashes.size() == proof_hashes_max) {
      return fail(ErrorCode::limit, "a log proof has at most " + std::to_string(proof_hashes_max) +
                                        " hashes (proof_hashes_max)");
    }
    TRY(const Sha256 hash, hash_from_base64(line));
    proof.hashes.push_back(hash);
  }
  TRY(proof.signed_checkpoint, parse_signed_checkpoint(bytes_of(lines.rest())));
  return proof;
}

Result<void> verify_inclusion(const LogProof& proof, const Sha256& leaf) {
  const Checkpoint& checkpoint = proof.signed_checkpoint.checkpoint;
  return verify_inclusion(
      Inclusion{
          .index = proof.index, .size = checkpoint.size, .leaf = leaf, .root = checkpoint.root},
      proof.hashes);
}

}  // namespace mayfly::transparency
