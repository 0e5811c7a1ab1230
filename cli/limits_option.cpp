#include "cli/limits_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "cli/nearest.hpp"
#include "cli/quantities.hpp"
#include "pipeline/dataset_bound.hpp"

namespace mayfly::cli {
namespace {

struct NamedLimit {
  std::string_view name;
  std::int64_t executor::Limits::* field;
  Result<std::int64_t> (*parse)(std::string_view);
};

// A plain count; sizes and times have units, this has none.
Result<std::int64_t> parse_count(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return fail(ErrorCode::malformed, fmt::format("\"{}\" is not a whole number", text));
  }
  return parse_bytes(text);
}

constexpr std::array named_limits = {
    NamedLimit{"wall", &executor::Limits::wall_ms, parse_duration_ms},
    NamedLimit{"cpu", &executor::Limits::cpu_ms, parse_duration_ms},
    NamedLimit{"memory", &executor::Limits::memory_bytes, parse_bytes},
    NamedLimit{"pids", &executor::Limits::pids, parse_count},
    NamedLimit{"files", &executor::Limits::open_files, parse_count},
    NamedLimit{"disk", &executor::Limits::disk_bytes, parse_bytes},
    NamedLimit{"inodes", &executor::Limits::disk_inodes, parse_count},
    NamedLimit{"output", &executor::Limits::output_bytes, parse_bytes},
};

// Returns the limit's name.
Result<std::string_view> apply_one(std::string_view item, executor::Limits& limits) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) {
    return fail(
        ErrorCode::malformed,
        fmt::format("--limits: \"{}\" is not of the form name=value, as in {}", item, limits_help));
  }
  const std::string_view name = item.substr(0, equals);
  const auto limit = std::ranges::find(named_limits, name, &NamedLimit::name);
  if (limit == named_limits.end()) {
    std::array<std::string_view, named_limits.size()> names;
    std::ranges::transform(named_limits, names.begin(), &NamedLimit::name);
    const auto meant = nearest(name, names);
    return fail(
        ErrorCode::malformed,
        fmt::format("--limits: no limit is called \"{}\"{}; the limits and their defaults: {}",
                    name, meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : "",
                    limits_help));
  }
  auto value = limit->parse(item.substr(equals + 1));
  if (!value) {
    return std::unexpected(std::move(value).error().while_doing(fmt::format("--limits {}", name)));
  }
  limits.*(limit->field) = *value;
  return limit->name;
}

}  // namespace

Result<std::vector<std::string_view>> apply_limits(std::string_view text,
                                                   executor::Limits& limits) {
  std::vector<std::string_view> names;
  for (bool more = !text.empty(); more;) {
    const std::size_t comma = text.find(',');
    TRY(const std::string_view name, apply_one(text.substr(0, comma), limits));
    if (std::ranges::find(names, name) != names.end()) {
      return fail(ErrorCode::malformed, fmt::format("--limits: {} is given twice", name));
    }
    names.push_back(name);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return names;
}

Result<std::uint64_t> dataset_bytes_max(std::string_view size) {
  if (size.empty()) return pipeline::default_dataset_bytes_max();
  auto bytes = parse_bytes(size);
  if (!bytes) return std::unexpected(std::move(bytes).error().while_doing("--dataset-max"));
  return static_cast<std::uint64_t>(*bytes);
}

}  // namespace mayfly::cli
