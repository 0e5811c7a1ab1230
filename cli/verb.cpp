#include "cli/verb.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace mayfly::cli {

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::type_name(const char* what) const {
  option_->type_name(what);
  return *this;
}

Option Option::shows_default() const {
  option_->capture_default_str();
  return *this;
}

Option Option::one_value_each() const {
  option_->allow_extra_args(false);
  return *this;
}

Option Option::separated_by_commas() const {
  option_->delimiter(',');
  return *this;
}

Option Option::one_of(std::initializer_list<const char*> words) const {
  option_->check(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())));
  return *this;
}

Option Option::between(std::uint64_t least, std::uint64_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::excludes(const char* other) const {
  option_->excludes(other);
  return *this;
}

Verb Verb::add_verb(const char* name, const char* what) const {
  return Verb(*app_->add_subcommand(name, what));
}

Option Verb::add_option(const char* names, std::string& value, std::string_view help) const {
  return Option(*app_->add_option(names, value, std::string(help)));
}

Option Verb::add_option(const char* names, std::vector<std::string>& values,
                        std::string_view help) const {
  return Option(*app_->add_option(names, values, std::string(help)));
}

Option Verb::add_option(const char* names, std::uint64_t& value, std::string_view help) const {
  return Option(*app_->add_option(names, value, std::string(help)));
}

Option Verb::add_option(const char* names, std::uint16_t& value, std::string_view help) const {
  return Option(*app_->add_option(names, value, std::string(help)));
}

void Verb::add_flag(const char* names, bool& given, std::string_view help) const {
  app_->add_flag(names, given, std::string(help));
}

void Verb::footer(std::string text) const {
  app_->footer(std::move(text));
}

void Verb::needs_verb() const {
  app_->require_subcommand(1);
}

void Verb::on_chosen(std::function<void()> callback) const {
  app_->callback(std::move(callback));
}

}  // namespace mayfly::cli
