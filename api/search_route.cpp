#include "api/search_route.hpp"

#include <algorithm>

#include "api/json_out.hpp"
#include "api/query.hpp"
#include "api/visibility.hpp"

namespace mayfly::api {
namespace {

void write_row(JsonOut& json, const store::CertificateRow& row) {
  json.begin_object();
  json.member("certificate_id", row.certificate_id);
  json.member("certificate_url", "/certificate/" + row.certificate_id);
  text_member(json, "claim_hash", row.claim_hash);
  text_member(json, "dataset_hash", row.dataset_hash);
  text_member(json, "sandbox_hash", row.sandbox_hash);
  text_member(json, "status", row.status);
  text_member(json, "tee", row.tee);
  json.member("issued_at", to_rfc3339(row.issued_at));
  json.end_object();
}

// Everything of this query but the cursor. The values are checked words, hashes and numbers; '+'
// and '&' cannot occur in them, ':' need not be escaped.
std::string next_target(const Call& call, const std::string& cursor) {
  std::string target = call.path + "?";
  for (const auto& [name, value] : call.query) {
    if (name != "cursor") target.append(name).append("=").append(value).append("&");
  }
  return target + "cursor=" + cursor;
}

Reply page_reply(const Call& call, const store::Page& page) {
  JsonOut json(reply_bounds);
  json.begin_object();
  json.name("certificates");
  json.begin_array();
  for (const store::CertificateRow& row : page.rows) write_row(json, row);
  json.end_array();
  json.name("next");
  if (page.next) {
    json.string(*page.next);
  } else {
    json.null();
  }
  json.end_object();
  auto text = std::move(json).finish();
  if (!text) return problem_reply(problem_of(text.error()), call.path);
  Reply reply = json_reply(std::move(*text));
  reply.headers.emplace_back("Cache-Control", "no-cache");
  reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (page.next) {
    reply.headers.emplace_back("Link", "<" + next_target(call, *page.next) + ">; rel=\"next\"");
  }
  return reply;
}

// Malformed here is the query, not a body.
Problem problem_of_search(const Error& error) {
  if (error.code() == ErrorCode::malformed || error.code() == ErrorCode::limit) {
    return {ProblemKind::malformed_request, error.message()};
  }
  return problem_of(error);
}

// What the caller may see of it: whether there is more must not show in the answer.
std::expected<store::Page, Problem> visible_page(const store::Query& query, const Call& call,
                                                 const Service& service) {
  auto page = service.store.search(query);
  if (!page) return std::unexpected(problem_of_search(page.error()));
  if (auto kept = leave_out_hidden(*page, call.caller, service); !kept) {
    return std::unexpected(std::move(kept).error());
  }
  return std::move(*page);
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

}  // namespace

Reply search_certificates(const Call& call, const Service& service) {
  QueryReader reader(call);
  store::Query query;
  query.dataset_hash = reader.hash("dataset_hash", "none");
  query.sandbox_hash = reader.hash("sandbox_hash", {});
  query.claim_hash = reader.hash("claim_hash", {});
  query.status = reader.text("status");
  query.since = reader.time("since");
  query.limit = reader.count("limit").value_or(query.limit);
  query.cursor = reader.text("cursor");
  if (auto finished = reader.finish(); !finished) {
    return problem_reply(finished.error(), call.path);
  }
  if (query.status && !is_word(*query.status)) {
    return problem_reply({ProblemKind::malformed_request,
                          "the query parameter status is a word such as succeeded or timed_out"},
                         call.path);
  }
  const auto page = visible_page(query, call, service);
  if (!page) return problem_reply(page.error(), call.path);
  return page_reply(call, *page);
}

Reply list_claim(std::string_view hash, const Call& call, const Service& service) {
  QueryReader reader(call);
  store::Query query;
  query.claim_hash = std::string(hash);
  query.limit = reader.count("limit").value_or(query.limit);
  query.cursor = reader.text("cursor");
  if (auto finished = reader.finish(); !finished) {
    return problem_reply(finished.error(), call.path);
  }
  if (!is_sha256_text(hash)) {
    return problem_reply({ProblemKind::malformed_request,
                          "a claim hash is \"sha256:\" and 64 lower-case hex digits"},
                         call.path);
  }
  const auto page = visible_page(query, call, service);
  if (!page) return problem_reply(page.error(), call.path);
  if (page->rows.empty() && !page->next && !query.cursor) {
    return problem_reply({ProblemKind::not_found, "no certificate here has that claim"}, call.path);
  }
  return page_reply(call, *page);
}

}  // namespace mayfly::api
