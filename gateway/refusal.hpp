// What the gateway itself answers, in the shape of the language that was asked in: a client library
// must understand it, and must not try again what cannot succeed.
//
// Source    Anthropic API errors; OpenAI API errors. "x-should-retry: false" is what the libraries
//           of both obey before they look at the status.
// Threads   Plain values and pure functions.
#pragma once
#include <string>
#include <string_view>

#include "gateway/endpoint.hpp"

namespace mayfly::gateway {

enum class RefusalKind : std::uint8_t {
  bad_request,      // not understood
  unauthorized,     // without this run's token
  not_allowed,      // understood, and not let out: hosted tools, retention, another model
  not_found,        // no such endpoint
  too_large,        // over a bound
  over_budget,      // the run has spent what it may
  provider_failed,  // it could not be reached, or its reply could not be read
};

struct Refusal {
  RefusalKind kind = RefusalKind::bad_request;
  std::string code;     // "hosted_tool", "budget_exceeded": for the record and for machines
  std::string message;  // for people: what, why, fix
};

struct RefusalReply {
  int status = 0;
  std::string body;  // JSON
};
RefusalReply to_reply(const Refusal& refusal, Wire wire);
// "error_type" of the record.
std::string_view type_of(const Refusal& refusal, Wire wire);

}  // namespace mayfly::gateway
