// `mayfly doctor`: what this machine can do, what it lacks, and the way out.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/json_text.hpp"
#include "cli/print.hpp"
#include "executor/probe.hpp"

namespace mayfly::cli {
namespace {

using State = executor::HostFact::State;

struct DoctorOptions {
  bool json = false;
};

std::string_view state_name(State state) {
  switch (state) {
    case State::good: return "good";
    case State::weaker: return "weaker";
    case State::missing: return "missing";
  }
  return "missing";
}

std::string facts_json(const std::vector<executor::HostFact>& facts) {
  std::string rows;
  for (const executor::HostFact& fact : facts) {
    rows += fmt::format("{}{{\"detail\":{},\"fix\":{},\"name\":{},\"state\":\"{}\"}}",
                        rows.empty() ? "" : ",", json_text(fact.detail), json_text(fact.fix),
                        json_text(fact.name), state_name(fact.state));
  }
  return "{\"facts\":[" + rows + "],\"schema\":\"mayfly/doctor/v1\"}";
}

void print_fact(const executor::HostFact& fact) {
  print("{:<8} {:<22} {}\n", state_name(fact.state), fact.name, fact.detail);
  if (!fact.fix.empty()) print("{:<8} {:<22} fix: {}\n", "", "", fact.fix);
}

int doctor(const DoctorOptions& options) {
  auto facts = executor::probe_host();
  if (options.json) {
    print("{}\n", facts_json(facts));
  } else {
    // Worst first: that is what a person came for.
    std::ranges::stable_sort(facts, std::ranges::greater(), &executor::HostFact::state);
    std::ranges::for_each(facts, print_fact);
  }
  return to_int(ExitCode::ok);
}

}  // namespace

void add_doctor(Verb program, Action& chosen) {
  Verb verb = program.add_verb("doctor", "say what this machine can do, and how to mend it");
  auto options = std::make_shared<DoctorOptions>();
  verb.add_flag("--json", options->json, "print one JSON object");
  verb.on_chosen([options, &chosen] { chosen = [options] { return doctor(*options); }; });
}

}  // namespace mayfly::cli
