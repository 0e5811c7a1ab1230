#include "api/certificate_route.hpp"

#include <algorithm>
#include <array>

#include "api/certificate_page.hpp"
#include "api/query.hpp"
#include "api/visibility.hpp"
#include "certificate/export.hpp"
#include "verifier/report_json.hpp"
#include "verifier/report_text.hpp"
#include "verifier/verify.hpp"

namespace mayfly::api {
namespace {

struct Found {
  Bytes certificate;
  std::string id;  // whole
};

Problem problem_of_lookup(const Error& error) {
  switch (error.code()) {
    case ErrorCode::malformed: return {ProblemKind::malformed_request, error.message()};
    case ErrorCode::rejected: return {ProblemKind::ambiguous_id, error.message()};
    default: return problem_of(error);
  }
}

std::expected<Found, Problem> find(std::string_view id_or_prefix, const Service& service) {
  auto bytes = service.store.get(id_or_prefix);
  if (!bytes) return std::unexpected(problem_of_lookup(bytes.error()));
  if (!*bytes) {
    return std::unexpected(Problem{ProblemKind::not_found, "no such certificate is kept here"});
  }
  const auto decoded = certificate::decode_certificate(**bytes);
  if (!decoded) {
    return std::unexpected(
        Problem{ProblemKind::internal, "the stored certificate is damaged; restore the database"});
  }
  return Found{std::move(**bytes), decoded->stated_certificate_id};
}

enum class Form : std::uint8_t {
  json,
  summary,
  claim,
  statement,
  dsse,
  sigstore,
  p256_key,
  text,
  html
};

struct Representation {
  Form form;
  std::string_view format;  // of ?format=
  std::string_view media_type;
};
constexpr std::array representations = {
    Representation{Form::json, "json", json_media_type},
    Representation{Form::summary, "summary", json_media_type},
    Representation{Form::claim, "claim", json_media_type},
    Representation{Form::statement, "statement", "application/vnd.in-toto+json"},
    Representation{Form::dsse, "dsse", "application/vnd.dsse+json"},
    Representation{Form::sigstore, "sigstore", certificate::sigstore_bundle_media_type},
    Representation{Form::p256_key, "p256-key", "application/x-pem-file"},
    Representation{Form::text, "text", text_media_type},
    Representation{Form::html, "html", html_media_type},
};

// ?format= decides; without it, Accept does.
std::expected<Representation, Problem> choose(const Call& call) {
  QueryReader reader(call);
  const auto format = reader.text("format");
  if (auto finished = reader.finish(); !finished) return std::unexpected(finished.error());
  if (format) {
    const auto found = std::ranges::find(representations, *format, &Representation::format);
    if (found != representations.end()) return *found;
    return std::unexpected(
        Problem{ProblemKind::malformed_request,
                "format is one of json, summary, claim, statement, dsse, sigstore, p256-key, text, "
                "html"});
  }
  std::vector<std::string_view> offers;
  offers.reserve(std::size(representations));
  for (const Representation& one : representations) offers.push_back(one.media_type);
  const auto type = negotiate(call.accept, offers);
  const auto found = std::ranges::find(representations, type, &Representation::media_type);
  if (found != representations.end()) return *found;
  return std::unexpected(Problem{ProblemKind::not_acceptable,
                                 "a certificate is served as application/json, text/html, "
                                 "text/plain, application/vnd.in-toto+json, "
                                 "application/vnd.dsse+json, application/x-pem-file or " +
                                     std::string(certificate::sigstore_bundle_media_type)});
}

verifier::Report appraise(const Found& found, const Service& service,
                          const verifier::Supplied& supplied) {
  return verifier::verify(found.certificate, verifier::default_policy(), service.parts.now(),
                          supplied);
}

// As a label: a word of a fixed set.
std::string_view label_of(verifier::Verdict verdict) {
  const std::string_view text = to_string(verdict);
  return text.substr(0, text.find(','));
}

Result<std::string> represent(const Found& found, Form form, const Service& service) {
  const auto exported = [&](certificate::ExportFormat format) -> Result<std::string> {
    TRY(const Bytes bytes, certificate::export_certificate(found.certificate, format));
    return std::string(text_of(bytes));
  };
  switch (form) {
    case Form::json: return std::string(text_of(found.certificate));
    case Form::summary: return exported(certificate::ExportFormat::summary);
    case Form::claim: return exported(certificate::ExportFormat::claim);
    case Form::statement: return exported(certificate::ExportFormat::statement);
    case Form::dsse: return exported(certificate::ExportFormat::dsse);
    case Form::sigstore: return exported(certificate::ExportFormat::sigstore);
    case Form::p256_key: return exported(certificate::ExportFormat::p256_key);
    case Form::text:
      return verifier::report_text(appraise(found, service, {}), verifier::Colour::none);
    case Form::html: return certificate_page(found.certificate, appraise(found, service, {}));
  }
  return fail(ErrorCode::internal, "no such form of a certificate");
}

// Bytes that are hashed or signed never change. A summary may be worded better by a later version,
// and a verdict depends on the day it is asked for.
bool is_immutable(Form form) {
  return form == Form::json || form == Form::claim || form == Form::statement ||
         form == Form::dsse || form == Form::sigstore || form == Form::p256_key;
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

Reply get_certificate(std::string_view id_or_prefix, const Call& call, const Service& service) {
  const auto representation = choose(call);
  if (!representation) return problem_reply(representation.error(), call.path);
  const auto found = find(id_or_prefix, service);
  if (!found) return problem_reply(found.error(), call.path);
  const auto visible = visibility_of(found->id, call.caller, service);
  if (!visible) return problem_reply(visible.error(), call.path);

  Reply reply;
  reply.certificate_id = found->id;
  reply.headers = {{"Access-Control-Allow-Origin", "*"},
                   {"Vary", "Accept"},
                   {"Content-Location", "/certificate/" + found->id}};
  if (is_immutable(representation->form)) {
    const std::string etag = "\"" + found->id + "." + std::string(representation->format) + "\"";
    reply.headers.emplace_back("ETag", etag);
    reply.headers.emplace_back("Cache-Control", *visible == Visibility::hidden ? "private, no-cache"
                                                : id_or_prefix == found->id
                                                    ? "public, max-age=31536000, immutable"
                                                    : "no-cache");
    if (matches_etag(call.if_none_match, etag)) {
      reply.status = 304;
      return reply;
    }
  } else {
    reply.headers.emplace_back("Cache-Control", "no-cache");
  }
  auto body = represent(*found, representation->form, service);
  if (!body) {
    // A form that this certificate cannot be had in, as one from before there was that form.
    const bool is_without = body.error().code() == ErrorCode::unavailable;
    return problem_reply(is_without ? Problem{ProblemKind::not_acceptable, body.error().message()}
                                    : problem_of(body.error()),
                         call.path);
  }
  reply.media_type = std::string(representation->media_type);
  reply.body = std::move(*body);
  return reply;
}

Reply verify_certificate(std::string_view id_or_prefix, const Call& call, const Service& service) {
  QueryReader reader(call);
  const verifier::Supplied supplied{.dataset_hash = reader.hash("dataset_hash", {})};
  if (auto finished = reader.finish(); !finished) {
    return problem_reply(finished.error(), call.path);
  }
  const auto found = find(id_or_prefix, service);
  if (!found) return problem_reply(found.error(), call.path);
  if (const auto visible = visibility_of(found->id, call.caller, service); !visible) {
    return problem_reply(visible.error(), call.path);
  }
  const verifier::Report report = appraise(*found, service, supplied);
  service.metrics.add(Metric::verify, {label_of(report.verdict())});
  Reply reply = json_reply(verifier::report_json(report));
  reply.certificate_id = found->id;
  reply.headers = {{"Access-Control-Allow-Origin", "*"}, {"Cache-Control", "no-store"}};
  return reply;
}

}  // namespace mayfly::api
