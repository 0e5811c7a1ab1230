#include "cli/destination.hpp"

#include <algorithm>
#include <cstdlib>

#include "cli/quantities.hpp"
#include "cli/secret_file.hpp"
#include "cli/session_check.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t token_bytes_max = 256;

Result<std::string> token_from(const std::string& file) {
  if (file.empty()) {
    const char* const variable = std::getenv("MAYFLY_TOKEN");
    return std::string(variable == nullptr ? "" : variable);
  }
  TRY(const crypto::LockedSecret token, read_secret_file("--token-file", file, token_bytes_max));
  return std::string(text_of(token.view()));
}

}  // namespace

Result<Destination> destination_from(const std::string& url, const std::string& token_file,
                                     const std::string& patience) {
  Destination out{.base = service_base(url), .token = {}};
  TRY(out.token, token_from(token_file));
  // It becomes a line of the request's head.
  if (!std::ranges::all_of(out.token, [](char c) { return c > 0x20 && c < 0x7f; })) {
    return fail(ErrorCode::malformed, "a token is one word of printable ASCII");
  }
  auto wait_ms = parse_duration_ms(patience);
  if (!wait_ms) return std::unexpected(std::move(wait_ms).error().while_doing("--wait"));
  out.patience = std::chrono::seconds(std::max<std::int64_t>(1, *wait_ms / 1000));
  return out;
}

}  // namespace mayfly::cli
