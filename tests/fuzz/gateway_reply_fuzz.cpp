// What a provider sends, whatever it is: read the same however it is split, passed on whole, and
// never with numbers that a budget cannot count.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/bytes.hpp"
#include "gateway/key_scrub.hpp"
#include "gateway/sse_reader.hpp"
#include "gateway/usage_reader.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::gateway;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::string raw;
  std::vector<std::string> data;
  ReplyFacts facts;
};

Seen read(std::string_view text, std::size_t piece, Wire wire) {
  Seen seen;
  SseReader reader;
  StreamFacts facts(wire);
  const auto take = [&](const SseEvent& event) -> Result<void> {
    facts.take(event);
    static_cast<void>(StreamFacts::is_usage_only(event));
    seen.raw += event.raw;
    seen.data.push_back(event.name + "\n" + event.data);
    return {};
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    require(reader.feed(text.substr(at, piece), take).has_value());
  }
  seen.facts = facts.facts();
  return seen;
}

void check_usage(const ReplyFacts& facts) {
  require(facts.model.size() <= fact_bytes_max);
  if (!facts.usage) return;
  require(facts.usage->output >= 0 && facts.usage->output <= tokens_max);
  require(facts.usage->input >= 0 && facts.usage->input <= 3 * tokens_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const auto wire = static_cast<Wire>(bytes[0] % 3);
  const std::string_view text = text_of(ByteView(bytes, size).subspan(1));
  const Seen whole = read(text, text.size() + 1, wire);
  const Seen single = read(text, 1, wire);
  require(whole.data == single.data && whole.raw == single.raw);
  require(whole.facts.usage == single.facts.usage);
  check_usage(whole.facts);
  check_usage(read_reply(wire, text));
  static_cast<void>(read_error_type(text));
  constexpr std::string_view key = "sk-abcdefghij-klmnop";
  const std::string clean = scrub_key(text.substr(0, 2000), bytes_of(key));
  require(clean.find("abcdefghij") == std::string::npos);
  return 0;
}
