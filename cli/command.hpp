// The verbs of `mayfly`. Each adds its own options to the parser and leaves in `chosen` what to do
// when it is the one that was named; main() then runs that.
#pragma once
#include <functional>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace mayfly::cli {

using Action = std::function<int()>;  // returns the exit code

// When `verb` was named: `body`, whose error is reported and decides the exit code.
void choose(CLI::App& verb, Action& chosen, std::function<Result<int>()> body);
// The same for a verb that judges: its mistakes end with codes of their own, which can never be
// mistaken for a verdict. A verdict that was not told is none, so it does not end with its code.
void choose_judging(CLI::App& verb, Action& chosen, std::function<Result<int>()> body);

void add_run(CLI::App& app, Action& chosen);
void add_verify(CLI::App& app, Action& chosen);
void add_show(CLI::App& app, Action& chosen);
void add_certificates(CLI::App& app, Action& chosen);
void add_canonical(CLI::App& app, Action& chosen);
void add_log(CLI::App& app, Action& chosen);
void add_study(CLI::App& app, Action& chosen);
void add_token(CLI::App& app, Action& chosen);
void add_receipt(CLI::App& app, Action& chosen);
void add_reproduce(CLI::App& app, Action& chosen);
void add_serve(CLI::App& app, Action& chosen);
void add_attest(CLI::App& app, Action& chosen);
void add_submit(CLI::App& app, Action& chosen);
void add_evidence(CLI::App& app, Action& chosen);
void add_collateral(CLI::App& app, Action& chosen);
void add_tpm(CLI::App& app, Action& chosen);
void add_disclose(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);

}  // namespace mayfly::cli
