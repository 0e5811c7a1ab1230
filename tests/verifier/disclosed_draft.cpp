#include "tests/verifier/disclosed_draft.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"
#include "certificate/disclosure.hpp"
#include "transparency/partial_tree.hpp"
#include "transparency/trace_leaf.hpp"

namespace mayfly::test {
namespace {

constexpr std::uint64_t events_count = 12;

certificate::ShownEvent event_at(std::uint64_t index) {
  const std::string number = std::to_string(index);
  const std::string event =
      index < 4
          ? R"({"at_us":)" + number + R"(,"event":"exit","exit_code":0,"pid":2})"
          : R"({"at_us":)" + number + R"(,"event":"open-read","path":"/work/)" + number + "\"}";
  return {.index = static_cast<std::int64_t>(index),
          .event = event,
          .salt = Bytes(16, static_cast<std::uint8_t>(index + 1))};
}

std::vector<crypto::Sha256> all_leaves() {
  std::vector<crypto::Sha256> leaves;
  for (std::uint64_t i = 0; i < events_count; ++i) {
    const certificate::ShownEvent event = event_at(i);
    transparency::TraceSalt salt{};
    std::ranges::copy(event.salt, salt.begin());
    leaves.push_back(transparency::trace_leaf(salt, bytes_of(event.event)));
  }
  return leaves;
}

}  // namespace

Draft disclosed_draft(const Disclosed& disclosed) {
  const std::vector<crypto::Sha256> leaves = all_leaves();
  Draft draft;
  certificate::Claim& claim = draft.statement.claim;
  certificate::Run& run = draft.statement.run;
  run.trace.root = transparency::tree_root(leaves);
  run.trace.size = events_count;
  run.trace.kinds = {{"executions", 4}, {"files", 8}};
  claim.withhold = {"files", "result"};
  claim.assertions.clear();
  const ByteView result = bytes_of(disclosed_result);
  const certificate::ShownResult shown{.bytes = Bytes(result.begin(), result.end()),
                                       .salt = Bytes(32, 9)};
  claim.result.digest = certificate::result_commitment(shown.salt, shown.bytes);
  claim.result.media_type = "application/octet-stream";
  claim.result.size = 0;
  claim.result.value.reset();
  run.usage.stdout_bytes = 0;

  certificate::Disclosure disclosure{.result = shown, .trace = certificate::ShownTrace()};
  std::vector<std::uint64_t> indices(disclosed.events.begin(), disclosed.events.end());
  for (const std::uint64_t index : indices) disclosure.trace->events.push_back(event_at(index));
  const auto ranges = transparency::withheld_subtrees(indices, events_count).value();
  for (const auto& range : ranges) {
    disclosure.trace->withheld.push_back(
        transparency::tree_root(std::span(leaves).subspan(range.begin, range.end - range.begin)));
  }
  if (disclosed.change) disclosed.change(disclosure);
  draft.before_encoding = [disclosure](certificate::Proof& proof) {
    proof.disclosure = disclosure;
  };
  return draft;
}

std::vector<std::string> trace_lines() {
  const std::vector<crypto::Sha256> leaves = all_leaves();
  std::vector<std::string> lines;
  for (std::uint64_t i = 0; i < events_count; ++i) {
    const certificate::ShownEvent event = event_at(i);
    lines.push_back("{\"event\":" + event.event + ",\"leaf\":\"" + hex_encode(leaves[i].bytes) +
                    "\",\"salt\":\"" + hex_encode(event.salt) + "\"}");
  }
  return lines;
}

}  // namespace mayfly::test
