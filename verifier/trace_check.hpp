// A trace file, line by line: is each line what it says, and what root do they give?
//
// Source    docs/certificate-format.md, "The trace".
// Shapes    Memory does not grow with the file. A line names its own leaf, so that of a file whose
//           leaves are the right ones the first line that was changed can be told.
// Errors    parse_trace_line: malformed, limit. TraceCheck: none, it notes what it finds.
// Threads   Pure, but that one TraceCheck belongs to one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "transparency/merkle.hpp"
#include "transparency/trace_leaf.hpp"

namespace mayfly::verifier {

inline constexpr std::size_t trace_line_bytes_max = std::size_t{1024} * 1024;

struct TraceLine {
  std::string event;       // canonical JSON
  std::string event_word;  // its member "event": "exec", "open-read" ...
  crypto::Sha256 leaf;     // as the line states it
  transparency::TraceSalt salt{};
};
Result<TraceLine> parse_trace_line(std::string_view line);
// Over salt and event, whatever the line states.
crypto::Sha256 leaf_of(const TraceLine& line);

// What a whole file turned out to be.
struct GivenTrace {
  std::uint64_t size = 0;
  crypto::Sha256 root;                             // over the events
  crypto::Sha256 stated_root;                      // over the leaves that the lines state
  std::optional<std::uint64_t> first_differing;    // event, from 0: not what its leaf is over
  std::optional<std::uint64_t> first_malformed{};  // line, from 1; nothing after it was read
  std::string why_malformed;
};

class TraceCheck {
 public:
  void add(std::string_view line);
  GivenTrace finish() &&;

 private:
  GivenTrace given_;
  transparency::RootBuilder events_;
  transparency::RootBuilder leaves_;
};

}  // namespace mayfly::verifier
