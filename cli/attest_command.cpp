// `mayfly attest URL`: is the service there what it should be? Asked before any data is sent.
#include <CLI/CLI.hpp>
#include <array>
#include <memory>

#include "api/attestation_route.hpp"
#include "api/loopback_client.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_json.hpp"
#include "cli/appraisal_time.hpp"
#include "cli/command.hpp"
#include "cli/json_text.hpp"
#include "cli/policy_argument.hpp"
#include "cli/print.hpp"
#include "cli/workshop.hpp"
#include "crypto/random.hpp"
#include "verifier/session_checks.hpp"

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
  if (options.nonce.empty()) {
    std::array<std::uint8_t, 32> random;
    crypto::fill_random(random);
    return Bytes(random.begin(), random.end());
  }
  auto nonce = hex_decode(options.nonce);
  if (!nonce) {
    return fail(ErrorCode::malformed, "--nonce takes 8 to 64 bytes in lower-case hex");
  }
  return std::move(*nonce);
}

Result<certificate::SessionAttestation> ask(const std::string& url, const Bytes& nonce) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  TRY(const api::LoopbackAnswer answer,
      api::ask_loopback("GET",
                        base + std::string(api::attestation_path) + "?nonce=" + hex_encode(nonce),
                        {}, certificate::json_bytes_max));
  if (answer.status != 200) {
    return fail(ErrorCode::unavailable, base + " answers " + std::to_string(answer.status) +
                                            " and attests nothing: is it `mayfly serve`?");
  }
  return certificate::decode_session_attestation(answer.body);
}

bool is_other_software(const certificate::SessionManifest& manifest, const AttestOptions& options) {
  return !options.software.empty() && manifest.software != options.software;
}

void print_session(const certificate::SessionManifest& manifest, const AttestOptions& options,
                   const verifier::SessionJudgement& judgement) {
  const std::string upload = manifest.upload_key ? hex_encode(*manifest.upload_key) : std::string();
  if (options.json) {
    print(
        "{{\"exit_code\":{},\"report\":{},\"signer\":\"{}\",\"software\":{},\"software_differs\":{}"
        ","
        "\"tee\":{},\"upload_key\":{},\"verdict\":\"{}\"}}\n",
        exit_code(judgement.verdict), judgement.report_json, hex_encode(manifest.signer),
        json_text(manifest.software), is_other_software(manifest, options), json_text(manifest.tee),
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
  TRY(const certificate::SessionAttestation session, ask(options.url, nonce));
  verifier::SessionJudgement judgement = verifier::judge_session(session, nonce, policy, at);
  if (is_other_software(session.manifest, options)) {
    if (judgement.verdict == verifier::Verdict::verified) {
      judgement.verdict = verifier::Verdict::refused;
    }
    judgement.report_text += "\nREFUSED: it runs other software than --software names\n";
  }
  if (!options.quiet) {
    print_session(session.manifest, options, judgement);
  }
  return exit_code(judgement.verdict);
}

}  // namespace

void add_attest(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<AttestOptions>();
  CLI::App* verb = app.add_subcommand("attest", "check a running service before sending it data");
  verb->add_option("url", options->url, "where it answers")->required()->type_name("URL");
  verb->add_option("--nonce", options->nonce, "8 to 64 bytes, hex; none given: random ones");
  verb->add_option("--policy", options->policy, "a document, or: default, genuine-only")
      ->type_name("FILE|NAME")
      ->capture_default_str();
  verb->add_option("--software", options->software, "the digest that its program must have")
      ->type_name("sha256:HEX");
  verb->add_option("--at", options->at, "appraise as of this time (RFC 3339 or milliseconds)");
  verb->add_flag("--json", options->json, "as one JSON object");
  verb->add_flag("-q,--quiet", options->quiet, "the exit code only");
  verb->footer(
      "Exit codes: 0 verified, 1 contradicted, 2 malformed, 3 inconclusive, 4 refused by policy,\n"
      "5 not hardware-attested, 64 usage or no answer, 70 internal.\n"
      "Example:\n  mayfly attest http://127.0.0.1:8420 --policy mine.json");
  choose_judging(*verb, chosen, [options] { return attest(*options); });
}

}  // namespace mayfly::cli
