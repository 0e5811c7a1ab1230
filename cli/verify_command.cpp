// `mayfly verify`: what verify-cert does, and ids of the local store besides.
#include <memory>
#include <string>
#include <vector>

#include "cli/appraisal_time.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/judge_batch.hpp"
#include "cli/judge_certificate.hpp"
#include "cli/policy_argument.hpp"

namespace mayfly::cli {
namespace {

struct VerifyOptions {
  std::vector<std::string> certificates;
  std::string batch;
  bool compare = false;
  bool explain = false;
  std::string dataset;
  std::string at;
  std::string log_policy;
  std::string log;
  std::string tsa_roots;
  std::string trace;
  std::string policy = "default";
  bool json = false;
  bool quiet = false;
  bool no_colour = false;
};

ReportForm form_of(const VerifyOptions& options) {
  if (options.quiet) return ReportForm::none;
  if (options.explain) return ReportForm::explained;
  return options.json ? ReportForm::json : ReportForm::text;
}

Result<int> compare(const VerifyOptions& options, const JudgeOptions& judge) {
  if (options.certificates.size() != 2) {
    return fail(ErrorCode::malformed, "--compare takes two certificates");
  }
  if (judge.dataset || judge.log || judge.log_policy || judge.tsa_roots || judge.trace) {
    return fail(ErrorCode::malformed,
                "--compare judges by --policy and --at alone; give each certificate by itself for "
                "--dataset, --log, --log-policy, --tsa-roots and --trace");
  }
  TRY(const Bytes a, certificate_argument(options.certificates[0]));
  TRY(const Bytes b, certificate_argument(options.certificates[1]));
  return compare_certificates(a, b, judge);
}

Result<int> verify_one(const VerifyOptions& options, const JudgeOptions& judge) {
  if (options.certificates.empty() && options.explain) return explain_codes();
  if (options.certificates.size() != 1) {
    return fail(ErrorCode::malformed,
                "give one certificate: a file, - or an id; --compare A B takes two, --batch a "
                "folder of them");
  }
  if (options.certificates[0] == "-" && options.dataset == "-") {
    return fail(ErrorCode::malformed,
                "the certificate and the dataset cannot both come from standard input");
  }
  TRY(const Bytes certificate, certificate_argument(options.certificates[0]));
  return judge_certificate(certificate, judge);
}

Result<int> verify(const VerifyOptions& options) {
  JudgeOptions judge;
  if (!options.dataset.empty()) judge.dataset = options.dataset;
  if (!options.at.empty()) {
    TRY(judge.at, parse_appraisal_time(options.at));
  }
  if (!options.log_policy.empty()) judge.log_policy = options.log_policy;
  if (!options.log.empty()) judge.log = options.log;
  if (!options.tsa_roots.empty()) judge.tsa_roots = options.tsa_roots;
  if (!options.trace.empty()) judge.trace = options.trace;
  TRY(judge.policy, policy_argument(options.policy));
  judge.form = form_of(options);
  if (!options.no_colour) judge.colour = colour_of_standard_output();
  if (!options.batch.empty()) return judge_batch(options.batch, judge);
  return options.compare ? compare(options, judge) : verify_one(options, judge);
}

}  // namespace

void add_verify(Verb program, Action& chosen) {
  Verb verb = program.add_verb("verify", "check a certificate offline, as verify-cert does");
  auto options = std::make_shared<VerifyOptions>();
  verb.add_option("certificate", options->certificates, "file, - for standard input, or id")
      .type_name("FILE|ID");
  verb.add_flag("--compare", options->compare, "two certificates: the same claim? what differs?");
  verb.add_option("--batch", options->batch, "every *.json below it; -: one certificate a line")
      .type_name("FOLDER|-")
      .excludes("certificate")
      .excludes("--compare");
  verb.add_flag("--explain", options->explain, "what each check asks; alone: what each code means");
  verb.add_option("--dataset", options->dataset, "recompute this dataset's hash and compare")
      .type_name("PATH");
  verb.add_option("--at", options->at, "appraise as of this time (RFC 3339 or milliseconds)");
  verb.add_option("--log-policy", options->log_policy, "which logs and witnesses are believed")
      .type_name("FILE");
  verb.add_option("--log", options->log, "a copy of the log: count the attempts again, as of now")
      .type_name("FOLDER");
  verb.add_option("--tsa-roots", options->tsa_roots,
                  "time-stamping authorities that you trust: judge as of their time")
      .type_name("FILE");
  verb.add_option("--trace", options->trace, "the run's trace: recompute its root and compare")
      .type_name("FILE");
  verb.add_option("--policy", options->policy, "a document, or: default, genuine-only")
      .type_name("FILE|NAME")
      .shows_default();
  verb.add_flag("--json", options->json, "the report as one JSON object");
  verb.add_flag("-q,--quiet", options->quiet, "the exit code only");
  verb.add_flag("--no-color", options->no_colour, "no colour even on a terminal");
  verb.footer(
      "Exit codes: 0 verified, 1 contradicted, 2 malformed, 3 inconclusive, 4 refused by policy,\n"
      "5 consistent but not hardware-attested, 64 usage, 70 internal.\n"
      "Examples:\n  mayfly verify cert.json\n  mayfly verify cert_1a2b3c4d5e6f --dataset data.csv");
  choose_judging(verb, chosen, [options] { return verify(*options); });
}

}  // namespace mayfly::cli
