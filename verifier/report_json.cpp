#include "verifier/report_json.hpp"

#include <string_view>

#include "verifier/ear.hpp"
#include "verifier/inert_text.hpp"
#include "verifier/object_text.hpp"

namespace mayfly::verifier {
namespace {

std::string result_json(const Stated& stated) {
  ObjectText out;
  out.string("digest", stated.result_digest);
  out.integer("exit_code", stated.result_exit_code);
  out.string("media_type", stated.result_media_type);
  out.integer("size", stated.result_bytes);
  out.string("status", stated.result_status);
  out.member("truncated", stated.result_truncated ? "true" : "false");
  out.member("withheld", stated.result_withheld ? "true" : "false");
  return std::move(out).finish();
}

std::string stated_json(const Stated& stated) {
  ObjectText out;
  out.member("assertions", array_text(stated.assertions, inert_json_string));
  out.string("assurance", stated.assurance);
  out.string("attempt", stated.attempt);
  out.string("certificate_id", stated.certificate_id);
  out.string("claim_hash", stated.claim_hash);
  out.member("command", array_text(stated.command, inert_json_string));
  out.integer("dataset_bytes", stated.dataset_bytes);
  out.string("dataset_format", stated.dataset_format);
  out.string("dataset_hash", stated.dataset_hash);
  out.string("input_hash", stated.input_hash);
  out.integer("issued_at_ms", stated.issued_at.value);
  out.member("result", result_json(stated));
  out.string("run_id", stated.run_id);
  out.string("sandbox_hash", stated.sandbox_hash);
  out.string("tee", stated.tee);
  out.string("time_source", stated.time_source);
  return std::move(out).finish();
}

std::string check_json(const Finding& finding) {
  const CodeMeaning& meaning = meaning_of(finding.code);
  ObjectText out;
  out.string("code", meaning.name);
  if (!finding.detail.empty()) {
    out.string("detail", finding.detail);
  }
  out.string("effect", to_string(meaning.effect));
  if (!meaning.next.empty()) {
    out.string("next", meaning.next);
  }
  out.string("stage", to_string(finding.stage));
  out.string("state", to_string(meaning.state));
  out.string("text", meaning.sentence);
  return std::move(out).finish();
}

std::string answer_json(const TimeAnswer& answer) {
  ObjectText out;
  out.integer("at_ms", answer.at.value);
  out.string("name", answer.name);
  out.member("valid", answer.is_valid ? "true" : "false");
  out.member("why", array_text(answer.why, inert_json_string));
  return std::move(out).finish();
}

std::string fields_json(const std::vector<GradedField>& fields) {
  ObjectText out;
  for (const GradedField& field : fields) out.string(field.field, to_string(field.grade));
  return std::move(out).finish();
}

std::string time_json(const Report& report) {
  ObjectText out;
  out.member("existed_before_ms",
             report.existed_before ? std::to_string(report.existed_before->value) : "null");
  out.string("grade",
             to_string(report.existed_before ? Grade::token_proved : Grade::self_reported));
  return std::move(out).finish();
}

std::string policy_json(const Report& report) {
  ObjectText out;
  out.member("hash",
             report.policy_hash ? inert_json_string(crypto::to_text(*report.policy_hash)) : "null");
  out.string("name", report.policy);
  out.member("not_asked", array_text(report.not_asked, inert_json_string));
  out.member("weakenings", array_text(report.weakenings, inert_json_string));
  return std::move(out).finish();
}

}  // namespace

std::string report_json(const Report& report) {
  ObjectText out;
  out.member("answers", array_text(report.answers, answer_json));
  out.integer("appraised_at_ms", report.appraised_at.value);
  out.member("certificate", report.stated ? stated_json(*report.stated) : "null");
  out.member("checks", array_text(report.findings, check_json));
  out.member("ear", ear_json(report));
  out.integer("exit_code", exit_code(report.verdict()));
  out.member("fields", fields_json(report.fields));
  out.string("log_trust", report.log_trust);
  out.member("policy", policy_json(report));
  out.string("schema", "mayfly/verification/v1");
  out.string("selection", report.selection);
  out.string("shown", report.shown);
  out.member("time", time_json(report));
  out.string("verdict", to_string(report.verdict()));
  out.string("verdict_text", explain(report.verdict()));
  return std::move(out).finish();
}

}  // namespace mayfly::verifier
