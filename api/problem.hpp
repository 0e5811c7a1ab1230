// What went wrong, as a problem document; the only place that knows HTTP status codes for errors.
//
// Source    RFC 9457 (problem details), RFC 9110 section 15 (status codes), RFC 6901 (pointers).
// Shapes    {"code","detail","errors"?,"instance"?,"status","title","type"}; `code` is stable, the
//           sentences may get better. Nothing in it is a byte of a dataset.
// Threads   Pure functions and plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mayfly::api {

enum class ProblemKind : std::uint8_t {
  malformed_request,
  broken_seal,
  cut_off_upload,
  ambiguous_id,
  unauthorized,
  cross_origin,
  forbidden,
  not_found,
  method_not_allowed,
  not_acceptable,
  request_timeout,
  already_in_progress,
  run_cancelled,
  wrong_session,
  replayed_upload,
  length_required,
  too_large,
  target_too_long,
  unsupported_media_type,
  expectation_failed,
  invalid_request,
  key_reused,
  too_many_runs,
  rate_limited,
  head_too_large,
  internal,
  not_certified,
  not_implemented,
  unavailable,
};

struct FieldError {
  std::string pointer;  // into the request body: "/sandbox/environment/timeout_seconds"
  std::string detail;
};

struct Problem {
  ProblemKind kind = ProblemKind::internal;
  std::string detail;
  std::vector<FieldError> errors{};
};

int http_status(ProblemKind kind);
std::string_view title(ProblemKind kind);
std::string_view reason_phrase(int status);  // for the first line of a reply
std::string_view code(ProblemKind kind);

// An error of the layers below while they did what a well-formed request asked for.
Problem problem_of(const Error& error);
// An error of the layers below while they took in the body of a request.
Problem problem_of_body(const Error& error);

inline constexpr std::string_view problem_media_type = "application/problem+json";
// `instance` is the request's path, without its query; empty: not known, and left out.
std::string problem_json(const Problem& problem, std::string_view instance);

}  // namespace mayfly::api
