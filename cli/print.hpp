// fmt::print throws when the disk is full or a stream is closed; these two do not.
#pragma once
#include <fmt/format.h>

#include <utility>

#include "cli/standard_streams.hpp"

namespace mayfly::cli {

template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  put_out(fmt::format(format, std::forward<Args>(args)...));
}

// To standard error.
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  put_err(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mayfly::cli
