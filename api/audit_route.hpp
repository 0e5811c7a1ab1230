// GET /audit: who did what, for an admin; and how a route notes that.
//
// Shapes    {"entries": [{"action","actor","at","number","subject"}], "next"}; ?after= a number.
//           Noted are runs that are kept (asked for with Prefer or Idempotency-Key) and those
//           cancelled, never a value of a request; refusals are in the log. Without tokens nothing
//           is noted: there is nobody to name.
// Threads   Several at once over one Service.
#pragma once
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

Reply read_audit(const Call& call, const Service& service);

// An entry that cannot be written stops nothing.
void note(const Service& service, const Caller& caller, std::string_view action,
          std::string_view subject);

}  // namespace mayfly::api
