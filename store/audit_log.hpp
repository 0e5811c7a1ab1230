// Who did what to whom: entries that are never changed or removed.
//
// Errors    As Store.
// Threads   As ServiceDatabase, which it borrows.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/service_database.hpp"

namespace mayfly::store {

inline constexpr std::size_t audit_page_max = 1000;

struct AuditEntry {
  std::int64_t number = 0;  // 1, 2, 3 ... without a gap
  UnixMillis at;
  std::string actor;    // a token's id, or "command line"
  std::string action;   // "token.create", "run.accept" ...
  std::string subject;  // what it was done to
};

class AuditLog {
 public:
  explicit AuditLog(const ServiceDatabase& database) : database_(database) {}

  // Durable when it returns. The number is given here.
  Result<void> append(const AuditEntry& entry) const;
  // At most audit_page_max of those after `number`, oldest first.
  Result<std::vector<AuditEntry>> after(std::int64_t number) const;

 private:
  const ServiceDatabase& database_;
};

}  // namespace mayfly::store
