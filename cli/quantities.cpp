#include "cli/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>

namespace mayfly::cli {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::int64_t kib = 1024;
constexpr std::array byte_units = {
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"k", kib},
    Unit{"kb", kib},
    Unit{"kib", kib},
    Unit{"m", kib* kib},
    Unit{"mb", kib* kib},
    Unit{"mib", kib* kib},
    Unit{"g", kib* kib* kib},
    Unit{"gb", kib* kib* kib},
    Unit{"gib", kib* kib* kib},
};
constexpr std::array duration_units = {
    Unit{"ms", 1}, Unit{"", 1000}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
};
constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;  // what a certificate can hold

Result<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                    std::string_view forms) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto bad = [&] {
    return fail(ErrorCode::malformed, fmt::format("\"{}\" is not one of {}", text, forms));
  };
  if (error == std::errc::result_out_of_range) {
    return fail(ErrorCode::limit, fmt::format("\"{}\" is too large", text));
  }
  if (error != std::errc{} || number < 0) return bad();
  std::string suffix(rest, text.data() + text.size());
  std::ranges::transform(suffix, suffix.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto unit = std::ranges::find(units, suffix, &Unit::name);
  if (unit == units.end()) return bad();
  if (number > integer_max / unit->factor) {
    return fail(ErrorCode::limit, fmt::format("\"{}\" is too large", text));
  }
  return number * unit->factor;
}

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  return parse_quantity(text, byte_units, "512m, 1g, 64k, 65536 (bytes)");
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  return parse_quantity(text, duration_units, "300s, 5m, 1500ms, 300 (seconds)");
}

std::string show_bytes(std::int64_t bytes) {
  constexpr std::array names = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t step = 0;
  while (value >= 1024 && step + 1 < names.size()) {
    value /= 1024;
    ++step;
  }
  if (step == 0) return fmt::format("{} bytes", bytes);
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? fmt::format("{:.0f} {}", value, names[step])
             : fmt::format("{:.1f} {}", value, names[step]);
}

std::string show_duration_ms(std::int64_t millis) {
  if (millis < 1000) return fmt::format("{} ms", millis);
  return fmt::format("{:.2f} s", static_cast<double>(millis) / 1000);
}

}  // namespace mayfly::cli
