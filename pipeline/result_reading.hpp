// What counts as a job's result, out of all it wrote to standard output.
//
// Shapes    If the last non-empty line of stdout is a JSON object or array, the result is that line
//           (without its newline): a job may print progress before it. Otherwise the result is
//           stdout whole. Of a stdout that was cut the last line is not known: what was kept is the
//           result, and it has no value.
// Threads   Pure function.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace mayfly::pipeline {

struct ReadResult {
  ByteView raw;  // Borrowed from stdout: the truth, hashed as it is.
  std::string
      media_type;  // "application/json" | "text/plain; charset=utf-8" | "application/octet-stream"
  std::optional<std::string> value;  // Canonical JSON reading, if lossless.
};
enum class Stdout : std::uint8_t { whole, cut };
// Precondition: `stdout_bytes` outlives the returned value.
ReadResult read_result(ByteView stdout_bytes, Stdout kept = Stdout::whole);

}  // namespace mayfly::pipeline
