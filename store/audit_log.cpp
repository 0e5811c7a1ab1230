#include "store/audit_log.hpp"

#include "store/sqlite.hpp"

namespace mayfly::store {

Result<void> AuditLog::append(const AuditEntry& entry) const {
  const auto locked = database_.lock();
  TRY(auto insert, Statement::prepare(locked.connection(),
                                      "INSERT INTO audit (at, actor, action, subject)"
                                      " VALUES (?, ?, ?, ?)"));
  insert.bind(entry.at.value).bind(entry.actor).bind(entry.action).bind(entry.subject);
  CHECK_OK(insert.step());
  return {};
}

Result<std::vector<AuditEntry>> AuditLog::after(std::int64_t number) const {
  const auto locked = database_.lock();
  TRY(auto select, Statement::prepare(locked.connection(),
                                      "SELECT number, at, actor, action, subject FROM audit"
                                      " WHERE number > ? ORDER BY number LIMIT ?"));
  select.bind(number).bind(static_cast<std::int64_t>(audit_page_max));
  std::vector<AuditEntry> entries;
  for (;;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) return entries;
    entries.push_back({.number = select.number(0),
                       .at = {select.number(1)},
                       .actor = select.text(2),
                       .action = select.text(3),
                       .subject = select.text(4)});
  }
}

}  // namespace mayfly::store
