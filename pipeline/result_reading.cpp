#include "pipeline/result_reading.hpp"

#include <string_view>

#include "certificate/canonical_json.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

constexpr std::string_view blank = " \t\r\n";

std::string_view last_line(std::string_view text) {
  const std::size_t end = text.find_last_not_of(blank);
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const std::size_t newline = text.rfind('\n');
  return newline == std::string_view::npos ? text : text.substr(newline + 1);
}

bool looks_structured(std::string_view line) {
  return (line.starts_with('{') && line.ends_with('}')) ||
         (line.starts_with('[') && line.ends_with(']'));
}

}  // namespace

ReadResult read_result(ByteView stdout_bytes, Stdout kept) {
  const std::string_view line = last_line(text_of(stdout_bytes));
  if (kept == Stdout::whole && looks_structured(line)) {
    auto value = certificate::canonicalize(bytes_of(line), certificate::TopLevel::container,
                                           certificate::result_value_bounds);
    if (value) {
      return {.raw = bytes_of(line), .media_type = "application/json", .value = std::move(*value)};
    }
  }
  return {.raw = stdout_bytes,
          .media_type = is_utf8(text_of(stdout_bytes)) ? "text/plain; charset=utf-8"
                                                       : "application/octet-stream",
          .value = std::nullopt};
}

}  // namespace mayfly::pipeline
