// Where a request ends: the same answer however the bytes are split, and nothing accepted that
// another reader of HTTP could understand differently.
#include "api/request_framing.hpp"

#include <cstdint>
#include <cstdlib>

#include "base/bytes.hpp"

namespace {

using namespace mayfly;

constexpr std::uint64_t body_bytes_max = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

// How much of `body` is body, or nothing when it is refused; fed in pieces.
std::optional<std::size_t> body_end(std::string_view body, std::size_t piece) {
  api::ChunkGuard guard(body_bytes_max);
  std::size_t at = 0;
  while (at < body.size() && !guard.done()) {
    const auto accepted = guard.accept(body.substr(at, piece));
    if (!accepted) return std::nullopt;
    require(*accepted > 0);
    at += *accepted;
  }
  return at;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView(data, size));
  const std::size_t end = text.find("\r\n\r\n");
  const std::size_t head_bytes = end == std::string_view::npos ? text.size() : end + 4;
  const std::string_view head = text.substr(0, head_bytes);
  const std::string_view body = text.substr(head_bytes);

  if (const auto checked = api::check_head(head, body_bytes_max)) {
    require(head.find('\0') == std::string_view::npos);
    require(checked->content_length <= body_bytes_max);
    require(checked->path.starts_with('/'));
    for (std::size_t at = head.find('\n'); at != std::string_view::npos;
         at = head.find('\n', at + 1)) {
      require(at > 0 && head[at - 1] == '\r');
    }
  }
  const auto whole = body_end(body, body.size() + 1);
  require(body_end(body, 1) == whole);
  require(body_end(body, 3) == whole);
  return 0;
}
