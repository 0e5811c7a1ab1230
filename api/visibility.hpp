// Who may see a certificate: everyone, or the tenant it was made for (and an admin).
//
// Errors    A Problem: not_found for a certificate that is somebody else's, so that its existence
//           is not told either; unavailable.
// Threads   Several at once over one Service.
#pragma once
#include <cstdint>
#include <expected>
#include <string_view>

#include "api/problem.hpp"

namespace mayfly::store {
struct Page;
}

namespace mayfly::api {

struct Caller;
struct Service;

enum class Visibility : std::uint8_t { open, hidden };  // "public", "private"

std::expected<Visibility, Problem> visibility_of(std::string_view certificate_id,
                                                 const Caller& caller, const Service& service);
// A page may get shorter by that; its cursor stays right.
std::expected<void, Problem> leave_out_hidden(store::Page& page, const Caller& caller,
                                              const Service& service);

}  // namespace mayfly::api
