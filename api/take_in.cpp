#include "api/take_in.hpp"

#include <string.h>

namespace mayfly::api {

std::expected<TakeIn, Problem> TakeIn::begin(const Service& service, RunQueue::Place& place,
                                             std::string owner, BodyHash hash) {
  auto siphon = intake::JsonSiphon::begin(service.intake, service.identity, request_rest_bytes_max);
  if (!siphon) return std::unexpected(problem_of(siphon.error()));
  TakeIn taking(service, place, std::move(owner), std::move(*siphon));
  if (hash == BodyHash::taken) taking.hasher_.emplace();
  return taking;
}

std::expected<void, Problem> TakeIn::append(ByteView bytes) {
  bytes_ += bytes.size();
  // Four characters of base64 become three bytes.
  if (auto room = place_->hold(bytes_ / 4 * 3); !room) return room;
  if (hasher_) hasher_->update(bytes);
  if (auto appended = siphon_.append(bytes); !appended) {
    return std::unexpected(problem_of_body(appended.error()));
  }
  return {};
}

std::expected<TakenIn, Problem> TakeIn::finish() && {
  auto parts = std::move(siphon_).finish();
  if (!parts) return std::unexpected(problem_of_body(parts.error()));
  auto request =
      decode_request(parts->rest_json, parts->data ? DatasetData::taken : DatasetData::absent,
                     service_->llm_endpoints);
  // May hold an API key, refused or not.
  ::explicit_bzero(parts->rest_json.data(), parts->rest_json.size());
  if (!request) return std::unexpected(std::move(request).error());
  if (parts->data) {
    pipeline::ExecutionRequest& execution = request->execution;
    parts->data->rename("dataset." + execution.dataset_format);
    execution.dataset = intake::Dataset::of_file(std::move(*parts->data));
    execution.dataset_loaded = service_->parts.now();
  }
  if (request->visibility == Visibility::hidden && owner_.empty()) {
    return std::unexpected(Problem{
        ProblemKind::invalid_request,
        "a private certificate needs somebody whom it is private to",
        {{"/visibility", "needs a token: without one nobody could ever see the certificate"}}});
  }
  const auto job_bytes = static_cast<std::uint64_t>(request->execution.limits.memory_bytes);
  if (auto fits = service_->queue.check_fits(job_bytes); !fits) {
    return std::unexpected(std::move(fits).error());
  }
  return TakenIn{.request = std::move(*request),
                 .body_hash = hasher_ ? std::move(*hasher_).finish() : crypto::Sha256{}};
}

}  // namespace mayfly::api
