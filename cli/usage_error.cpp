#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "cli/exit_code.hpp"
#include "cli/nearest.hpp"
#include "cli/print.hpp"

namespace mayfly::cli {
namespace {

constexpr std::string_view end_of_options = "--";

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option*) { return true; });
}

// "; did you mean ...?", or nothing.
std::string suggestion(std::string_view given, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const auto meant = nearest(given, views);
  return meant ? fmt::format("; did you mean \"{}\"?", *meant) : "";
}

// How far the words name verbs: "mayfly certificates list".
struct Reached {
  const CLI::App* app;
  std::string name = "mayfly";
  std::optional<std::string_view> unknown;  // the word that should have been a verb
};

Reached reach(const CLI::App& app, Words words) {
  Reached reached{.app = &app, .unknown = std::nullopt};
  for (const std::string_view word : words) {
    const auto verbs = verbs_of(*reached.app);
    if (verbs.empty() || word.starts_with('-')) return reached;
    if (std::ranges::find(verbs, word) == verbs.end()) {
      reached.unknown = word;
      return reached;
    }
    reached.app = reached.app->get_subcommand(std::string(word));
    reached.name.append(" ").append(word);
  }
  return reached;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::string unknown_option(const CLI::App& app, const std::string& word, Words words) {
  const std::string name = word.substr(0, word.find('='));
  const std::string meant = suggestion(name, option_names(app));
  std::string message = fmt::format("unknown option \"{}\"{}", name, meant);
  const CLI::Option* command = app.get_option_no_throw("command");
  const bool has_end = std::ranges::find(words, end_of_options) != words.end();
  if (meant.empty() && !has_end && command != nullptr && command->count() > 0) {
    message += fmt::format("; a command with options goes after \"--\": mayfly run ... -- {} {}",
                           command->results().front(), word);
  }
  return message;
}

}  // namespace

Result<void> check_words(const CLI::App& app, Words words) {
  const Reached reached = reach(app, words);
  if (reached.unknown) {
    const auto verbs = verbs_of(*reached.app);
    const std::string meant = suggestion(*reached.unknown, verbs);
    return fail(
        ErrorCode::malformed,
        fmt::format("there is no verb \"{}\"{}", *reached.unknown,
                    meant.empty() ? fmt::format("; there are {}", fmt::join(verbs, ", ")) : meant));
  }
  const auto names = option_names(*reached.app);
  for (const std::string_view word : words) {
    if (word == end_of_options) break;
    if (!word.starts_with("--") || !word.ends_with('=')) continue;
    const std::string_view name = word.substr(0, word.size() - 1);
    if (std::ranges::find(names, name) != names.end()) {
      return fail(ErrorCode::malformed, fmt::format("{} needs a value after \"=\"", name));
    }
  }
  return {};
}

Result<void> check_values(const CLI::App& app) {
  for (const CLI::Option* option : options_of(app)) {
    const bool is_operand = option->get_lnames().empty() && option->get_snames().empty();
    // The words of a job's command may well be empty.
    if (is_operand && option->get_name() == "command") continue;
    const auto& values = option->results();
    if (std::ranges::find(values, "") != values.end()) {
      return fail(ErrorCode::malformed,
                  fmt::format("{} is empty: give a value{}", option->get_name(),
                              is_operand ? "" : ", or leave it out"));
    }
  }
  for (const CLI::App* verb : app.get_subcommands()) CHECK_OK(check_values(*verb));
  return {};
}

std::string explain(const CLI::App& app, const CLI::ParseError& error, Words words) {
  const Reached reached = reach(app, words);
  const bool has_extras = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const bool is_incomplete = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (has_extras || is_incomplete) {
    const auto extras = reached.app->remaining();
    const auto option = std::ranges::find_if(
        extras, [](const std::string& word) { return word.size() > 1 && word.starts_with('-'); });
    if (option != extras.end()) return unknown_option(*reached.app, *option, words);
    if (has_extras && !extras.empty()) {
      return fmt::format("\"{}\" is one argument too many", extras.front());
    }
  }
  if (const auto verbs = verbs_of(*reached.app); is_incomplete && !verbs.empty()) {
    return fmt::format("{} needs a verb: {}", reached.name, fmt::join(verbs, ", "));
  }
  return error.what();
}

int report_usage(const CLI::App& app, Words words, std::string_view message) {
  const Reached reached = reach(app, words);
  complain(message);
  say("mayfly: \"{} --help\" shows how it is used\n", reached.name);
  // Where 2 is a verdict, a mistake on the command line must not look like one.
  constexpr std::array<std::string_view, 3> judging = {"mayfly verify", "mayfly attest",
                                                       "mayfly submit"};
  const bool judges = std::ranges::find(judging, reached.name) != judging.end();
  return to_int(judges ? ExitCode::verify_usage : ExitCode::usage);
}

}  // namespace mayfly::cli
