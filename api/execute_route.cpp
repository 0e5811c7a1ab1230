#include "api/execute_route.hpp"

#include "api/accept_run.hpp"
#include "api/preference.hpp"
#include "api/sealed_media_type.hpp"
#include "api/submission.hpp"
#include "api/take_in.hpp"
#include "intake/stack_burn.hpp"

namespace mayfly::api {
namespace {

std::expected<TakenIn, Problem> take_in(const Service& service, RunQueue::Place& place,
                                        const Call& call, const BodyReader& read_body) {
  const BodyForm form = is_sealed_upload(call.content_type) ? BodyForm::sealed : BodyForm::json;
  const BodyHash hash = call.idempotency_key.empty() ? BodyHash::none : BodyHash::taken;
  auto taking = TakeIn::begin(service, place, call.caller.tenant, form, hash);
  if (!taking) return std::unexpected(std::move(taking).error());
  std::optional<Problem> refused;
  const auto read = read_body([&](ByteView bytes) {
    auto appended = taking->append(bytes);
    if (!appended) refused = std::move(appended).error();
    return appended.has_value();
  });
  if (refused) return std::unexpected(*std::move(refused));
  if (!read) return std::unexpected(read.error());
  return std::move(*taking).finish();
}

// When to say "accepted" instead of the answer.
std::optional<std::chrono::steady_clock::time_point> until(const Preference& preference) {
  if (!preference.respond_async || !preference.wait) return std::nullopt;
  return std::chrono::steady_clock::now() + *preference.wait;
}

Reply answer_of(std::shared_ptr<Run> run, const Preference& preference) {
  if (preference.respond_async && !preference.wait) return accepted_reply(run->view());
  Reply reply;
  reply.later = Later{.run = std::move(run), .until = until(preference)};
  return reply;
}

Reply take_in_and_submit(const Call& call, const Service& service, const BodyReader& read_body) {
  const std::string& client = call.caller.tenant;
  auto place = service.queue.reserve(client);
  if (!place) return problem_reply(place.error(), call.path);
  auto taken = take_in(service, *place, call, read_body);
  intake::burn_stack();
  if (!taken) return problem_reply(taken.error(), call.path);
  auto run = Run::make(client, service.parts.now(), service.run_changed);
  if (!run) return problem_reply(problem_of(run.error()), call.path);
  const Preference preference = parse_preference(call.prefer);
  const bool kept = preference.respond_async || !call.idempotency_key.empty();
  if (kept) {
    if (auto known = accept(call, taken->body_hash, **run, service)) return *std::move(known);
  }
  submit(*std::move(taken), std::move(*place), *run, kept ? Keep::answer : Keep::nothing, service);
  return answer_of(std::move(*run), preference);
}

}  // namespace

Reply execute(const Call& call, const Service& service, const BodyReader& read_body) {
  const auto rate = service.rate.ask(call.caller.tenant, RateLimit::Clock::now());
  Reply reply = rate.allowed
                    ? take_in_and_submit(call, service, read_body)
                    : problem_reply({ProblemKind::rate_limited,
                                     "you ask for runs more often than this service lets one "
                                     "client (RateLimit-Policy); come back after Retry-After"},
                                    call.path);
  auto& headers = reply.later ? reply.later->headers : reply.headers;
  headers.emplace_back("RateLimit-Policy", service.rate.policy_field());
  headers.emplace_back("RateLimit", rate.field());
  if (!rate.allowed) {
    headers.emplace_back("Retry-After", std::to_string(rate.until_next.count()));
  }
  return reply;
}

}  // namespace mayfly::api
