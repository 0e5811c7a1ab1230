// Asks a service of the machine's own that speaks HTTP over a Unix socket.
//
// Source    RFC 9112, as far as a program that ends the connection needs it.
// Errors    unavailable: no such socket, no answer in time, an answer that is not 200.  malformed:
//           an answer that is not HTTP, or cut off.  limit: over the service's bound.
// Threads   Each call has a connection of its own.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::attest {

struct SocketService {
  std::string whom;  // for messages: "dstack"
  std::string socket;
  std::string_view path;  // "/GetQuote"
  std::size_t answer_bytes_max = 0;
};

// The body of the answer.
Result<std::string> post_to_socket(const SocketService& service, const std::string& json);

}  // namespace mayfly::attest
