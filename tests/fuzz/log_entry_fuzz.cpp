// Goal: no bytes crash the readers of entries, bundles and tile paths, what they accept has one
// spelling, and the counting holds whatever the entries say. Method: the input is read as each; as
// a bundle, its entries are counted in their order.
#include <cstdlib>

#include "transparency/attempt_index.hpp"
#include "transparency/tile.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::transparency;

void count(const std::vector<Bytes>& entries) {
  AttemptIndex index;
  std::uint64_t number = 0;
  for (const Bytes& bytes : entries) {
    const auto entry = parse_log_entry(bytes);
    if (entry && index.add(number, *entry)) ++number;
  }
  for (const RunFacts& run : index.runs()) {
    const auto counts = index.counts(run.run_id);
    if (!counts || counts->number == 0 || counts->number > counts->dataset_total ||
        counts->open >= counts->dataset_total) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto entry = parse_log_entry(input)) {
    if (to_text(*entry) != text_of(input)) std::abort();
  }
  if (const auto name = parse_tile_path(text_of(input))) {
    if (tile_path(*name) != text_of(input)) std::abort();
  }
  if (size == 0) return 0;
  if (const auto entries = parse_entry_bundle(input.subspan(1), data[0])) {
    Bytes bundle;
    for (const Bytes& entry : *entries) append_entry(bundle, entry);
    if (text_of(bundle) != text_of(input.subspan(1))) std::abort();
    count(*entries);
  }
  return 0;
}
