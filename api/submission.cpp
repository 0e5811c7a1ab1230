#include "api/submission.hpp"

#include <string.h>

#include "api/execute_reply.hpp"
#include "api/run_metrics.hpp"
#include "api/sealed_media_type.hpp"
#include "intake/sealed_reply.hpp"

namespace mayfly::api {
namespace {

Problem why_given_up(GivenUp why) {
  switch (why) {
    case GivenUp::cancelled:
      return {ProblemKind::run_cancelled, "the run was cancelled before it started"};
    case GivenUp::waited_too_long:
      return {ProblemKind::unavailable, "the run waited too long for its turn and was given up"};
    case GivenUp::server_stops: break;
  }
  return {ProblemKind::unavailable,
          "the server stopped before the run started; its dataset was wiped"};
}

// A request and its run, until the one has become the other's answer.
class Job {
 public:
  Job(TakenIn taken, std::shared_ptr<Run> run, Keep keep, const Service& service)
      : request_(std::move(taken.request)),
        reply_key_(std::move(taken.reply_key)),
        run_(std::move(run)),
        keep_(keep),
        service_(service) {}

  void run() {
    run_->started(service_.parts.now());
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - submitted_;
    service_.metrics.observe(Metric::queue_wait, {}, waited.count());
    end(RunState::finished, answer());
  }

  void give_up(GivenUp why) {
    request_.execution.dataset.reset();  // wiped before anyone hears of it
    service_.metrics.add(Metric::runs,
                         {why == GivenUp::cancelled ? "cancelled" : "dropped", "native"});
    end(why == GivenUp::cancelled ? RunState::cancelled : RunState::dropped,
        problem_reply(why_given_up(why), path));
  }

 private:
  static constexpr std::string_view path = "/execute";

  Reply answer() {
    request_.execution.before_stored = [this](const std::string& certificate_id) {
      return note_certificate(certificate_id);
    };
    KeptTrace trace;
    const bool wants_trace = request_.trace == TraceReply::lines;
    if (wants_trace) {
      request_.execution.trace = [&trace](std::string_view line) { trace.take(line); };
    }
    executor::Runner::Watch watch;
    watch.cancel_fd = run_->cancel_fd();
    const auto certified = pipeline::execute(std::move(request_.execution), service_.parts, watch);
    if (!certified) {
      count_failure(certified.error(), service_.metrics);
      return problem_reply(problem_of(certified.error()), path);
    }
    count_run(*certified, service_.metrics);
    log_findings(*certified);
    auto body = execute_reply_json(*certified, request_.form, wants_trace ? &trace : nullptr);
    if (!body) return problem_reply(problem_of(body.error()), path);
    auto answered = reply_with(std::move(*body));
    if (!answered) return problem_reply(problem_of(answered.error()), path);
    Reply reply = *std::move(answered);
    // The reply holds the job's output: it is for the submitter alone.
    reply.headers.emplace_back("Cache-Control", "no-store");
    reply.certificate_id = certified->certificate_id;
    return reply;
  }

  // To whoever sealed the request, in the same way: the job's output is for nobody between.
  Result<Reply> reply_with(std::string body) const {
    if (!reply_key_) return json_reply(std::move(body));
    auto sealed = intake::seal_reply(*reply_key_, bytes_of(body));
    ::explicit_bzero(body.data(), body.size());
    if (!sealed) return std::unexpected(std::move(sealed).error());
    return Reply{.media_type = std::string(sealed_reply_media_type),
                 .body = std::string(text_of(*sealed))};
  }

  // Before the certificate can be seen: who may see it, and of which run it is.
  Result<void> note_certificate(const std::string& certificate_id) const {
    const bool hidden = request_.visibility == Visibility::hidden;
    if (service_.records == nullptr || (keep_ == Keep::nothing && !hidden)) return {};
    return service_.records->ledger.note_certificate(
        run_->id(), certificate_id,
        hidden ? std::optional(run_->client()) : std::optional<std::string>());
  }

  // A failure of ours, or a run that never was, is no answer to keep: the same key may try again.
  void note_end(RunState state, int status) const {
    if (service_.records == nullptr || keep_ == Keep::nothing) return;
    const store::RunLedger& ledger = service_.records->ledger;
    static_cast<void>(ledger.note_end(run_->id(), to_string(state), service_.parts.now()));
    if (state != RunState::finished || status >= 500) {
      static_cast<void>(ledger.free_key(run_->id()));
    }
  }

  void log_findings(const pipeline::Certified& certified) const {
    for (const pipeline::Finding& finding : certified.findings) {
      const bool is_high = finding.severity == pipeline::Severity::high;
      const Level level = is_high ? Level::warning : Level::info;
      LogEvent event(Channel::security, level, "run.finding", service_.parts.now());
      event.with("rule", to_string(finding.rule)).with("severity", to_string(finding.severity));
      event.with("count", finding.count).with("certificate_id", certified.certificate_id);
      service_.log(level, std::move(event).line());
    }
  }

  void log_end(RunState state, const Reply& answer) const {
    LogEvent event(Channel::execution, Level::info, "run.end", service_.parts.now());
    event.with("state", to_string(state)).with("status", answer.status);
    event.with("tenant", run_->client()).with("certificate_id", answer.certificate_id);
    service_.log(Level::info, std::move(event).line());
  }

  void end(RunState state, Reply answer) {
    log_end(state, answer);
    note_end(state, answer.status);
    run_->ended(state, service_.parts.now(), std::move(answer));
    if (keep_ == Keep::answer) {
      service_.runs.note_end(run_);
    } else {
      service_.runs.forget(*run_);
    }
  }

  DecodedRequest request_;
  const std::optional<crypto::LockedSecret> reply_key_;
  const std::shared_ptr<Run> run_;
  const Keep keep_;
  const Service& service_;
  const std::chrono::steady_clock::time_point submitted_ = std::chrono::steady_clock::now();
};

}  // namespace

void submit(TakenIn taken, RunQueue::Place place, const std::shared_ptr<Run>& run, Keep keep,
            const Service& service) {
  service.runs.add(run);
  const auto job_bytes = static_cast<std::uint64_t>(taken.request.execution.limits.memory_bytes);
  const auto job = std::make_shared<Job>(std::move(taken), run, keep, service);
  run->note_ticket(service.queue.submit(std::move(place),
                                        {.job_bytes = job_bytes,
                                         .run = [job] { job->run(); },
                                         .give_up = [job](GivenUp why) { job->give_up(why); }}));
}

}  // namespace mayfly::api
