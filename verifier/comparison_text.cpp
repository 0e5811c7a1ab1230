#include "verifier/comparison_text.hpp"

#include <array>

#include "verifier/inert_text.hpp"
#include "verifier/object_text.hpp"

namespace mayfly::verifier {
namespace {

std::string shown(const std::string& value) {
  return value.empty() ? "(absent)" : inert_text(value, shown_value_bytes_max);
}

// Cut where the text one is, so that what differs late in a long value is not a false "equal".
std::string value_json(const std::string& value) {
  return value.empty() ? "null" : inert_json_string(inert_text(value, shown_value_bytes_max));
}

std::string side_line(std::string_view name, const Report& report) {
  return "  " + std::string(name) + "  " + std::string(to_string(report.verdict())) +
         (report.stated ? ", " + report.stated->certificate_id : std::string()) + "\n";
}

std::string side_json(const Report& report) {
  ObjectText out;
  out.member("certificate_id", report.stated ? inert_json_string(report.stated->certificate_id)
                                             : std::string("null"));
  out.integer("exit_code", exit_code(report.verdict()));
  out.string("verdict", to_string(report.verdict()));
  return std::move(out).finish();
}

std::string difference_json(const Difference& difference) {
  ObjectText out;
  out.member("a", value_json(difference.a));
  out.member("b", value_json(difference.b));
  out.string("concern", to_string(difference.concern));
  out.string("path", difference.path);
  return std::move(out).finish();
}

constexpr std::array concerns{Concern::question, Concern::answer, Concern::environment,
                              Concern::circumstances, Concern::evidence};

void add_concern(std::string& out, Concern concern, const std::vector<Difference>& differences) {
  std::string lines;
  for (const Difference& difference : differences) {
    if (difference.concern != concern) continue;
    lines += "  " + inert_text(difference.path, shown_value_bytes_max) + "\n    a  " +
             shown(difference.a) + "\n    b  " + shown(difference.b) + "\n";
  }
  if (lines.empty()) return;
  out += "\nIn the " + std::string(to_string(concern)) + ". " +
         std::string(why_it_matters(concern)) + "\n" + lines;
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  std::string out = std::string(explain(comparison.outcome)) + "  (" +
                    std::string(to_string(comparison.outcome)) + ", exit code " +
                    std::to_string(exit_code(comparison.outcome)) + ")\n" +
                    side_line("a", comparison.a) + side_line("b", comparison.b);
  for (const Concern concern : concerns) add_concern(out, concern, comparison.differences);
  if (comparison.differences.size() >= differences_max) {
    out += "\nMore differences are not listed.\n";
  }
  return out;
}

std::string comparison_json(const Comparison& comparison) {
  ObjectText out;
  out.member("a", side_json(comparison.a));
  out.member("b", side_json(comparison.b));
  out.member("differences", array_text(comparison.differences, difference_json));
  out.integer("exit_code", exit_code(comparison.outcome));
  out.string("outcome", to_string(comparison.outcome));
  out.string("schema", "mayfly/comparison/v1");
  out.string("text", explain(comparison.outcome));
  return std::move(out).finish();
}

}  // namespace mayfly::verifier
