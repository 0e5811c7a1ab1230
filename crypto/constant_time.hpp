// Comparison whose time depends on the lengths only.
//
// Threads   Pure function.
#pragma once
#include <cstddef>

#include "base/bytes.hpp"

namespace mayfly::crypto {

inline bool equal_in_constant_time(ByteView left, ByteView right) {
  if (left.size() != right.size()) {
    return false;
  }
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference |= static_cast<unsigned>(left[i] ^ right[i]);
  }
  return difference == 0;
}

}  // namespace mayfly::crypto
