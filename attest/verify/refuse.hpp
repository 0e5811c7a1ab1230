// Evidence that can be read, and is not accepted.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace mayfly::attest {

inline std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::rejected, std::move(why));
}

}  // namespace mayfly::attest
