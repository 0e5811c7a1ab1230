#include "api/take_in.hpp"

#include <string.h>

namespace mayfly::api {
namespace {

ProblemKind problem_of(intake::SealFault fault) {
  switch (fault) {
    case intake::SealFault::malformed: return ProblemKind::malformed_request;
    case intake::SealFault::wrong_session: return ProblemKind::wrong_session;
    case intake::SealFault::replayed: return ProblemKind::replayed_upload;
    case intake::SealFault::used_up: return ProblemKind::unavailable;
    case intake::SealFault::broken: return ProblemKind::broken_seal;
    case intake::SealFault::cut_off: return ProblemKind::cut_off_upload;
  }
  return ProblemKind::malformed_request;
}

}  // namespace

Result<TakeIn::Intake> TakeIn::begin_intake(const Service& service, BodyForm form) {
  if (form == BodyForm::sealed) {
    TRY(auto sealed, intake::SealedIntake::begin(*service.uploads, service.intake, service.identity,
                                                 request_rest_bytes_max));
    return Intake(std::move(sealed));
  }
  TRY(auto siphon,
      intake::JsonSiphon::begin(service.intake, service.identity, request_rest_bytes_max));
  return Intake(std::move(siphon));
}

std::expected<TakeIn, Problem> TakeIn::begin(const Service& service, RunQueue::Place& place,
                                             std::string owner, BodyForm form, BodyHash hash) {
  auto intake = begin_intake(service, form);
  if (!intake) return std::unexpected(problem_of(intake.error()));
  TakeIn taking(service, place, std::move(owner), std::move(*intake));
  if (hash == BodyHash::taken) taking.hasher_.emplace();
  return taking;
}

std::unexpected<Problem> TakeIn::refusal(const Error& error) const {
  const auto* const sealed = std::get_if<intake::SealedIntake>(&intake_);
  if (sealed != nullptr && sealed->fault()) {
    return std::unexpected(Problem{problem_of(*sealed->fault()), error.message()});
  }
  return std::unexpected(problem_of_body(error));
}

std::expected<void, Problem> TakeIn::append(ByteView bytes) {
  bytes_ += bytes.size();
  const auto* const siphon = std::get_if<intake::JsonSiphon>(&intake_);
  // Four characters of base64 become three bytes.
  if (auto room = place_->hold(siphon != nullptr ? bytes_ / 4 * 3 : bytes_); !room) return room;
  if (hasher_ && siphon != nullptr) hasher_->update(bytes);
  const auto appended = std::visit([&](auto& intake) { return intake.append(bytes); }, intake_);
  if (!appended) return refusal(appended.error());
  return {};
}

std::expected<intake::JsonSiphon::Parts, Problem> TakeIn::take_parts() {
  if (auto* const siphon = std::get_if<intake::JsonSiphon>(&intake_)) {
    auto parts = std::move(*siphon).finish();
    if (!parts) return refusal(parts.error());
    return std::move(*parts);
  }
  auto opened = std::get<intake::SealedIntake>(intake_).finish();
  if (!opened) return refusal(opened.error());
  reply_key_ = std::move(opened->reply_key);
  return std::move(opened->parts);
}

// Of JSON as it came; of a sealed upload, whose bytes are never the same twice, what was in it.
crypto::Sha256 TakeIn::hash_of(const intake::JsonSiphon::Parts& parts) {
  if (!hasher_) return {};
  if (std::holds_alternative<intake::SealedIntake>(intake_)) {
    hasher_->update(bytes_of("mayfly/sealed-request/v1\n"));
    hasher_->update(crypto::sha256(bytes_of(parts.rest_json)).view());
    if (parts.data) hasher_->update(parts.data->digest().view());
  }
  return std::move(*hasher_).finish();
}

std::expected<TakenIn, Problem> TakeIn::finish() && {
  auto parts = take_parts();
  if (!parts) return std::unexpected(std::move(parts).error());
  auto request =
      decode_request(parts->rest_json, parts->data ? DatasetData::taken : DatasetData::absent,
                     service_->llm_endpoints);
  const crypto::Sha256 body_hash = hash_of(*parts);
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
  return TakenIn{
      .request = std::move(*request), .body_hash = body_hash, .reply_key = std::move(reply_key_)};
}

}  // namespace mayfly::api
