// The verbs of `mayfly`. Each adds its own options to the parser and leaves in `chosen` what to do
// when it is the one that was named; main() then runs that.
#pragma once
#include <functional>

#include "base/result.hpp"
#include "cli/verb.hpp"

namespace mayfly::cli {

using Action = std::function<int()>;  // returns the exit code

// When `verb` was named: `body`, whose error is reported and decides the exit code.
void choose(Verb verb, Action& chosen, std::function<Result<int>()> body);
// The same for a verb that judges: its mistakes end with codes of their own, which can never be
// mistaken for a verdict. A verdict that was not told is none, so it does not end with its code.
void choose_judging(Verb verb, Action& chosen, std::function<Result<int>()> body);

void add_run(Verb program, Action& chosen);
void add_verify(Verb program, Action& chosen);
void add_show(Verb program, Action& chosen);
void add_certificates(Verb program, Action& chosen);
void add_canonical(Verb program, Action& chosen);
void add_log(Verb program, Action& chosen);
void add_study(Verb program, Action& chosen);
void add_token(Verb program, Action& chosen);
void add_receipt(Verb program, Action& chosen);
void add_reproduce(Verb program, Action& chosen);
void add_serve(Verb program, Action& chosen);
void add_attest(Verb program, Action& chosen);
void add_submit(Verb program, Action& chosen);
void add_evidence(Verb program, Action& chosen);
void add_collateral(Verb program, Action& chosen);
void add_tpm(Verb program, Action& chosen);
void add_disclose(Verb program, Action& chosen);
void add_doctor(Verb program, Action& chosen);

}  // namespace mayfly::cli
