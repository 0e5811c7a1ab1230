#include "api/problem.hpp"

#include <algorithm>
#include <array>

#include "api/json_out.hpp"

namespace mayfly::api {
namespace {

struct Meaning {
  ProblemKind kind;
  int status;
  std::string_view code;
  std::string_view title;
};

constexpr std::array meanings = {
    Meaning{ProblemKind::malformed_request, 400, "malformed-request", "Malformed request"},
    Meaning{ProblemKind::broken_seal, 400, "broken-seal", "The seal of the upload is broken"},
    Meaning{ProblemKind::cut_off_upload, 400, "cut-off-upload", "The sealed upload is cut off"},
    Meaning{ProblemKind::ambiguous_id, 400, "ambiguous-id", "Several certificates match"},
    Meaning{ProblemKind::unauthorized, 401, "unauthorized", "A token is needed"},
    Meaning{ProblemKind::cross_origin, 403, "cross-origin", "Not from a web page"},
    Meaning{ProblemKind::forbidden, 403, "forbidden", "Not allowed"},
    Meaning{ProblemKind::not_found, 404, "not-found", "Not found"},
    Meaning{ProblemKind::method_not_allowed, 405, "method-not-allowed", "Method not allowed"},
    Meaning{ProblemKind::not_acceptable, 406, "not-acceptable", "No acceptable representation"},
    Meaning{ProblemKind::request_timeout, 408, "request-timeout", "The request came too slowly"},
    Meaning{ProblemKind::already_in_progress, 409, "already-in-progress", "Already in progress"},
    Meaning{ProblemKind::run_cancelled, 409, "run-cancelled", "The run was cancelled"},
    Meaning{ProblemKind::wrong_session, 409, "wrong-session", "Sealed to another session"},
    Meaning{ProblemKind::replayed_upload, 409, "replayed-upload", "Sealed upload sent before"},
    Meaning{ProblemKind::length_required, 411, "length-required", "Length required"},
    Meaning{ProblemKind::too_large, 413, "too-large", "Request too large"},
    Meaning{ProblemKind::target_too_long, 414, "target-too-long", "Request target too long"},
    Meaning{ProblemKind::unsupported_media_type, 415, "unsupported-media-type",
            "Unsupported media type"},
    Meaning{ProblemKind::expectation_failed, 417, "expectation-failed", "Expectation failed"},
    Meaning{ProblemKind::invalid_request, 422, "invalid-request", "Invalid request"},
    Meaning{ProblemKind::key_reused, 422, "key-reused", "Idempotency key used for another request"},
    Meaning{ProblemKind::too_many_runs, 429, "too-many-runs", "Too many runs at once"},
    Meaning{ProblemKind::rate_limited, 429, "rate-limited", "Too many requests"},
    Meaning{ProblemKind::head_too_large, 431, "head-too-large", "Request head too large"},
    Meaning{ProblemKind::internal, 500, "internal", "Internal error"},
    Meaning{ProblemKind::not_certified, 500, "not-certified", "The run could not be certified"},
    Meaning{ProblemKind::not_implemented, 501, "not-implemented", "Not implemented"},
    Meaning{ProblemKind::unavailable, 503, "unavailable", "Unavailable"},
};

constexpr bool meanings_are_in_order() {
  for (std::size_t i = 0; i < meanings.size(); ++i) {
    if (static_cast<std::size_t>(meanings[i].kind) != i) return false;
  }
  return true;
}
static_assert(meanings_are_in_order());

const Meaning& meaning_of(ProblemKind kind) {
  return meanings[static_cast<std::size_t>(kind)];
}

ProblemKind kind_of(ErrorCode error_code) {
  switch (error_code) {
    case ErrorCode::malformed: return ProblemKind::invalid_request;
    case ErrorCode::rejected: return ProblemKind::not_certified;
    case ErrorCode::limit: return ProblemKind::invalid_request;
    case ErrorCode::unavailable: return ProblemKind::unavailable;
    case ErrorCode::internal: return ProblemKind::internal;
  }
  return ProblemKind::internal;
}

}  // namespace

int http_status(ProblemKind kind) {
  return meaning_of(kind).status;
}
std::string_view title(ProblemKind kind) {
  return meaning_of(kind).title;
}
std::string_view reason_phrase(int status) {
  if (status < 300) return status == 202 ? "Accepted" : status == 204 ? "No Content" : "OK";
  const auto meaning = std::ranges::find(meanings, status, &Meaning::status);
  return meaning == meanings.end() ? std::string_view("Error") : meaning->title;
}
std::string_view code(ProblemKind kind) {
  return meaning_of(kind).code;
}

Problem problem_of(const Error& error) {
  return {kind_of(error.code()), error.message()};
}

Problem problem_of_body(const Error& error) {
  switch (error.code()) {
    case ErrorCode::malformed: return {ProblemKind::malformed_request, error.message()};
    case ErrorCode::limit: return {ProblemKind::too_large, error.message()};
    default: return problem_of(error);
  }
}

std::string problem_json(const Problem& problem, std::string_view instance) {
  const Meaning& meaning = meaning_of(problem.kind);
  JsonOut json(reply_bounds);
  json.begin_object();
  text_member(json, "type", "urn:mayfly:problem:" + std::string(meaning.code));
  text_member(json, "title", meaning.title);
  json.member("status", std::int64_t{meaning.status});
  text_member(json, "detail", problem.detail);
  if (!instance.empty()) text_member(json, "instance", instance);
  text_member(json, "code", meaning.code);
  if (!problem.errors.empty()) {
    json.name("errors");
    json.begin_array();
    for (const FieldError& error : problem.errors) {
      json.begin_object();
      text_member(json, "pointer", error.pointer);
      text_member(json, "detail", error.detail);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  const auto text = std::move(json).finish();
  // text_member leaves nothing to refuse; a reply without a body beats none if that is ever wrong.
  return text ? *text : std::string("{}");
}

}  // namespace mayfly::api
