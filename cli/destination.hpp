// Where a service is and what opens its door, from the command line.
//
// Errors    malformed: a file that others may read or that holds no token, a time that is none.
//           unavailable: no such file.
#pragma once
#include <string>

#include "base/result.hpp"
#include "cli/sealed_sender.hpp"

namespace mayfly::cli {

// `token_file` empty: the variable MAYFLY_TOKEN, or no token.
Result<Destination> destination_from(const std::string& url, const std::string& token_file,
                                     const std::string& patience);

}  // namespace mayfly::cli
