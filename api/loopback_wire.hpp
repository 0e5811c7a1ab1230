// What every client of a server on this machine does: find it, connect, read its answer.
//
// Shapes    http://127.0.0.1:PORT/... or http://localhost:PORT/...; HTTP/1.1 answers with a
//           Content-Length.
// Errors    malformed: another URL, an answer that is no HTTP.  unavailable: nobody answers, or the
//           answer was cut off.
// Threads   Safe from any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::api {

inline constexpr std::size_t answer_head_bytes_max = std::size_t{16} * 1024;

struct LoopbackPlace {
  std::uint16_t port = 0;
  std::string host;
  std::string path;
};
Result<LoopbackPlace> loopback_place(std::string_view url);

// `patience`: for each read and write.
Result<UniqueFd> connect_to(const LoopbackPlace& place, std::chrono::seconds patience);

struct LoopbackAnswer {
  int status = 0;
  std::string media_type;
  Bytes body;
};
Result<LoopbackAnswer> parse_answer(ByteView bytes);

}  // namespace mayfly::api
