// `mayfly serve`: the HTTP service, on loopback.
#include <memory>

#include "api/server.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/limits_option.hpp"
#include "cli/llm_options.hpp"
#include "cli/log_files.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"
#include "cli/quantities.hpp"
#include "cli/service_notify.hpp"
#include "cli/workshop.hpp"

namespace mayfly::cli {
namespace {

struct ServeVerbOptions {
  std::string listen = "127.0.0.1";
  std::string plaintext_reason;
  std::uint16_t port = 8420;
  std::size_t runs = 2;
  std::size_t waiting = 64;
  std::uint64_t client_rate = 6'000;
  std::string memory;
  std::size_t ready = 2;
  std::string dataset_max;
  std::string log_policy;
  std::vector<std::string> llm_endpoints;
  AttestChoice attest;
};

Result<int> serve(const ServeVerbOptions& verb_options) {
  api::ServeOptions options;
  options.listen = {.address = verb_options.listen, .port = verb_options.port};
  if (!verb_options.plaintext_reason.empty()) {
    options.plaintext_from_network = api::PlaintextFromNetwork{verb_options.plaintext_reason};
  }
  options.runs_max = verb_options.runs;
  options.runs_waiting_max = verb_options.waiting;
  options.runs_per_minute_max = verb_options.client_rate;
  if (!verb_options.memory.empty()) {
    auto bytes = parse_bytes(verb_options.memory);
    if (!bytes) return std::unexpected(std::move(bytes).error().while_doing("--memory"));
    options.job_bytes_max = static_cast<std::uint64_t>(*bytes);
  }
  TRY(options.intake.dataset_bytes_max, dataset_bytes_max(verb_options.dataset_max));
  TRY(options.llm_endpoints, llm_endpoints_from(verb_options.llm_endpoints));
  options.on_listening = [](const api::ListenAddress& address) {
    print("listening on http://{}:{}\n", address.address, address.port);
    static_cast<void>(flush_out());  // finish() tells
    notify_service_manager("READY=1");
  };
  TRY(store::Store opened, open_store());
  TRY(store::Log log, open_log());
  TRY(const store::ServiceDatabase database, open_service_database());
  options.database = &database;
  TRY(auto witnesses, log_policy_option(verb_options.log_policy));
  TRY(const Workshop workshop,
      Workshop::open({.store = std::make_unique<store::Store>(std::move(opened)),
                      .log = std::make_unique<store::Log>(std::move(log)),
                      .witnesses = std::move(witnesses),
                      .ready = {verb_options.ready},
                      .model_calls = ModelCalls::possible,
                      .attest = verb_options.attest}));
  TRY(const Interrupt interrupt, Interrupt::install());
  CHECK_OK(api::serve(options, workshop.parts(), *workshop.store(), interrupt.fd()));
  return to_int(ExitCode::ok);
}

}  // namespace

void add_serve(Verb program, Action& chosen) {
  Verb verb = program.add_verb("serve", "answer HTTP on 127.0.0.1");
  auto options = std::make_shared<ServeVerbOptions>();
  verb.add_option("--port", options->port, "0 lets the system choose")
      .between(0, 65535)
      .shows_default();
  verb.add_option("--listen", options->listen, "another address of this machine")
      .type_name("ADDRESS")
      .shows_default();
  verb.add_option("--plaintext-from-network", options->plaintext_reason,
                  "why an address that is not loopback needs no TLS: what stands in front of it")
      .type_name("REASON");
  verb.add_option("--runs", options->runs, "jobs side by side")
      .between(1, api::runs_at_once_max)
      .shows_default();
  verb.add_option("--waiting", options->waiting,
                  "runs that may wait for their turn; more are answered 429")
      .between(0, api::runs_waiting_bound)
      .shows_default();
  verb.add_option("--client-rate", options->client_rate,
                  "runs that one client may ask for in a minute")
      .between(1, api::rate_per_window_max)
      .shows_default();
  verb.add_option("--memory", options->memory,
                  "what all jobs that run may take together; what is available if not given")
      .type_name("SIZE");
  verb.add_option("--ready", options->ready, "sandboxes built before a job asks for one")
      .between(0, executor::ready_sandboxes_max)
      .shows_default();
  verb.add_option("--dataset-max", options->dataset_max, dataset_max_help).type_name("SIZE");
  verb.add_option("--log-policy", options->log_policy,
                  "its witnesses must cosign the log before each run and at its end")
      .type_name("FILE");
  verb.add_option("--llm-endpoint", options->llm_endpoints,
                  "a model provider that requests may name, beside anthropic and openai")
      .type_name("NAME=URL")
      .one_value_each();
  add_attest_options(verb, options->attest);
  verb.footer("Example:\n  mayfly serve --port 8420");
  choose(verb, chosen, [options] { return serve(*options); });
}

}  // namespace mayfly::cli
