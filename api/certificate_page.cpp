#include "api/certificate_page.hpp"

#include "certificate/decode.hpp"
#include "web/page.hpp"

namespace mayfly::api {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

web::Section what_ran(const certificate::Claim& claim) {
  web::Section section{"What ran",
                       {{"dataset", claim.dataset_hash},
                        {"sandbox", crypto::to_text(claim.sandbox_hash)},
                        {"command", joined(claim.sandbox.command)},
                        {"tools", claim.sandbox.tools.empty() ? "any program of the image"
                                                              : joined(claim.sandbox.tools)}}};
  for (const certificate::Stage& stage : claim.sandbox.stages) {
    section.rows.push_back({stage.name, joined(stage.command)});
  }
  for (const certificate::NamedDigest& script : claim.sandbox.scripts) {
    section.rows.push_back({"script", script.name + "  " + crypto::to_text(script.digest)});
  }
  return section;
}

web::Section what_came_out(const certificate::Claim& claim) {
  web::Section section{"What came out",
                       {{"status", claim.result.status},
                        {"exit code", std::to_string(claim.result.exit_code)},
                        {"result", crypto::to_text(claim.result.digest)}}};
  if (claim.result.stage) section.rows.push_back({"ended in", *claim.result.stage});
  if (claim.result.truncated) {
    section.rows.push_back({"CUT", "the job printed more than the " +
                                       std::to_string(claim.limits.output_bytes) +
                                       " bytes that are kept; this is their digest"});
  }
  constexpr std::size_t shown_bytes_max = 4096;
  if (claim.result.value) {
    const bool is_long = claim.result.value->size() > shown_bytes_max;
    section.rows.push_back(
        {"value", claim.result.value->substr(0, shown_bytes_max) + (is_long ? " ..." : "")});
  }
  for (const certificate::Assertion& assertion : claim.assertions) {
    section.rows.push_back({"assertion", assertion.name + " " + assertion.op + " " +
                                             assertion.value + ": " + assertion.verdict});
  }
  return section;
}

web::Section when(const certificate::Run& run) {
  return {"When (" + run.time_source + ")",
          {{"dataset loaded", to_rfc3339(run.lifecycle.dataset_loaded)},
           {"execution started", to_rfc3339(run.lifecycle.execution_started)},
           {"execution completed", to_rfc3339(run.lifecycle.execution_completed)},
           {"dataset deleted", to_rfc3339(run.lifecycle.dataset_deleted)},
           {"sandbox destroyed", to_rfc3339(run.lifecycle.sandbox_destroyed)}}};
}

web::Section checks(const verifier::Report& report) {
  web::Section section{"Every check", {}};
  for (const verifier::Finding& finding : report.findings) {
    const verifier::CodeMeaning& meaning = verifier::meaning_of(finding.code);
    section.rows.push_back({std::string(verifier::to_string(finding.stage)) + ": " +
                                std::string(verifier::to_string(meaning.state)),
                            std::string(meaning.sentence) +
                                (finding.detail.empty() ? "" : " (" + finding.detail + ")")});
  }
  return section;
}

}  // namespace

Result<std::string> certificate_page(ByteView certificate, const verifier::Report& report) {
  TRY(const auto decoded, certificate::decode_certificate(certificate));
  const std::string& id = decoded.stated_certificate_id;
  const certificate::Claim& claim = decoded.statement.claim;
  const verifier::Verdict verdict = report.verdict();
  const web::Section links{
      "Elsewhere",
      {{"certificate", "JSON, as it is signed", "/certificate/" + id + "?format=json"},
       {"summary", "JSON, flat", "/certificate/" + id + "?format=summary"},
       {"checks", "JSON", "/certificate/" + id + "/verify"},
       {"same claim", decoded.stated_claim_hash, "/claims/" + decoded.stated_claim_hash}}};
  return web::render({id,
                      "This server's own check: " + std::string(verifier::to_string(verdict)) +
                          ". " + std::string(verifier::explain(verdict)) +
                          " To rely on it, download the certificate and run verify-cert yourself.",
                      {what_ran(claim), what_came_out(claim), when(decoded.statement.run),
                       checks(report), links}});
}

}  // namespace mayfly::api
