// What a verb of the command line takes, and how words choose one. The parser is CLI11: all
// headers, and many seconds for each file that reads them, so only the files behind this one do.
//
// Handles: cheap to copy, and good as long as their CommandLine. Names are CLI11's: "-o,--output"
// is an option, "certificate" an operand. What is added to must outlive the parsing.
// Threads   Before any other.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 is called so
class App;
class Option;
}  // namespace CLI

namespace mayfly::cli {

class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option required() const;
  Option type_name(const char* what) const;  // stands for the value in --help
  Option shows_default() const;              // the value that is there now
  Option one_value_each() const;             // several values: the name before each of them
  Option separated_by_commas() const;        // several values: in one word
  Option one_of(std::initializer_list<const char*> words) const;
  Option between(std::uint64_t least, std::uint64_t most) const;
  Option excludes(const char* other) const;

 private:
  CLI::Option* option_;
};

class Verb {
 public:
  explicit Verb(CLI::App& app) : app_(&app) {}

  Verb add_verb(const char* name, const char* what) const;
  Option add_option(const char* names, std::string& value, std::string_view help) const;
  Option add_option(const char* names, std::vector<std::string>& values,
                    std::string_view help) const;
  Option add_option(const char* names, std::uint64_t& value, std::string_view help) const;
  Option add_option(const char* names, std::uint16_t& value, std::string_view help) const;
  void add_flag(const char* names, bool& given, std::string_view help) const;
  void footer(std::string text) const;
  void needs_verb() const;                               // it is none by itself
  void on_chosen(std::function<void()> callback) const;  // after everything was parsed

 private:
  CLI::App* app_;
};

}  // namespace mayfly::cli
