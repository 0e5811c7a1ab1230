// What the service is, as OpenAPI 3.1: api/openapi.json, compiled in as it is.
//
// Threads   Pure function.
#pragma once
#include <string_view>

namespace mayfly::api {

std::string_view openapi_document();

}  // namespace mayfly::api
