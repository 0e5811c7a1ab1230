// A page for people: headings, and rows of a name and a value. No script, no image, nothing from
// elsewhere; the style sheet is served beside it, so that a strict Content-Security-Policy holds.
//
// Shapes    HTML in UTF-8. Every string is escaped: a value can be anything, also hostile. What a
//           browser could use to reorder or hide text is shown as its code point.
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::web {

struct Row {
  std::string name;
  std::string value;
  std::string link{};  // relative, "/certificate/cert_..."; empty: none
};
struct Section {
  std::string heading;
  std::vector<Row> rows;
};
struct Page {
  std::string title;
  std::string lead;  // one paragraph under the title
  std::vector<Section> sections;
};

std::string render(const Page& page);
std::string escape(std::string_view text);

inline constexpr std::string_view style_sheet_path = "/style.css";
std::string_view style_sheet();

}  // namespace mayfly::web
