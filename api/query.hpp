// Query parameters, each by its name and at most once; whatever was never asked for is refused.
//
// Threads   One reader, one thread. Borrows the call.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.hpp"
#include "api/reply.hpp"
#include "base/time.hpp"

namespace mayfly::api {

class QueryReader {
 public:
  explicit QueryReader(const Call& call) : call_(call) {}

  std::optional<std::string> text(std::string_view name);
  // "sha256:" and 64 lower-case hex digits, or `also`.
  std::optional<std::string> hash(std::string_view name, std::string_view also);
  std::optional<std::size_t> count(std::string_view name);
  // RFC 3339 in UTC ("2026-03-01T12:00:00Z", milliseconds optional) or Unix milliseconds.
  std::optional<UnixMillis> time(std::string_view name);

  // The first thing wrong, if any, unknown parameters included.
  std::expected<void, Problem> finish() const;

 private:
  void refuse(std::string_view name, std::string_view form);

  const Call& call_;
  std::vector<std::string_view> known_;
  std::optional<Problem> problem_;
};

bool is_sha256_text(std::string_view text);
std::optional<UnixMillis> parse_rfc3339_utc(std::string_view text);

}  // namespace mayfly::api
