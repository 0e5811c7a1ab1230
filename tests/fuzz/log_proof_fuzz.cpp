// Goal: no bytes crash the reader of log proofs, and what it accepts has one spelling. Method: what
// was read is written again; a proof is then tried on a leaf that it cannot be about.
#include <cstdlib>

#include "transparency/log_proof.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly;
  const ByteView input(data, size);
  const auto proof = transparency::parse_log_proof(input);
  if (!proof) return 0;
  if (transparency::to_text(*proof) != text_of(input)) std::abort();
  const crypto::Sha256 leaf = transparency::leaf_hash(input);  // a hash over the proof itself
  if (transparency::verify_inclusion(*proof, leaf)) std::abort();
  return 0;
}
