#include "transparency/checkpoint.hpp"

#include "transparency/text_line.hpp"

namespace mayfly::transparency {

std::string to_text(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
                     hash_to_base64(checkpoint.root) + "\n";
  for (const std::string& extension : checkpoint.extensions) {
    text += extension + "\n";
  }
  return text;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  LineReader lines(text);
  Checkpoint checkpoint;
  TRY(checkpoint.origin, lines.take("a checkpoint's origin"));
  if (checkpoint.origin.empty()) {
    return fail(ErrorCode::malformed, "a checkpoint's origin is not empty");
  }
  TRY(const std::string_view size, lines.take("a checkpoint's size"));
  TRY(checkpoint.size, parse_decimal(size));
  TRY(const std::string_view root, lines.take("a checkpoint's root"));
  TRY(checkpoint.root, hash_from_base64(root));
  while (!lines.is_at_end()) {
    TRY(const std::string_view extension, lines.take("an extension line"));
    if (extension.empty()) {
      return fail(ErrorCode::malformed, "a checkpoint's extension lines are not empty");
    }
    checkpoint.extensions.emplace_back(extension);
  }
  return checkpoint;
}

Result<SignedCheckpoint> parse_signed_checkpoint(ByteView note) {
  SignedCheckpoint out;
  TRY(out.note, parse_note(note));
  TRY(out.checkpoint, parse_checkpoint(out.note.text));
  return out;
}

Result<void> verify_log_signature(const SignedCheckpoint& signed_checkpoint,
                                  const VerifierKey& log_key) {
  if (signed_checkpoint.checkpoint.origin != log_key.name) {
    return fail(ErrorCode::rejected, "the checkpoint is of another log than the key is for");
  }
  CHECK_OK(verify_note(signed_checkpoint.note, std::span(&log_key, 1)));
  return {};
}

}  // namespace mayfly::transparency
