#include "api/runs_route.hpp"

#include <algorithm>
#include <charconv>

#include "api/audit_route.hpp"
#include "api/ledger_run.hpp"
#include "api/run.hpp"

namespace mayfly::api {
namespace {

Reply run_reply(const Run& run, const Service& service) {
  const RunView view = run.view();
  Reply reply =
      json_reply(run_json(view, Detail::with_reply, service.queue.ahead_of(run.ticket())));
  reply.headers.emplace_back("Cache-Control", "no-store");
  if (!is_end(view.state())) reply.headers.emplace_back("Retry-After", "1");
  if (view.answer) reply.certificate_id = view.answer->certificate_id;
  return reply;
}

Reply cancel(Run& run, const Service& service) {
  const bool waited = service.queue.cancel(run.ticket());
  if (!waited) run.kill();
  Reply reply = run_reply(run, service);
  if (!is_end(run.view().state())) reply.status = 202;
  return reply;
}

Reply events(const std::shared_ptr<Run>& run, const Call& call) {
  std::size_t known = 0;
  const std::string& last = call.last_event_id;
  if (!last.empty()) {
    const auto read = std::from_chars(last.data(), last.data() + last.size(), known);
    if (read.ec != std::errc{} || read.ptr != last.data() + last.size()) {
      return problem_reply({ProblemKind::malformed_request,
                            "Last-Event-ID is the id of an event that came from here: a number"},
                           call.path);
    }
  }
  const RunView view = run->view();
  Reply reply;
  if (is_end(view.state()) && known >= view.events.size()) {
    reply.status = 204;  // tells a browser not to come back
    return reply;
  }
  reply.later = Later{
      .run = run, .form = Later::Form::events, .events_known = std::min(known, view.events.size())};
  return reply;
}

// A run that this process does not know any more, or never knew: what the ledger has of it.
std::optional<Reply> of_an_earlier_time(std::string_view id, const Call& call,
                                        const Service& service) {
  if (service.records == nullptr) return std::nullopt;
  const auto row = service.records->ledger.find(id, call.caller.tenant);
  if (!row) return problem_reply(problem_of(row.error()), call.path);
  if (!*row || !(*row)->ended_at) return std::nullopt;
  Reply reply = json_reply(ledger_run_json(**row));
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

}  // namespace

std::optional<Reply> answer_about_run(std::string_view path, const Call& call,
                                      const Service& service) {
  constexpr std::string_view events_suffix = "/events";
  const bool of_events = path.ends_with(events_suffix);
  if (of_events) path.remove_suffix(events_suffix.size());
  if (!is_run_handle(path)) return std::nullopt;
  const bool reads = call.method == "GET" || (call.method == "HEAD" && !of_events);
  if (!reads && (of_events || call.method != "DELETE")) {
    return method_not_allowed(of_events ? "GET" : "GET, HEAD, DELETE", call.path);
  }
  const Scope needed = call.method == "DELETE" ? Scope::execute : Scope::read;
  if (!call.caller.scopes.has(Scope::execute)) {
    if (auto may = require(call.caller, needed); !may) {
      return problem_reply(may.error(), call.path);
    }
  }
  const auto run = service.runs.find(path, call.caller.tenant);
  if (!run) return of_an_earlier_time(path, call, service);
  if (of_events) return events(run, call);
  if (call.method == "DELETE") note(service, call.caller, "run.cancel", run->id());
  return call.method == "DELETE" ? cancel(*run, service) : run_reply(*run, service);
}

}  // namespace mayfly::api
