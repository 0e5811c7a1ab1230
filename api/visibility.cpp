#include "api/visibility.hpp"

#include "api/service.hpp"

namespace mayfly::api {
namespace {

bool may_see(const std::string& owner, const Caller& caller) {
  if (caller.scopes.has(Scope::admin)) return true;
  const bool may_read = caller.scopes.has(Scope::read) || caller.scopes.has(Scope::execute);
  return may_read && caller.tenant == owner;
}

}  // namespace

std::expected<Visibility, Problem> visibility_of(std::string_view certificate_id,
                                                 const Caller& caller, const Service& service) {
  if (service.records == nullptr) return Visibility::open;
  const auto owner = service.records->ledger.owner_of_private(certificate_id);
  if (!owner) return std::unexpected(problem_of(owner.error()));
  if (!*owner) return Visibility::open;
  if (may_see(**owner, caller)) return Visibility::hidden;
  return std::unexpected(Problem{ProblemKind::not_found, "no such certificate is kept here"});
}

std::expected<void, Problem> leave_out_hidden(store::Page& page, const Caller& caller,
                                              const Service& service) {
  if (service.records == nullptr || caller.scopes.has(Scope::admin)) return {};
  std::vector<store::CertificateRow> kept;
  for (store::CertificateRow& row : page.rows) {
    const auto owner = service.records->ledger.owner_of_private(row.certificate_id);
    if (!owner) return std::unexpected(problem_of(owner.error()));
    if (!*owner || may_see(**owner, caller)) kept.push_back(std::move(row));
  }
  page.rows = std::move(kept);
  return {};
}

}  // namespace mayfly::api
