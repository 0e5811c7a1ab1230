// `mayfly collateral`: Intel's lists by themselves, for those who keep or carry them. Offline.
#include <algorithm>
#include <chrono>
#include <memory>

#include "attest/verify/anchors.hpp"
#include "attest/verify/collateral.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "cli/appraisal_time.hpp"
#include "cli/collateral_files.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/json_text.hpp"
#include "cli/print.hpp"
#include "cli/tee_part_files.hpp"
#include "verifier/tdx_collateral_parts.hpp"
#include "verifier/verdict.hpp"

namespace mayfly::cli {
namespace {

using attest::CheckOutcome;
using attest::CollateralAppraisal;
using attest::TdxFinding;
using verifier::Verdict;

struct CollateralOptions {
  std::vector<std::string> paths;
  std::string at;
  std::string evidence;
  std::string output;
  std::string kind = "tdx";
  bool json = false;
};

struct Loaded {
  verifier::TdxMaterial material;
  UnixMillis at;
};

Result<Loaded> load(const CollateralOptions& options) {
  Loaded out{.material = {}, .at = clock_now()};
  if (!options.at.empty()) {
    TRY(out.at, parse_appraisal_time(options.at));
  }
  Bytes quote;
  if (!options.evidence.empty()) {
    TRY(quote, read_regular_file(options.evidence, evidence_bytes_max));
  }
  TRY(out.material, read_tdx_material(options.paths, {.quote = quote, .at = out.at}));
  return out;
}

Verdict verdict_of(const CollateralAppraisal& appraisal) {
  attest::TdxVerdict worst = attest::TdxVerdict::accepted;
  for (const TdxFinding& finding : appraisal.findings) {
    if (finding.outcome == CheckOutcome::fail) {
      worst = std::max(worst, verdict_of_failure(finding.check));
    }
  }
  if (!appraisal.is_complete) {
    worst = std::max(worst, attest::TdxVerdict::inconclusive);
  }
  switch (worst) {
    case attest::TdxVerdict::accepted: return Verdict::verified;
    case attest::TdxVerdict::refused: return Verdict::refused;
    case attest::TdxVerdict::inconclusive: return Verdict::inconclusive;
    default: return Verdict::contradicted;
  }
}

std::string appraisal_json(const CollateralAppraisal& appraisal) {
  std::string out = "{";
  if (appraisal.tcb_info) {
    out +=
        fmt::format(R"("fmspc":"{}","tcb_info_evaluation_number":{},)",
                    hex_encode(appraisal.tcb_info->fmspc), appraisal.tcb_info->evaluation_number);
  }
  if (appraisal.qe_identity) {
    out += fmt::format(R"("qe_identity_evaluation_number":{},)",
                       appraisal.qe_identity->evaluation_number);
  }
  const auto time = [](const std::optional<UnixMillis>& at) {
    return at ? "\"" + to_rfc3339(*at) + "\"" : std::string("null");
  };
  return out + "\"earliest_expiry\":" + time(appraisal.earliest_expiry) +
         ",\"oldest_issue\":" + time(appraisal.oldest_issue) + "}";
}

std::string checks_json(const CollateralAppraisal& appraisal) {
  std::string out;
  for (const TdxFinding& finding : appraisal.findings) {
    out += (out.empty() ? "" : ",") +
           fmt::format(R"({{"check":"{}","detail":{},"outcome":"{}"}})", to_string(finding.check),
                       json_text(finding.detail), to_string(finding.outcome));
  }
  return "[" + out + "]";
}

// The PCK list's issuer is known from a quote only, so its signature is not judged here.
void include_pck_crl(CollateralAppraisal& appraisal) {
  if (appraisal.pck_crl) {
    const UnixMillis expiry = appraisal.pck_crl->next_update;
    appraisal.earliest_expiry = std::min(appraisal.earliest_expiry.value_or(expiry), expiry);
  }
}

Result<int> check(const CollateralOptions& options) {
  TRY(const Loaded loaded, load(options));
  CollateralAppraisal appraisal =
      attest::appraise_collateral(loaded.material.lists, attest::default_anchors(), loaded.at);
  include_pck_crl(appraisal);
  const Verdict verdict = verdict_of(appraisal);
  if (options.json) {
    print("{{\"checks\":{},\"exit_code\":{},\"facts\":{},\"verdict\":\"{}\"}}\n",
          checks_json(appraisal), exit_code(verdict), appraisal_json(appraisal),
          to_string(verdict));
    return exit_code(verdict);
  }
  print("{} as of {}\n", to_string(verdict), to_rfc3339(loaded.at));
  for (const TdxFinding& finding : appraisal.findings) {
    print("  {:<14} {:<24} {}\n", to_string(finding.outcome), to_string(finding.check),
          finding.detail);
  }
  if (appraisal.earliest_expiry) {
    print("  good until {}\n", to_rfc3339(*appraisal.earliest_expiry));
  }
  return exit_code(verdict);
}

void show_part(std::string_view name, const Bytes& bytes) {
  print("  {:<18} {}\n", name,
        bytes.empty() ? std::string("missing") : fmt::format("{} bytes", bytes.size()));
}

Result<int> show_collateral(const CollateralOptions& options) {
  TRY(const Loaded loaded, load(options));
  CollateralAppraisal appraisal =
      attest::appraise_collateral(loaded.material.lists, attest::default_anchors(), loaded.at);
  include_pck_crl(appraisal);
  if (options.json) {
    print("{}\n", appraisal_json(appraisal));
    return to_int(ExitCode::ok);
  }
  print("Intel's lists for TDX\n");
  show_part("TCB info", loaded.material.lists.tcb_info);
  show_part("QE identity", loaded.material.lists.qe_identity);
  show_part("TCB signing chain", loaded.material.lists.signing_chain);
  show_part("root CRL", loaded.material.lists.root_crl);
  show_part("PCK CRL", loaded.material.lists.pck_crl);
  if (appraisal.tcb_info) {
    print("  platform FMSPC {}, evaluation number {}, issued {}\n",
          hex_encode(appraisal.tcb_info->fmspc), appraisal.tcb_info->evaluation_number,
          to_rfc3339(appraisal.tcb_info->issue_date));
  }
  if (appraisal.earliest_expiry) {
    print("  good until {}\n", to_rfc3339(*appraisal.earliest_expiry));
  }
  return to_int(ExitCode::ok);
}

Result<int> write_bundle(const std::string& bundle, const std::string& path) {
  if (path == "-") {
    put_out(bundle);
    return to_int(ExitCode::ok);
  }
  CHECK_OK(write_file(path, bytes_of(bundle)));
  return to_int(ExitCode::ok);
}

Result<int> pack(const CollateralOptions& options) {
  TRY(const Loaded loaded, load(options));
  const attest::TdxCollateral& have = loaded.material.lists;
  for (const Bytes* part :
       {&have.tcb_info, &have.qe_identity, &have.signing_chain, &have.root_crl, &have.pck_crl}) {
    if (part->empty()) {
      return fail(
          ErrorCode::malformed,
          "a list is missing: `mayfly collateral show` says which; a bundle holds all five");
    }
  }
  TRY(const certificate::Collateral parts, verifier::tdx_parts(loaded.material));
  TRY(const std::string bundle, collateral_bundle(parts));
  return write_bundle(bundle, options.output);
}

// What stands beside other evidence than a TDX quote.
Result<int> pack_parts(const CollateralOptions& options) {
  if (options.kind == "tdx") {
    return pack(options);
  }
  Bytes quote;
  if (!options.evidence.empty()) {
    TRY(quote, read_regular_file(options.evidence, evidence_bytes_max));
  }
  TRY(const TeeFiles files, read_tee_files(options.kind, quote, options.paths));
  if (!files.parts) {
    return fail(ErrorCode::malformed, "there is nothing to pack: a Nitro document is all there is");
  }
  TRY(const std::string bundle, collateral_bundle(*files.parts));
  return write_bundle(bundle, options.output);
}

Verb add_verb(Verb parent, const char* name, const char* what,
              const std::shared_ptr<CollateralOptions>& options) {
  Verb verb = parent.add_verb(name, what);
  verb.add_option("paths", options->paths, "files, folders or a bundle")
      .required()
      .type_name("PATH");
  verb.add_option("--at", options->at, "as of this time (RFC 3339 or milliseconds)");
  verb.add_option("--evidence", options->evidence, "choose what fits this quote").type_name("FILE");
  return verb;
}

}  // namespace

void add_collateral(Verb program, Action& chosen) {
  Verb verb = program.add_verb("collateral", "look at, check or pack the vendor's lists");
  verb.needs_verb();
  auto show_options = std::make_shared<CollateralOptions>();
  Verb shown = add_verb(verb, "show", "what they are, and until when", show_options);
  shown.add_flag("--json", show_options->json, "as one JSON object");
  choose(shown, chosen, [show_options] { return show_collateral(*show_options); });

  auto check_options = std::make_shared<CollateralOptions>();
  Verb checked = add_verb(verb, "check", "are they Intel's, and valid?", check_options);
  checked.add_flag("--json", check_options->json, "as one JSON object");
  checked.footer(
      "Exit codes: 0 genuine and valid, 1 forged, 3 something is missing, 4 out of time.");
  choose(checked, chosen, [check_options] { return check(*check_options); });

  auto pack_options = std::make_shared<CollateralOptions>();
  Verb packed = add_verb(verb, "pack", "all five in one file, to carry", pack_options);
  packed.add_option("-o,--output", pack_options->output, "where to; - is standard output")
      .required()
      .type_name("FILE");
  packed.add_option("--kind", pack_options->kind, "what evidence it stands beside")
      .one_of({"tdx", "snp", "tpm", "azure"})
      .shows_default();
  choose(packed, chosen, [pack_options] { return pack_parts(*pack_options); });
}

}  // namespace mayfly::cli
