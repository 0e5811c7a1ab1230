// GET /audit: who did what, for an admin; and how a route notes that.
//
// Shapes    {"entries": [{"action","actor","at","number","subject"}], "next"}; ?after= a number.
//           Noted are what changes something and what a token was refused; never a value of a
//           request. Without tokens nothing is noted: there is nobody to name.
// Threads   Several at once over one Service.
#pragma once
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

Reply read_audit(const Call& call, const Service& service);

// An entry that cannot be written stops nothing here: the request has been answered for by then.
void note(const Service& service, const Caller& caller, std::string_view action,
          std::string_view subject);

}  // namespace mayfly::api
