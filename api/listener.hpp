// A listening TCP socket: loopback, unless a PlaintextFromNetwork says otherwise.
//
// Errors    rejected: not a loopback address. malformed: not a numeric address. unavailable: the
//           port is taken or needs privileges.
// Threads   One thread accepts.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/plaintext_network.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::api {

struct ListenAddress {
  std::string address = "127.0.0.1";  // numeric, IPv4 or IPv6
  std::uint16_t port = 8420;          // 0: the system chooses
};

class Listener {
 public:
  static Result<Listener> open(const ListenAddress& wanted,
                               const std::optional<PlaintextFromNetwork>& plaintext);

  // With the port that is really in use.
  const ListenAddress& address() const { return address_; }

  // The next connection, close-on-exec. Nothing: `stop_fd` became readable.
  Result<std::optional<UniqueFd>> accept(int stop_fd);

 private:
  Listener(UniqueFd socket, ListenAddress address)
      : socket_(std::move(socket)), address_(std::move(address)) {}
  UniqueFd socket_;
  ListenAddress address_;
};

}  // namespace mayfly::api
