// Goal: no bytes crash the readers of notes, checkpoints, keys and witness requests, and whatever
// they accept has one spelling. Method: what was read is written again and must be the same bytes.
#include <cstdlib>

#include "transparency/witness.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::transparency;

void require_equal(std::string_view written, ByteView read) {
  if (written != text_of(read)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto note = parse_note(input)) {
    require_equal(to_text(*note), input);
    VerifierKey key;
    key.name = note->signatures[0].key_name;
    (void)verify_note(*note, std::span(&key, 1)).has_value();
  }
  if (const auto checkpoint = parse_signed_checkpoint(input)) {
    require_equal(to_text(checkpoint->checkpoint), bytes_of(checkpoint->note.text));
  }
  if (const auto key = parse_verifier_key(text_of(input))) {
    require_equal(to_text(*key), input);
  }
  if (const auto request = parse_add_checkpoint(input)) {
    require_equal(to_text(*request), input);
    const WitnessedTree seen{.size = request->old_size, .root = {}};
    const VerifierKey key{.name = request->signed_checkpoint.checkpoint.origin};
    if (judge_add_checkpoint(*request, &key, seen) == WitnessAnswer::cosign) std::abort();
  }
  return 0;
}
