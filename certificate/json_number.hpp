// How canonical JSON spells numbers: ECMAScript's one shortest form of a double.
//
// Source    RFC 8785 section 3.2.2.3; ECMA-262, Number::toString.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace mayfly::certificate {

// Every integer up to here is one double, and no two are the same one: 2^53-1.
inline constexpr std::int64_t integer_max = 9'007'199'254'740'991;

// "1e+21", "0.000001", "333333333.3333333"; -0 is "0". Precondition: `value` is finite.
std::string to_es6(double value);

// `token` is the one spelling of its value.
bool is_canonical_number(std::string_view token);

enum class NumberReading : std::uint8_t {
  exact,
  not_a_number,  // outside the grammar of RFC 8259
  out_of_range,  // no double is that large, or that near to zero without being zero
  loses_digits,  // an integer that no double holds as written: 2^53+1, 2^64
};

// Reads any JSON number and, if `exact`, appends its canonical spelling. A number written as an
// integer keeps its value to the last digit or is refused; one written with a fraction or an
// exponent was meant as a double and becomes the nearest one.
NumberReading append_canonical_number(std::string& out, std::string_view token);

}  // namespace mayfly::certificate
