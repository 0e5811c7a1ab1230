// Every byte of a descriptor from where it stands to its end, in pieces, whatever there is of it.
//
// Errors    unavailable, internal: a read failed; `doing` says what for.
// Threads   Pure, but for reading.
#pragma once
#include <functional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly {

Result<void> read_through(const UniqueFd& fd, std::string_view doing,
                          const std::function<void(ByteView)>& take);

}  // namespace mayfly
