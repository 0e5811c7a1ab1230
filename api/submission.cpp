#include "api/submission.hpp"

#include "api/execute_reply.hpp"

namespace mayfly::api {
namespace {

Problem problem_of(GivenUp why) {
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
  Job(DecodedRequest request, std::shared_ptr<Run> run, Keep keep, const Service& service)
      : request_(std::move(request)), run_(std::move(run)), keep_(keep), service_(service) {}

  void run() {
    run_->started(service_.parts.now());
    end(RunState::finished, answer());
  }

  void give_up(GivenUp why) {
    request_.execution.dataset.reset();  // wiped before anyone hears of it
    end(why == GivenUp::cancelled ? RunState::cancelled : RunState::dropped,
        problem_reply(problem_of(why), path));
  }

 private:
  static constexpr std::string_view path = "/execute";

  Reply answer() {
    executor::Runner::Watch watch;
    watch.cancel_fd = run_->cancel_fd();
    const auto certified = pipeline::execute(std::move(request_.execution), service_.parts, watch);
    if (!certified) return problem_reply(api::problem_of(certified.error()), path);
    auto body = execute_reply_json(*certified, request_.form);
    if (!body) return problem_reply(api::problem_of(body.error()), path);
    Reply reply = json_reply(std::move(*body));
    // The reply holds the job's output: it is for the submitter alone.
    reply.headers.emplace_back("Cache-Control", "no-store");
    reply.certificate_id = certified->certificate_id;
    return reply;
  }

  void end(RunState state, Reply answer) {
    run_->ended(state, service_.parts.now(), std::move(answer));
    if (keep_ == Keep::answer) {
      service_.runs.note_end(run_);
    } else {
      service_.runs.forget(*run_);
    }
  }

  DecodedRequest request_;
  const std::shared_ptr<Run> run_;
  const Keep keep_;
  const Service& service_;
};

}  // namespace

std::expected<std::shared_ptr<Run>, Problem> submit(DecodedRequest request, RunQueue::Place place,
                                                    const std::string& client, Keep keep,
                                                    const Service& service) {
  auto run = Run::make(client, service.parts.now(), service.run_changed);
  if (!run) return std::unexpected(api::problem_of(run.error()));
  service.runs.add(*run);
  const auto job_bytes = static_cast<std::uint64_t>(request.execution.limits.memory_bytes);
  const auto job = std::make_shared<Job>(std::move(request), *run, keep, service);
  (*run)->note_ticket(service.queue.submit(std::move(place),
                                           {.job_bytes = job_bytes,
                                            .run = [job] { job->run(); },
                                            .give_up = [job](GivenUp why) { job->give_up(why); }}));
  return std::move(*run);
}

}  // namespace mayfly::api
