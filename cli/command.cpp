#include "cli/command.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/exit_code.hpp"

namespace mayfly::cli {

void choose(CLI::App& verb, Action& chosen, std::function<Result<int>()> body) {
  verb.callback([body = std::move(body), &chosen] {
    chosen = [body] {
      const Result<int> code = body();
      return code ? *code : report_error(code.error());
    };
  });
}

}  // namespace mayfly::cli
