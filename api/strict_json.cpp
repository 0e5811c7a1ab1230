#include "api/strict_json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace mayfly::api {
namespace {

using nlohmann::json;

// A nlohmann SAX consumer: its function names are the library's.
class FaultFinder final : public nlohmann::json_sax<json> {
 public:
  std::optional<Problem> take_problem() { return std::move(problem_); }

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }

  bool start_object(std::size_t) override { return value() && open(Frame{.is_object = true}); }
  bool start_array(std::size_t) override { return value() && open(Frame{.is_object = false}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Frame& frame = frames_.back();
    frame.name = name;
    if (frame.names.insert(name).second) return true;
    problem_ = Problem{ProblemKind::malformed_request,
                       "a member appears twice in one object",
                       {{pointer(), "appears twice; which one was meant?"}}};
    return false;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    // The library's own message quotes the text.
    return refuse("not valid JSON, near byte " + std::to_string(position) +
                  " (not counting dataset.data)");
  }

 private:
  struct Frame {
    bool is_object = false;
    std::string name{};     // of the member being read
    std::size_t index = 0;  // of the element being read, from 1
    std::set<std::string> names{};
  };

  bool refuse(std::string detail) {
    problem_ = Problem{ProblemKind::malformed_request, std::move(detail)};
    return false;
  }
  bool value() {
    if (!frames_.empty()) ++frames_.back().index;
    if (++values_ <= request_values_max) return true;
    return refuse("a request may hold " + std::to_string(request_values_max) +
                  " JSON values (request_values_max)");
  }
  bool open(Frame frame) {
    if (frames_.size() == request_depth_max) {
      return refuse("a request may nest " + std::to_string(request_depth_max) +
                    " levels deep (request_depth_max)");
    }
    frames_.push_back(std::move(frame));
    return true;
  }
  bool close() {
    frames_.pop_back();
    return true;
  }
  std::string pointer() const {
    std::string text;
    for (const Frame& frame : frames_) {
      text += "/" + (frame.is_object ? pointer_part(frame.name) : std::to_string(frame.index - 1));
    }
    return text;
  }

  std::vector<Frame> frames_;
  std::size_t values_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

std::string pointer_part(std::string_view name) {
  constexpr std::size_t shown_max = 64;
  std::string text;
  for (const char c : name.substr(0, shown_max)) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      text += '?';
    } else {
      text += c;
    }
  }
  return name.size() > shown_max ? text + "..." : text;
}

std::optional<Problem> find_json_fault(std::string_view text) {
  // The library skips a byte-order mark; RFC 8259 section 8.1 forbids one.
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') {
    return Problem{ProblemKind::malformed_request,
                   "the request body is one JSON object: {\"dataset\": ..., \"sandbox\": ...}"};
  }
  FaultFinder finder;
  if (json::sax_parse(text, &finder)) return std::nullopt;
  auto problem = finder.take_problem();
  return problem ? std::move(problem) : Problem{ProblemKind::malformed_request, "not valid JSON"};
}

}  // namespace mayfly::api
