// Certificates that show some of a trace of twelve events, and a result that may be withheld.
//
// Shapes    Four events of executions, eight of files. Files and the result may be withheld.
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/verifier/certificate_builder.hpp"

namespace mayfly::test {

inline constexpr std::string_view disclosed_result = "{\"pii\":true}";

struct Disclosed {
  std::vector<std::int64_t> events = {0, 1, 2, 3, 6, 11};  // 0 to 3 are the executions
  std::function<void(certificate::Disclosure&)> change{};
};
Draft disclosed_draft(const Disclosed& disclosed = {});

// The whole trace, as its file has it.
std::vector<std::string> trace_lines();

}  // namespace mayfly::test
