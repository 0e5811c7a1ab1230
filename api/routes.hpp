// Which request is answered by what. Everything but the body of POST /execute.
//
// Shapes    GET /                            what there is
//           GET /healthz                     is the store readable?
//           GET /certificate/{id}            ?format=summary|claim|statement|dsse|text, or by
//           Accept GET /certificate/{id}/verify     ?dataset_hash= GET /certificates
//           ?dataset_hash=&sandbox_hash=&claim_hash=&status=
//                                            &since=&limit=&cursor=
//           GET /claims/{hash}               every certificate with that claim
//           GET /log/...                     the transparency log, see log_route.hpp
//           POST /execute                    see execute_route.hpp
//           /runs/{id}, /runs/{id}/events    see runs_route.hpp
//           Each also under /v1. {id} may be a unique prefix. HEAD goes wherever GET does.
// Errors    As problem replies. A query parameter that is unknown, repeated or of the wrong form is
//           refused: ignored, it would silently widen a search.
// Threads   Several at once over one Service.
#pragma once
#include <optional>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

// Nothing: a POST /execute that may go on to send its body.
std::optional<Reply> answer(const Call& call, const Service& service);

}  // namespace mayfly::api
