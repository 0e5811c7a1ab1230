#include "api/audit_route.hpp"

#include "api/json_out.hpp"
#include "api/query.hpp"

namespace mayfly::api {
namespace {

Result<std::string> audit_json(const std::vector<store::AuditEntry>& entries) {
  JsonOut json(reply_bounds);
  json.begin_object();
  json.name("entries");
  json.begin_array();
  for (const store::AuditEntry& entry : entries) {
    json.begin_object();
    json.member("number", entry.number);
    json.member("at", to_rfc3339(entry.at));
    text_member(json, "actor", entry.actor);
    text_member(json, "action", entry.action);
    text_member(json, "subject", entry.subject);
    json.end_object();
  }
  json.end_array();
  json.name("next");
  if (entries.size() == store::audit_page_max) {
    json.integer(entries.back().number);
  } else {
    json.null();
  }
  json.end_object();
  return std::move(json).finish();
}

}  // namespace

Reply read_audit(const Call& call, const Service& service) {
  if (auto may = require(call.caller, Scope::admin); !may) {
    return problem_reply(may.error(), call.path);
  }
  QueryReader reader(call);
  const std::size_t after = reader.count("after").value_or(0);
  if (auto finished = reader.finish(); !finished) {
    return problem_reply(finished.error(), call.path);
  }
  std::vector<store::AuditEntry> entries;
  if (service.records != nullptr) {
    auto read = service.records->audit.after(static_cast<std::int64_t>(after));
    if (!read) return problem_reply(problem_of(read.error()), call.path);
    entries = std::move(*read);
  }
  auto text = audit_json(entries);
  if (!text) return problem_reply(problem_of(text.error()), call.path);
  Reply reply = json_reply(std::move(*text));
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

void note(const Service& service, const Caller& caller, std::string_view action,
          std::string_view subject) {
  if (service.records == nullptr || caller.token_id.empty()) return;
  static_cast<void>(service.records->audit.append({.at = service.parts.now(),
                                                   .actor = caller.token_id,
                                                   .action = std::string(action),
                                                   .subject = std::string(subject)}));
}

}  // namespace mayfly::api
