// canary_scan [--process PID]... [--all-processes] [--except PID]... [--tmpfs] [PATH]...
//
// Standard input: the canary, masked ("<mask hex>:<masked hex>"), so that it stands in no argument
// list. One line per place it was found. Exit: 0 nowhere, 1 found, 2 could not look.
#include <cstdio>
#include <exception>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/canary_scan.hpp"

namespace {

using mayfly::test::Canary;
using mayfly::test::CanaryScan;

int scan(const std::vector<std::string>& arguments) {
  std::string text;
  std::getline(std::cin, text);
  CanaryScan scan(Canary::from_text(text));
  std::set<pid_t> except;
  bool everything = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--all-processes") {
      everything = true;
    } else if (argument == "--tmpfs") {
      scan.all_tmpfs();
    } else if (argument == "--process") {
      scan.process(std::stoi(arguments.at(++i)));
    } else if (argument == "--except") {
      except.insert(std::stoi(arguments.at(++i)));
    } else if (argument.starts_with("--")) {
      throw std::invalid_argument("no option " + argument);
    } else {
      scan.path(argument);
    }
  }
  if (everything) scan.all_processes(except);

  const auto& report = scan.report();
  for (const auto& hit : report.hits) {
    std::printf("%s: %s, %llu times, first at %#llx\n", hit.where.c_str(), hit.form.c_str(),
                static_cast<unsigned long long>(hit.count),
                static_cast<unsigned long long>(hit.offset));
  }
  std::fprintf(stderr,
               "read %llu processes (%llu denied), %llu files (%llu denied), %llu bytes; %llu "
               "regions skipped\n",
               static_cast<unsigned long long>(report.processes_read),
               static_cast<unsigned long long>(report.processes_denied),
               static_cast<unsigned long long>(report.files_read),
               static_cast<unsigned long long>(report.files_denied),
               static_cast<unsigned long long>(report.bytes_read),
               static_cast<unsigned long long>(report.regions_skipped));
  return report.hits.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return scan({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "canary_scan: %s\n", error.what());
    return 2;
  }
}
