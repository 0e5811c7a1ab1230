// A POST to a server on this machine whose body is made while it is sent: in memory there is one
// piece of it.
//
// Source    RFC 9112 section 7.1 (chunked), RFC 9110 section 10.1.1 (Expect: 100-continue): what a
//           server refuses by the head alone is refused before the body leaves.
// Shapes    As api/loopback_wire.hpp.
// Errors    Those of api/loopback_wire.hpp.  limit: an answer over its bound.
// Threads   One post, one thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/loopback_wire.hpp"

namespace mayfly::api {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

class LoopbackPost {
 public:
  // How long a server that says nothing is waited for before the body is sent all the same.
  static constexpr std::chrono::milliseconds go_ahead_wait{2'000};

  // `patience`: for each write, and for the answer.
  static Result<LoopbackPost> begin(std::string_view url, const HeaderFields& fields,
                                    std::chrono::seconds patience);

  // The server has answered already: it wants no more.
  enum class Sent : std::uint8_t { taken, answered };
  Result<Sent> send(ByteView piece);

  Result<LoopbackAnswer> finish(std::size_t answer_bytes_max) &&;

 private:
  LoopbackPost(UniqueFd socket, std::string host)
      : socket_(std::move(socket)), host_(std::move(host)) {}
  Result<void> write(std::string_view bytes);
  Result<bool> answer_has_come(std::chrono::milliseconds wait);
  void drop_interim_answers();

  UniqueFd socket_;
  std::string host_;
  std::string received_;  // of the answer
  bool is_answered_ = false;
  bool may_go_on_ = false;
};

}  // namespace mayfly::api
