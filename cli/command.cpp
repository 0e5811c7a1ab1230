#include "cli/command.hpp"

#include <utility>

#include "cli/exit_code.hpp"
#include "cli/standard_streams.hpp"

namespace mayfly::cli {

void choose(Verb verb, Action& chosen, std::function<Result<int>()> body) {
  verb.on_chosen([body = std::move(body), &chosen] {
    chosen = [body] {
      const Result<int> code = body();
      return code ? *code : report_error(code.error());
    };
  });
}

void choose_judging(Verb verb, Action& chosen, std::function<Result<int>()> body) {
  verb.on_chosen([body = std::move(body), &chosen] {
    chosen = [body] {
      const Result<int> code = body();
      if (code) return flush_out() == 0 ? *code : to_int(ExitCode::verify_internal);
      report_error(code.error());
      return to_int(code.error().code() == ErrorCode::internal ? ExitCode::verify_internal
                                                               : ExitCode::verify_usage);
    };
  });
}

}  // namespace mayfly::cli
