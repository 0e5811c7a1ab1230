#include "api/execute_route.hpp"

#include <string.h>

#include "api/execute_reply.hpp"
#include "api/request_decode.hpp"
#include "intake/json_siphon.hpp"
#include "intake/stack_burn.hpp"

namespace mayfly::api {
namespace {

using intake::JsonSiphon;

std::expected<JsonSiphon::Parts, Problem> take_in(const Service& service,
                                                  const BodyReader& read_body) {
  auto siphon = JsonSiphon::begin(service.intake, service.identity, request_rest_bytes_max);
  if (!siphon) return std::unexpected(problem_of(siphon.error()));
  std::optional<Error> refused;
  const auto read = read_body([&](ByteView bytes) -> Result<void> {
    auto appended = siphon->append(bytes);
    if (!appended) refused = appended.error();
    return appended;
  });
  if (refused) return std::unexpected(problem_of_body(*refused));
  if (!read) return std::unexpected(read.error());
  auto parts = std::move(*siphon).finish();
  if (!parts) return std::unexpected(problem_of_body(parts.error()));
  return std::move(*parts);
}

std::expected<DecodedRequest, Problem> read_request(const Service& service,
                                                    const BodyReader& read_body) {
  auto parts = take_in(service, read_body);
  if (!parts) return std::unexpected(std::move(parts).error());
  auto request =
      decode_request(parts->rest_json, parts->data ? DatasetData::taken : DatasetData::absent,
                     service.llm_endpoints);
  // May hold an API key, refused or not.
  ::explicit_bzero(parts->rest_json.data(), parts->rest_json.size());
  if (!request) return request;
  if (parts->data) {
    pipeline::ExecutionRequest& execution = request->execution;
    parts->data->rename("dataset." + execution.dataset_format);
    execution.dataset = intake::Dataset::of_file(std::move(*parts->data));
    execution.dataset_loaded = service.parts.now();
  }
  return request;
}

}  // namespace

Reply execute(const Call& call, const Service& service, const BodyReader& read_body) {
  const auto slot = service.slots.try_take();
  if (!slot) {
    return problem_reply({ProblemKind::too_many_runs,
                          "every slot for a run is taken (runs_max); try again in a moment"},
                         call.path);
  }
  auto request = read_request(service, read_body);
  intake::burn_stack();
  if (!request) return problem_reply(request.error(), call.path);

  executor::Runner::Watch watch;
  watch.cancel_fd = service.cancel_fd;
  const auto certified = pipeline::execute(std::move(request->execution), service.parts, watch);
  if (!certified) return problem_reply(problem_of(certified.error()), call.path);
  auto body = execute_reply_json(*certified, request->form);
  if (!body) return problem_reply(problem_of(body.error()), call.path);

  Reply reply = json_reply(std::move(*body));
  // The reply holds the job's output: it is for the submitter alone.
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.certificate_id = certified->certificate_id;
  return reply;
}

}  // namespace mayfly::api
