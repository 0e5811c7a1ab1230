// A report for people: the verdict first, then what it is about, then every check, worst first,
// then what to do next.
//
// Shapes    Lines of text, each ended by a line end. Text from the certificate is inert and cut at
//           shown_bytes_max. Green appears only with the verdict `verified`.
// Threads   Pure function.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "verifier/report.hpp"

namespace mayfly::verifier {

inline constexpr std::size_t shown_bytes_max = 600;

enum class Colour : std::uint8_t { none, ansi };

std::string report_text(const Report& report, Colour colour);

}  // namespace mayfly::verifier
