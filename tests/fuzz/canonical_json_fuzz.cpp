// Two independent ways to say "canonical" agree on every input: the strict one-pass check, and
// reading leniently and writing again.
#include <cstdlib>

#include "certificate/canonical_document.hpp"
#include "certificate/canonical_json.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly;
  using namespace mayfly::certificate;
  const ByteView bytes(data, size);
  for (const TopLevel top_level : {TopLevel::object, TopLevel::container, TopLevel::any}) {
    const bool is_canonical = check_canonical(bytes, top_level).has_value();
    const auto canonical = canonicalize(bytes, top_level);
    require(is_canonical == (canonical && *canonical == text_of(bytes)));
    require(is_canonical == CanonicalDocument::parse(bytes, top_level).has_value());
    if (canonical) {
      require(check_canonical(bytes_of(*canonical), top_level).has_value());
      const auto again = canonicalize(bytes_of(*canonical), top_level);
      require(again && *again == *canonical);
    }
  }
  return 0;
}
