// What a policy says about one thing: what it must be, or that nobody asks, and why not.
//
// Threads   Plain values.
#pragma once
#include <string>
#include <variant>

namespace mayfly::attest {

// "Do not check this", and why: shown in every report.
struct Any {
  std::string reason;
};

template <class T>
using Expected = std::variant<Any, T>;

}  // namespace mayfly::attest
