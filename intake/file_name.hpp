// The name of a dataset file inside the sandbox: a relative path that can leave no directory and
// drive no terminal.
//
// Shapes    UTF-8; parts separated by '/'; no empty part, no "." and no ".."; no control character
//           (U+0000..U+001F, U+007F..U+009F).
// Errors    malformed, limit (a bound below). Messages show the name with other bytes as '?'.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::intake {

inline constexpr std::size_t file_name_bytes_max = 1024;
inline constexpr std::size_t file_name_part_bytes_max = 255;  // NAME_MAX
inline constexpr std::size_t file_name_parts_max = 32;

Result<void> check_file_name(std::string_view name);

// For messages: printable ASCII as it is, anything else '?', at most 80 characters.
std::string printable(std::string_view name);

}  // namespace mayfly::intake
