// GET /runs/{id}, GET /runs/{id}/events, DELETE /runs/{id}: a run that was asked for, by its id.
//
// Shapes    run_json(), with the reply once there is one. DELETE cancels: a run that waits ends at
//           once, the job of one that runs is killed (and certified as that), one that has ended
//           stays as it is.
// Errors    As problem replies. Somebody else's run is not found.
// Threads   Several at once over one Service.
#pragma once
#include <optional>
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

// `path` is below /runs/. Nothing: there is no such path.
std::optional<Reply> answer_about_run(std::string_view path, const Call& call,
                                      const Service& service);

}  // namespace mayfly::api
