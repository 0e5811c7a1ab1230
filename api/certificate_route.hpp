// GET /certificate/{id} in all its representations, and GET /certificate/{id}/verify.
//
// Shapes    The default is the certificate's own canonical bytes. Under its whole id a certificate
//           never changes, so those replies are immutable; under a prefix they are not, because the
//           prefix may come to name several.
// Threads   Several at once over one Service.
#pragma once
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

Reply get_certificate(std::string_view id_or_prefix, const Call& call, const Service& service);
Reply verify_certificate(std::string_view id_or_prefix, const Call& call, const Service& service);

}  // namespace mayfly::api
