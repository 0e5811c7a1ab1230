// `mayfly attest URL`: is the service there what it should be? Asked before any data is sent.
#include <memory>

#include "base/text_encoding.hpp"
#include "cli/appraisal_time.hpp"
#include "cli/command.hpp"
#include "cli/json_text.hpp"
#include "cli/policy_argument.hpp"
#include "cli/print.hpp"
#include "cli/session_check.hpp"
#include "cli/workshop.hpp"

namespace mayfly::cli {
namespace {

struct AttestOptions {
  std::string url;
  std::string nonce;
  std::string policy = "default";
  std::string at;
  std::string software;
  bool json = false;
  bool quiet = false;
};

Result<Bytes> nonce_for(const AttestOptions& options) {
  if (options.nonce.empty()) return fresh_nonce();
  auto nonce = hex_decode(options.nonce);
  if (!nonce) {
    return fail(ErrorCode::malformed, "--nonce takes 8 to 64 bytes in lower-case hex");
  }
  return std::move(*nonce);
}

void print_session(const CheckedSession& checked, const AttestOptions& options) {
  const certificate::SessionManifest& manifest = checked.session.manifest;
  const verifier::SessionJudgement& judgement = checked.judgement;
  const std::string upload = manifest.upload_key ? hex_encode(*manifest.upload_key) : std::string();
  if (options.json) {
    print(
        "{{\"exit_code\":{},\"report\":{},\"signer\":\"{}\",\"software\":{},"
        "\"software_differs\":{},\"tee\":{},\"upload_key\":{},\"verdict\":\"{}\"}}\n",
        exit_code(judgement.verdict), judgement.report_json, hex_encode(manifest.signer),
        json_text(manifest.software), checked.software_differs, json_text(manifest.tee),
        upload.empty() ? std::string("null") : json_text(upload), to_string(judgement.verdict));
    return;
  }
  put_out(judgement.report_text);
  print("\nWhat it says of itself\n  {:<18} {}\n  {:<18} {}\n  {:<18} {}\n", "signing key",
        hex_encode(manifest.signer), "software", json_text(manifest.software), "upload key",
        upload.empty() ? "not offered" : upload);
}

Result<int> attest(const AttestOptions& options) {
  UnixMillis at = system_clock_now();
  if (!options.at.empty()) {
    TRY(at, parse_appraisal_time(options.at));
  }
  TRY(const verifier::Policy policy, policy_argument(options.policy));
  TRY(const Bytes nonce, nonce_for(options));
  TRY(const CheckedSession checked,
      check_session({.url = options.url, .nonce = nonce, .software = options.software}, policy,
                    at));
  if (!options.quiet) print_session(checked, options);
  return exit_code(checked.judgement.verdict);
}

}  // namespace

void add_attest(Verb program, Action& chosen) {
  auto options = std::make_shared<AttestOptions>();
  Verb verb = program.add_verb("attest", "check a running service before sending it data");
  verb.add_option("url", options->url, "where it answers").required().type_name("URL");
  verb.add_option("--nonce", options->nonce, "8 to 64 bytes, hex; none given: random ones");
  verb.add_option("--policy", options->policy, "a document, or: default, genuine-only")
      .type_name("FILE|NAME")
      .shows_default();
  verb.add_option("--software", options->software, "the digest that its program must have")
      .type_name("sha256:HEX");
  verb.add_option("--at", options->at, "appraise as of this time (RFC 3339 or milliseconds)");
  verb.add_flag("--json", options->json, "as one JSON object");
  verb.add_flag("-q,--quiet", options->quiet, "the exit code only");
  verb.footer(
      "Exit codes: 0 verified, 1 contradicted, 2 malformed, 3 inconclusive, 4 refused by policy,\n"
      "5 not hardware-attested, 64 usage or no answer, 70 internal.\n"
      "Example:\n  mayfly attest http://127.0.0.1:8420 --policy mine.json");
  choose_judging(verb, chosen, [options] { return attest(*options); });
}

}  // namespace mayfly::cli
