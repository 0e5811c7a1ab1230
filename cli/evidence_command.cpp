// `mayfly evidence`: a quote that someone holds without a certificate. Offline: every input is a
// file.
#include <chrono>
#include <memory>
#include <optional>

#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "base/text_encoding.hpp"
#include "cli/appraisal_time.hpp"
#include "cli/collateral_files.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/policy_argument.hpp"
#include "cli/print.hpp"
#include "cli/tee_part_files.hpp"
#include "verifier/evidence_report.hpp"
#include "verifier/tee_report.hpp"

namespace mayfly::cli {
namespace {

// More than a quote may have, so that a long one is judged malformed instead of not read.
struct EvidenceOptions {
  std::string kind = "tdx";
  std::string evidence;
  std::vector<std::string> collateral;
  std::string at;
  std::string policy = "default";
  std::string report_data;
  bool json = false;
  bool quiet = false;
};

Result<void> expect_report_data(const std::string& hex, attest::TdxPolicy& policy) {
  if (hex.empty()) {
    return {};
  }
  const auto bytes = hex_decode(hex);
  std::array<std::uint8_t, 64> wanted;
  if (!bytes || bytes->size() != wanted.size()) {
    return fail(ErrorCode::malformed, "--report-data takes 128 lower-case hex digits");
  }
  std::ranges::copy(*bytes, wanted.begin());
  policy.report_data = wanted;
  return {};
}

// What the evidence must bind, in the place that its kind has for that.
Result<void> expect_bound(const std::string& hex, verifier::Policy& policy) {
  if (hex.empty()) {
    return {};
  }
  const auto bytes = hex_decode(hex);
  if (!bytes) {
    return fail(ErrorCode::malformed, "--report-data takes lower-case hex digits");
  }
  if (attest::ReportData wanted; bytes->size() == wanted.size()) {
    std::ranges::copy(*bytes, wanted.begin());
    policy.snp.report_data = wanted;
  }
  policy.nitro.user_data = *bytes;
  policy.tpm.quote.extra_data = *bytes;
  policy.azure.machine.quote.extra_data = *bytes;
  policy.confidential_space.nonce = hex;
  return {};
}

Result<int> verify_other_evidence(const EvidenceOptions& options, UnixMillis at) {
  TRY(verifier::Policy policy, policy_argument(options.policy));
  if (options.kind == "snp" && !options.report_data.empty() && options.report_data.size() != 128) {
    return fail(ErrorCode::malformed, "--report-data takes 128 lower-case hex digits for snp");
  }
  CHECK_OK(expect_bound(options.report_data, policy));
  TRY(const Bytes quote, read_regular_file(options.evidence, evidence_bytes_max));
  TRY(const TeeFiles files, read_tee_files(options.kind, quote, options.collateral));
  const Bytes plain = verifier::plain_tee_quote(files.kind, quote);
  TRY(const verifier::TeeMaterial material,
      verifier::tee_material_from(files.kind, plain, files.parts));
  const verifier::TeeAppraisal appraisal =
      verifier::appraise_tee(material, policy, std::nullopt, at);
  const verifier::TeeReport report{.appraised_at = at, .policy = policy, .appraisal = appraisal};
  if (!options.quiet) {
    put_out(options.json ? tee_report_json(report) + "\n" : tee_report_text(report));
  }
  return exit_code(appraisal.verdict);
}

Result<int> verify_evidence(const EvidenceOptions& options) {
  UnixMillis at = clock_now();
  if (!options.at.empty()) {
    TRY(at, parse_appraisal_time(options.at));
  }
  if (options.kind != "tdx") {
    return verify_other_evidence(options, at);
  }
  TRY(verifier::Policy policy, policy_argument(options.policy));
  CHECK_OK(expect_report_data(options.report_data, policy.tdx));
  TRY(const Bytes quote, read_regular_file(options.evidence, evidence_bytes_max));
  TRY(const verifier::TdxMaterial given,
      read_tdx_material(options.collateral, {.quote = quote, .at = at}));
  TRY(const attest::TdLogs logs, verifier::plain_td_logs(given.logs));
  const verifier::EvidenceReport report{
      .appraised_at = at,
      .policy = policy,
      .appraisal = attest::verify_tdx(quote, given.lists, policy.tdx, at, logs)};
  if (!options.quiet) {
    put_out(options.json ? evidence_report_json(report) + "\n" : evidence_report_text(report));
  }
  return exit_code(verifier::verdict_of(report.appraisal));
}

Result<int> show_evidence(const EvidenceOptions& options) {
  TRY(const Bytes quote, read_regular_file(options.evidence, evidence_bytes_max));
  if (options.kind != "tdx") {
    // An Azure machine's quote is its virtual TPM's.
    TRY(const attest::TeeKind kind,
        attest::tee_kind_from_string(options.kind == "azure" ? "tpm" : options.kind));
    TRY(const std::string text, options.json ? verifier::describe_tee_json(kind, quote)
                                             : verifier::describe_tee_text(kind, quote));
    put_out(options.json ? text + "\n" : text);
    return to_int(ExitCode::ok);
  }
  TRY(const attest::ParsedTdxQuote parsed, attest::parse_tdx_quote(quote));
  put_out(options.json ? verifier::describe_quote_json(parsed) + "\n"
                       : verifier::describe_quote_text(parsed));
  return to_int(ExitCode::ok);
}

void add_verify_verb(Verb parent, Action& chosen) {
  auto options = std::make_shared<EvidenceOptions>();
  Verb verb = parent.add_verb("verify", "judge a quote by the vendor's lists and a policy");
  verb.add_option("--kind", options->kind, "what kind of evidence")
      .one_of({"tdx", "snp", "tpm", "nitro", "azure", "confidential-space"})
      .shows_default();
  verb.add_option("--evidence", options->evidence, "the quote").required().type_name("FILE");
  verb.add_option(
          "--collateral", options->collateral,
          "what stands beside it: the vendor's lists, other parts; files, folders, a bundle")
      .type_name("PATH|NAME=FILE");
  verb.add_option("--at", options->at, "appraise as of this time (RFC 3339 or milliseconds)");
  verb.add_option("--policy", options->policy, "a document, or: default, genuine-only")
      .type_name("FILE|NAME")
      .shows_default();
  verb.add_option("--report-data", options->report_data,
                  "what the evidence must bind, in hex: 64 bytes for tdx and snp");
  verb.add_flag("--json", options->json, "the report as one JSON object");
  verb.add_flag("-q,--quiet", options->quiet, "the exit code only");
  verb.footer(
      "Nothing is fetched: what is not given is reported as missing.\n"
      "Exit codes: 0 verified, 1 contradicted, 2 malformed, 3 inconclusive, 4 refused by policy,\n"
      "5 not hardware-attested, 64 usage, 70 internal.\n"
      "Examples:\n"
      "  mayfly evidence verify --evidence quote.bin --collateral lists/ --policy genuine-only\n"
      "  mayfly evidence verify --evidence quote.bin --collateral bundle.json --policy mine.json "
      "\\\n"
      "    --at 2026-03-01T12:00:00Z --json\n"
      "  mayfly evidence verify --kind snp --evidence report.bin --collateral certificates/ \\\n"
      "    --policy genuine-only\n"
      "  mayfly evidence verify --kind tpm --evidence q.msg --policy mine.json \\\n"
      "    --collateral signature=q.sig ak_public=ak.pub pcrs=q.pcrs");
  choose_judging(verb, chosen, [options] { return verify_evidence(*options); });
}

void add_show_verb(Verb parent, Action& chosen) {
  auto options = std::make_shared<EvidenceOptions>();
  Verb verb = parent.add_verb("show", "print what a quote says (does not verify it)");
  verb.add_option("evidence", options->evidence, "the quote").required().type_name("FILE");
  verb.add_option("--kind", options->kind, "what kind of evidence")
      .one_of({"tdx", "snp", "tpm", "nitro", "azure", "confidential-space"})
      .shows_default();
  verb.add_flag("--json", options->json, "as one JSON object");
  verb.footer("Example:\n  mayfly evidence show quote.bin");
  choose(verb, chosen, [options] { return show_evidence(*options); });
}

}  // namespace

void add_evidence(Verb program, Action& chosen) {
  Verb verb = program.add_verb("evidence", "verify or show a quote without a certificate");
  verb.needs_verb();
  add_verify_verb(verb, chosen);
  add_show_verb(verb, chosen);
}

}  // namespace mayfly::cli
