#include "api/reply_text.hpp"

#include <array>

namespace mayfly::api {
namespace {

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

std::string head_text(int status, std::string_view media_type, std::string_view request_id) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " " +
                     std::string(reason_phrase(status)) + "\r\nConnection: close\r\n";
  for (const auto& [name, value] : security_headers()) add(head, name, value);
  add(head, request_id_header, request_id);
  if (!media_type.empty()) add(head, "Content-Type", media_type);
  return head;
}

}  // namespace

std::string reply_text(const Reply& reply, std::string_view request_id) {
  std::string text = head_text(reply.status, reply.media_type, request_id);
  for (const auto& [name, value] : reply.headers) add(text, name, value);
  add(text, "Content-Length", std::to_string(reply.body.size()));
  return text + "\r\n" + reply.body;
}

std::string stream_head_text(std::string_view media_type, std::string_view request_id) {
  std::string head = head_text(200, media_type, request_id);
  add(head, "Cache-Control", "no-store");
  add(head, "X-Accel-Buffering", "no");  // a front that collects events would hold them back
  return head + "\r\n";
}

}  // namespace mayfly::api
