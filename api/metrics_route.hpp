// GET /metrics, for those with the scope metrics; and the route of a path, as a label.
//
// Threads   Several at once over one Service.
#pragma once
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

Reply read_metrics(const Call& call, const Service& service);

// One of a fixed set, whatever a stranger asks for.
std::string_view route_label(std::string_view path);

}  // namespace mayfly::api
