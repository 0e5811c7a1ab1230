// Where a service is and what opens its door, from the command line.
//
// Errors    malformed: a file that others may read or that holds no token, a time that is none.
//           unavailable: no such file.
#pragma once
#include <chrono>
#include <string>

#include "base/result.hpp"

namespace mayfly::cli {

struct Destination {
  std::string base;                    // http://127.0.0.1:PORT
  std::string token;                   // empty: none
  std::chrono::seconds patience{120};  // for the answer: as long as the run may take, and a while
};

// `token_file` empty: the variable MAYFLY_TOKEN, or no token.
Result<Destination> destination_from(const std::string& url, const std::string& token_file,
                                     const std::string& patience);

}  // namespace mayfly::cli
