// Thresholds on a job's result: "accuracy>=0.95", judged by exact decimal arithmetic.
//
// Shapes    A path is member names joined by dots ("metrics.accuracy"), each of letters, digits,
//           '_' and '-'. A value is a plain decimal; "0.950" is written "0.95". No double is ever
//           involved: the digits in the result's JSON are compared with the digits asked for.
// Errors    malformed: not an assertion.  limit: over a bound.
// Threads   Pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

inline constexpr std::size_t decimal_bytes_max = 64;
inline constexpr std::size_t result_path_bytes_max = 256;

// "accuracy>=0.95", "metrics.loss < 1". The verdict is "unknown" until judged.
Result<Assertion> parse_assertion(std::string_view text);

// Sets each verdict from the result's canonical JSON: "unknown" if there is no value, no such
// member, or the member is not a number.
Result<void> judge(std::vector<Assertion>& assertions, const std::optional<std::string>& value);

bool is_canonical_decimal(std::string_view text);
bool is_result_path(std::string_view text);

}  // namespace mayfly::certificate
