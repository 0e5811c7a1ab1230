#include "gateway/outgoing_head.hpp"

#include <cstring>
#include <string>

namespace mayfly::gateway {
namespace {

// The head up to where the key goes.
std::string before_key(const Endpoint& endpoint, const RequestHead& asked, const Upstream& to,
                       std::size_t body_bytes) {
  std::string text = std::string(endpoint.method) + " " + to.path_prefix +
                     std::string(endpoint.path) + " HTTP/1.1\r\nhost: " + to.authority() +
                     "\r\nuser-agent: mayfly/" MAYFLY_VERSION "\r\naccept-encoding: identity\r\n";
  for (const std::string_view name : {"accept", "anthropic-version", "anthropic-beta"}) {
    if (const auto value = asked.header(name)) {
      text += std::string(name) + ": " + std::string(*value) + "\r\n";
    }
  }
  if (endpoint.method == "POST") {
    text +=
        "content-type: application/json\r\ncontent-length: " + std::to_string(body_bytes) + "\r\n";
  }
  return text;
}

}  // namespace

Result<OutgoingHead> OutgoingHead::compose(const Endpoint& endpoint, const RequestHead& asked,
                                           const Upstream& to, const crypto::LockedSecret& key,
                                           std::size_t body_bytes) {
  std::string before = before_key(endpoint, asked, to, body_bytes);
  std::string_view after = "\r\n";
  if (!key.view().empty()) {
    const bool bearer = endpoint.wire != Wire::anthropic || asked.header("authorization");
    before += bearer ? "authorization: Bearer " : "x-api-key: ";
    after = "\r\n\r\n";
  }
  const std::size_t size = before.size() + key.view().size() + after.size();
  TRY(crypto::LockedSecret bytes, crypto::LockedSecret::allocate(size));
  std::uint8_t* out = bytes.bytes().data();
  for (const ByteView part : {bytes_of(before), key.view(), bytes_of(after)}) {
    if (!part.empty()) std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
  return OutgoingHead(std::move(bytes));
}

}  // namespace mayfly::gateway
