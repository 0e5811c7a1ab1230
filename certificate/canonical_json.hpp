// The certificate's JSON: RFC 8785, restricted so that one document has one spelling and one size.
//
// Source    docs/certificate-format.md, "Canonical profile"; RFC 8785, RFC 8259, RFC 3629.
// Shapes    UTF-8 without byte-order mark, at most json_bytes_max; depth, values and strings
//           bounded; members in UTF-16 code-unit order, each once; numbers in ECMAScript's shortest
//           form; no white space. No recursion; memory is bounded by the depth alone when checking.
// Errors    malformed: "byte 17: ..." and the rule that the byte breaks.  limit: over a bound.
//           No message holds a byte of the document.
// Threads   Pure functions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::certificate {

inline constexpr std::size_t json_bytes_max = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t json_depth_max = 32;        // arrays and objects inside one another
inline constexpr std::size_t json_values_max = 200'000;  // of every kind, the outermost included
inline constexpr std::size_t json_string_bytes_max =
    std::size_t{1024} * 1024;  // between its quotes

struct JsonBounds {
  std::size_t bytes_max = json_bytes_max;
  std::size_t depth_max = json_depth_max;
  std::size_t values_max = json_values_max;
  std::size_t string_bytes_max = json_string_bytes_max;
};

// A job's result inside a certificate: leaves room for the certificate around it.
inline constexpr JsonBounds result_value_bounds = {
    .bytes_max = std::size_t{8} * 1024 * 1024, .depth_max = 24, .values_max = 100'000};

enum class TopLevel : std::uint8_t { object, container, any };

// The bytes are exactly the canonical ones.
Result<void> check_canonical(ByteView bytes, TopLevel top_level = TopLevel::object,
                             const JsonBounds& bounds = {});

// The canonical bytes of any JSON text (white space, order and escapes as you like), if nothing is
// lost: no duplicate names, no lone surrogates, no U+0000, no integer that a double cannot hold
// (see append_canonical_number).
Result<std::string> canonicalize(ByteView json, TopLevel top_level = TopLevel::container,
                                 const JsonBounds& bounds = {});

}  // namespace mayfly::certificate
