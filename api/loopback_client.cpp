#include "api/loopback_client.hpp"

#include "base/file_io.hpp"

namespace mayfly::api {

bool is_http_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Result<LoopbackAnswer> ask_loopback(std::string_view method, std::string_view url, ByteView body,
                                    std::size_t answer_bytes_max, std::string_view token) {
  TRY(const LoopbackPlace place, loopback_place(url));
  TRY(const UniqueFd socket, connect_to(place, std::chrono::seconds(loopback_patience_seconds)));
  std::string request = std::string(method) + " " + place.path +
                        " HTTP/1.1\r\nHost: " + place.host + "\r\nConnection: close\r\n";
  if (!token.empty()) request.append("Authorization: Bearer ").append(token).append("\r\n");
  if (method == "POST") {
    request += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n";
  request.append(text_of(body));
  CHECK_OK(write_all(socket, bytes_of(request)));
  auto answer = read_to_end(socket, answer_bytes_max + answer_head_bytes_max);
  if (!answer) return std::unexpected(std::move(answer).error().while_doing(place.host));
  return parse_answer(*answer);
}

}  // namespace mayfly::api
