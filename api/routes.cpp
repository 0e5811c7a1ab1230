#include "api/routes.hpp"

#include <algorithm>
#include <array>

#include "api/attestation_route.hpp"
#include "api/audit_route.hpp"
#include "api/certificate_route.hpp"
#include "api/json_out.hpp"
#include "api/log_route.hpp"
#include "api/metrics_route.hpp"
#include "api/openapi.hpp"
#include "api/runs_route.hpp"
#include "api/sealed_media_type.hpp"
#include "api/search_route.hpp"
#include "web/page.hpp"

namespace mayfly::api {
namespace {

struct Endpoint {
  std::string_view path;
  std::string_view says;
};
constexpr std::array endpoints = {
    Endpoint{"/execute", "POST a dataset and a sandbox; get a result and its certificate"},
    Endpoint{"/runs/{id}", "GET how a run stands, and its reply; DELETE it to cancel it"},
    Endpoint{"/runs/{id}/events", "GET what happens to it, as server-sent events"},
    Endpoint{"/certificate/{id}", "GET a certificate; ?format=summary|claim|statement|dsse|text"},
    Endpoint{"/certificate/{id}/verify", "GET every check of it, with a verdict"},
    Endpoint{"/certificates",
             "GET those that match dataset_hash, sandbox_hash, claim_hash, status"},
    Endpoint{"/claims/{hash}", "GET every certificate with that claim"},
    Endpoint{"/audit", "GET who did what (scope admin); ?after="},
    Endpoint{"/log/checkpoint", "GET the transparency log's newest checkpoint, a signed note"},
    Endpoint{"/log/tile/{level}/{index}", "GET its hashes, and its entries at /log/tile/entries/"},
    Endpoint{"/openapi.json", "GET all this as OpenAPI 3.1, with JSON Schemas"},
    Endpoint{"/.well-known/mayfly-attestation",
             "GET ?nonce=: keys and software of this service, bound by evidence"},
    Endpoint{"/healthz", "GET whether the service can answer"},
    Endpoint{"/readyz", "GET whether it can take one more run"},
    Endpoint{"/metrics", "GET what it counts, for Prometheus (scope metrics)"},
};

Reply index_page() {
  web::Section section{"What there is", {}};
  for (const Endpoint& endpoint : endpoints) {
    section.rows.push_back({std::string(endpoint.path), std::string(endpoint.says)});
  }
  return {.media_type = std::string(html_media_type),
          .body = web::render(
              {"Mayfly " MAYFLY_VERSION, "Run once, leave only proof.", {std::move(section)}})};
}

Reply index(const Call& call) {
  const auto type = negotiate(call.accept, {json_media_type, html_media_type});
  if (type == html_media_type) return index_page();
  JsonOut json(reply_bounds);
  json.begin_object();
  json.member("service", "mayfly");
  json.member("version", MAYFLY_VERSION);
  json.name("endpoints");
  json.begin_object();
  for (const Endpoint& endpoint : endpoints) json.member(endpoint.path, endpoint.says);
  json.end_object();
  json.end_object();
  auto text = std::move(json).finish();
  return text ? json_reply(std::move(*text)) : problem_reply(problem_of(text.error()), call.path);
}

Reply health(const Call& call, const Service& service) {
  store::Query query;
  query.limit = 1;
  if (const auto page = service.store.search(query); !page) {
    return problem_reply({ProblemKind::unavailable, "the certificate store does not answer"},
                         call.path);
  }
  Reply reply = json_reply(R"({"status":"ok","version":")" MAYFLY_VERSION R"("})");
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

// Alive, and able to take one more run at this moment.
Reply ready(const Call& call, const Service& service) {
  if (!service.queue.has_room()) {
    return problem_reply({ProblemKind::unavailable, "as many runs wait as may"}, call.path);
  }
  return health(call, service);
}

Reply style_sheet() {
  return {.media_type = "text/css; charset=utf-8",
          .body = std::string(web::style_sheet()),
          .headers = {{"Cache-Control", "public, max-age=3600"}}};
}

std::optional<Reply> refuse_content_type(const Call& call, const Service& service) {
  if (is_media_type(call.content_type, json_media_type)) return std::nullopt;
  if (is_sealed_upload(call.content_type) && service.uploads != nullptr) return std::nullopt;
  return problem_reply({ProblemKind::unsupported_media_type,
                        "send the request as Content-Type: application/json, or sealed as " +
                            std::string(sealed_upload_media_type)},
                       call.path);
}

// A server on loopback can be reached by every page that its user's browser shows, under any name
// (DNS rebinding). A browser names the page in Origin with each POST; no page of ours sends one.
std::optional<Reply> refuse_web_page(const Call& call) {
  if (call.origin.empty()) return std::nullopt;
  return problem_reply({ProblemKind::cross_origin,
                        "a run is asked for by a program, not by a web page (Origin header)"},
                       call.path);
}

std::string_view without_version(std::string_view path) {
  constexpr std::string_view version = "/v1";
  if (path.starts_with(version) && (path.size() == version.size() || path[version.size()] == '/')) {
    path.remove_prefix(version.size());
  }
  return path.empty() ? "/" : path;
}

std::optional<Reply> read(std::string_view path, const Call& call, const Service& service) {
  constexpr std::string_view certificate = "/certificate/";
  constexpr std::string_view verify = "/verify";
  constexpr std::string_view claims = "/claims/";
  constexpr std::string_view log = "/log/";
  if (path == "/") return index(call);
  if (path == "/healthz") return health(call, service);
  if (path == web::style_sheet_path) return style_sheet();
  if (path == "/openapi.json") {
    return json_reply(std::string(openapi_document()));
  }
  if (path == "/readyz") return ready(call, service);
  if (path == "/metrics") return read_metrics(call, service);
  if (path == "/audit") return read_audit(call, service);
  if (path == attestation_path) {
    return attest_session(call, service.parts, service.uploads);
  }
  if (path == "/certificates") return search_certificates(call, service);
  if (path.starts_with(claims)) {
    return list_claim(path.substr(claims.size()), call, service);
  }
  if (path.starts_with(log)) return read_log_file(path.substr(log.size()), call, service);
  if (!path.starts_with(certificate)) return std::nullopt;
  path.remove_prefix(certificate.size());
  if (path.ends_with(verify)) {
    path.remove_suffix(verify.size());
    return verify_certificate(path, call, service);
  }
  return get_certificate(path, call, service);
}

}  // namespace

std::optional<Reply> answer(const Call& call, const Service& service) {
  const std::string_view path = without_version(call.path);
  const bool reads = call.method == "GET" || call.method == "HEAD";
  if (path == "/execute") {
    if (call.method != "POST") return method_not_allowed("POST", call.path);
    if (auto refusal = refuse_web_page(call)) return refusal;
    if (auto may = require(call.caller, Scope::execute); !may) {
      return problem_reply(may.error(), call.path);
    }
    return refuse_content_type(call, service);
  }
  constexpr std::string_view runs = "/runs/";
  if (path.starts_with(runs)) {
    if (auto reply = answer_about_run(path.substr(runs.size()), call, service)) return reply;
  }
  // A method is refused only where the path exists: ask what GET would say about the path alone.
  if (reads) {
    if (auto reply = read(path, call, service)) return reply;
  } else if (path == "/" || path == "/openapi.json" || path == "/healthz" || path == "/readyz" ||
             path == "/metrics" || path == "/audit" || path == "/certificates" ||
             path == web::style_sheet_path || path == attestation_path ||
             path.starts_with("/claims/") || path.starts_with("/certificate/") ||
             path.starts_with("/log/")) {
    return method_not_allowed("GET, HEAD", call.path);
  }
  return problem_reply({ProblemKind::not_found, "nothing is here; GET / lists what there is"},
                       call.path);
}

}  // namespace mayfly::api
