#include "cli/returned_certificate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/loopback_client.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/decode.hpp"
#include "verifier/trace_check.hpp"
#include "verifier/verify.hpp"

namespace mayfly::cli {
namespace {

using nlohmann::json;
using verifier::Verdict;

Result<Bytes> fetch(const Destination& destination, const std::string& id) {
  TRY(api::LoopbackAnswer answer,
      api::ask_loopback("GET", destination.base + "/certificate/" + id, {},
                        certificate::json_bytes_max, destination.token));
  if (answer.status == 200) return std::move(answer.body);
  return fail(ErrorCode::unavailable, "the run has the certificate " + id +
                                          ", and the service answers " +
                                          std::to_string(answer.status) + " when asked for it");
}

bool is_certificate_id(std::string_view text) {
  return text.size() <= 128 &&
         text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz_:") == std::string_view::npos;
}

// Binds the certificate to this submission: the verifier cannot know what was sent.
Result<void> check_ours(const Bytes& bytes, const Expected& expected, const SealedAnswer& answer) {
  TRY(const auto decoded, certificate::decode_certificate(bytes));
  const auto not_ours = [](std::string_view what) {
    return fail(ErrorCode::rejected,
                "the certificate is not that of this run, and was not kept: " + std::string(what));
  };
  const certificate::Statement& statement = decoded.statement;
  // That this key signed it is for the verifier to check.
  if (statement.run.signer != expected.signer) {
    return not_ours("another key signed it than the one that the service attested");
  }
  if (statement.run.nonce != expected.nonce) return not_ours("it has another nonce");
  const std::string sent = answer.dataset_hash ? crypto::to_text(*answer.dataset_hash) : "";
  if (answer.dataset_hash && statement.claim.dataset_hash != sent) {
    return not_ours("it is about another dataset than the one that was sent");
  }
  return {};
}

std::string text_member(const json& object, const char* name) {
  const auto* const text =
      object.contains(name) ? object[name].get_ptr<const std::string*>() : nullptr;
  return text == nullptr ? std::string() : *text;
}

// What is no text comes as padded base64.
std::string output_member(const json& result, const std::string& name) {
  const std::string text = text_member(result, name.c_str());
  if (text_member(result, (name + "_encoding").c_str()) != "base64") return text;
  const auto bytes = base64_decode(text);
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

// The lines of the trace, if they were asked for and are there.
std::optional<std::string> trace_member(const json& reply) {
  const json::json_pointer lines("/execution_trace/events/lines");
  if (!reply.contains(lines) || !reply[lines].is_string()) return std::nullopt;
  return reply[lines].get<std::string>();
}

verifier::GivenTrace trace_given(std::string_view lines) {
  verifier::TraceCheck check;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    check.add(line);
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
  return std::move(check).finish();
}

}  // namespace

int ReturnedCertificate::exit_code() const {
  const bool is_good = verdict == Verdict::verified || verdict == Verdict::unattested;
  if (is_good && stated.result_status != "succeeded") return exit_code_job_failed;
  return verifier::exit_code(verdict);
}

Result<ReturnedCertificate> take_certificate(const Destination& destination,
                                             const Expected& expected, const SealedAnswer& answer,
                                             const verifier::Policy& policy, UnixMillis now) {
  const json reply = json::parse(answer.json, /*cb=*/nullptr, /*allow_exceptions=*/false);
  const std::string id = reply.is_object() ? text_member(reply, "certificate_id") : "";
  if (id.empty() || !is_certificate_id(id)) {
    return fail(ErrorCode::malformed, "the answer names no certificate");
  }
  ReturnedCertificate out;
  TRY(out.certificate, fetch(destination, id));
  CHECK_OK(check_ours(out.certificate, expected, answer));
  verifier::Supplied supplied;
  if (answer.dataset_hash) supplied.dataset_hash = crypto::to_text(*answer.dataset_hash);
  out.trace = trace_member(reply);
  if (out.trace) supplied.trace = trace_given(*out.trace);
  const verifier::Report report = verifier::verify(out.certificate, policy, now, supplied);
  out.verdict = report.verdict();
  if (report.stated) out.stated = *report.stated;
  if (reply.contains("result") && reply["result"].is_object()) {
    out.job_output = output_member(reply["result"], "output");
    out.job_errors = output_member(reply["result"], "stderr");
  }
  return out;
}

}  // namespace mayfly::cli
