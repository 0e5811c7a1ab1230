#include "web/page.hpp"

#include <cstdint>
#include <cstdio>

namespace mayfly::web {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return {};
  std::uint32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < least || value > 0x10FFFF || is_surrogate) return {};
  return {value, length};
}

// Controls, and what changes the direction, joins or hides what stands beside it.
bool is_invisible(std::uint32_t value) {
  return (value < 0x20 && value != '\n') || (value >= 0x7F && value <= 0x9F) || value == 0xAD ||
         value == 0x61C || value == 0x180E || (value >= 0x200B && value <= 0x200F) ||
         (value >= 0x2028 && value <= 0x202E) || (value >= 0x2060 && value <= 0x206F) ||
         (value >= 0xFE00 && value <= 0xFE0F) || value == 0xFEFF ||
         (value >= 0xFFF9 && value <= 0xFFFB) || (value >= 0xE0000 && value <= 0xE0FFF);
}

std::string shown_as_number(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "[U+%04X]", value);
  return text;
}

void append_rows(std::string& html, const Section& section) {
  html += "<section>\n<h2>" + escape(section.heading) + "</h2>\n<dl>\n";
  for (const Row& row : section.rows) {
    html += "<dt>" + escape(row.name) + "</dt><dd>";
    if (row.link.empty()) {
      html += escape(row.value);
    } else {
      html += "<a href=\"" + escape(row.link) + "\">" + escape(row.value) + "</a>";
    }
    html += "</dd>\n";
  }
  html += "</dl>\n</section>\n";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (point.bytes == 0) {
      safe += "\xEF\xBF\xBD";  // U+FFFD
      ++at;
      continue;
    }
    switch (point.value) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default:
        if (is_invisible(point.value)) {
          safe += shown_as_number(point.value);
        } else {
          safe.append(text, at, point.bytes);
        }
    }
    at += point.bytes;
  }
  return safe;
}

std::string render(const Page& page) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
      escape(page.title) + "</title>\n<link rel=\"stylesheet\" href=\"" +
      std::string(style_sheet_path) + "\">\n</head>\n<body>\n<h1>" + escape(page.title) +
      "</h1>\n<p>" + escape(page.lead) + "</p>\n";
  for (const Section& section : page.sections) append_rows(html, section);
  return html + "</body>\n</html>\n";
}

}  // namespace mayfly::web
