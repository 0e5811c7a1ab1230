// Goal: no bytes crash the reader of traces, a line that it takes has one spelling, and a file is
// what its lines say or it is told where not. Method: the input is read as a file, line by line.
#include <cstdlib>

#include "base/text_encoding.hpp"
#include "verifier/trace_check.hpp"

namespace {

using namespace mayfly;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = text_of(ByteView(data, size));
  verifier::TraceCheck check;
  std::uint64_t good = 0;
  bool all_good = true;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    check.add(line);
    const auto parsed = verifier::parse_trace_line(line);
    all_good = all_good && parsed;
    if (all_good) ++good;
    if (!parsed) continue;
    require(line == "{\"event\":" + parsed->event + ",\"leaf\":\"" +
                        hex_encode(parsed->leaf.bytes) + "\",\"salt\":\"" +
                        hex_encode(parsed->salt) + "\"}");
  }
  const verifier::GivenTrace given = std::move(check).finish();
  require(given.size == good);
  require(given.first_malformed.has_value() != all_good);
  require((given.root == given.stated_root) != given.first_differing.has_value());
  return 0;
}
