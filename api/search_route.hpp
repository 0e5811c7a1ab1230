// GET /certificates and GET /claims/{hash}: pages of what the store holds, newest first.
//
// Shapes    {"certificates": [{"certificate_id", "certificate_url", "claim_hash", "dataset_hash",
//           "issued_at", "sandbox_hash", "status", "tee"}], "next": cursor | null}, and
//           Link: <...>; rel="next" while there is more.
// Threads   Several at once over one Service.
#pragma once
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

Reply search_certificates(const Call& call, const Service& service);
// `hash`: "sha256:<hex>". not_found when no certificate has that claim.
Reply list_claim(std::string_view hash, const Call& call, const Service& service);

}  // namespace mayfly::api
