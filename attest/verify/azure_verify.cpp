#include "attest/verify/azure_verify.hpp"

#include <algorithm>
#include <utility>

#include "attest/verify/refuse.hpp"
#include "crypto/constant_time.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 7> CheckTable<AzureCheck>::rows{{
    {CheckStage::layout, "azure_layout"},
    {CheckStage::chain, "azure_tee_kind"},
    {CheckStage::chain, "azure_tee_report"},
    {CheckStage::chain, "azure_claims_bound"},
    {CheckStage::chain, "azure_claims"},
    {CheckStage::signature, "azure_quote"},
    {CheckStage::policy, "azure_secure_boot"},
}};

namespace {

Result<void> check_bound(const ParsedAzureReport& report, const AzureTeeReport& tee) {
  if (!tee.report_data) {
    return refuse("the hardware report is not genuine, so it binds nothing");
  }
  if (!crypto::equal_in_constant_time(*tee.report_data, azure_report_data(report))) {
    return refuse("the hardware report was made for other claims");
  }
  return {};
}

void judge_verdict(AzureCheck check, EvidenceVerdict verdict, const char* what,
                   Findings<AzureCheck>& findings) {
  const std::string text = std::string(what) + " was found " + std::string(to_string(verdict));
  if (verdict == EvidenceVerdict::inconclusive) {
    findings.leave_out(check, text);
  } else {
    findings.pass_if(check, verdict == EvidenceVerdict::accepted, text);
  }
}

void judge_quote(const crypto::PublicKey& key, AzureTee tee, const AzureQuote& quote,
                 const AzurePolicy& policy, UnixMillis at, AzureAppraisal& out) {
  TpmPolicy quote_policy = policy.quote;
  quote_policy.key_trust = TpmKeyVouchedFor{};
  const TpmEvidence evidence{
      .attest = quote.attest,
      .signature = quote.signature,
      .attestation_key =
          TpmKeyWithoutArea{key, tee == AzureTee::snp
                                     ? "claims of Azure's paravisor in an SEV-SNP report"
                                     : "claims of Azure's paravisor in a TDX quote"},
      .pcrs = quote.pcrs,
      .certificate_chain = {}};
  out.quote = appraise_tpm(evidence, quote_policy, at);
  judge_verdict(AzureCheck::azure_quote, out.quote.verdict, "the virtual TPM's quote",
                out.findings);
}

void judge_claims(const ParsedAzureReport& report, const AzureQuote& quote,
                  const AzurePolicy& policy, UnixMillis at, AzureAppraisal& out,
                  std::string& vm_id) {
  const auto claims = AzureJson::parse(report.claims);
  if (!claims) {
    out.findings.fail(AzureCheck::azure_claims, claims.error().message());
    return;
  }
  const auto key = azure_attestation_key(*claims);
  if (!key) {
    out.findings.fail(AzureCheck::azure_claims, key.error().message());
  } else {
    out.findings.judge(AzureCheck::azure_claims, {});
    judge_quote(*key, report.tee, quote, policy, at, out);
  }
  out.findings.expect(AzureCheck::azure_secure_boot, policy.secure_boot,
                      [&](const auto&) -> Result<void> {
                        if (claims->boolean_at("vm-configuration/secure-boot") != true) {
                          return refuse("the machine started without Secure Boot");
                        }
                        return {};
                      });
  vm_id = claims->string_at("vm-configuration/vmUniqueId").value_or("");
}

EvidenceVerdict worse(EvidenceVerdict left, EvidenceVerdict right) {
  return std::min(left, right);  // in the order of their declaration, the worst first
}

}  // namespace

AzureAppraisal appraise_azure(ByteView azure_report, const AzureTeeReport& tee,
                              const AzureQuote& quote, const AzurePolicy& policy, UnixMillis at) {
  AzureAppraisal out;
  const auto report = parse_azure_report(azure_report);
  if (!report) {
    out.findings.fail(AzureCheck::azure_layout, report.error().message());
    return out;
  }
  out.findings.judge(AzureCheck::azure_layout, {});
  out.findings.pass_if(AzureCheck::azure_tee_kind, report->tee == tee.tee,
                       "the report is of another TEE than the one that was appraised");
  judge_verdict(AzureCheck::azure_tee_report, tee.verdict, "the hardware report", out.findings);
  if (tee.verdict == EvidenceVerdict::inconclusive && !tee.report_data) {
    out.findings.leave_out(AzureCheck::azure_claims_bound,
                           "there is no hardware report to look in");
  } else {
    out.findings.judge(AzureCheck::azure_claims_bound, check_bound(*report, tee));
  }
  std::string vm_id;
  judge_claims(*report, quote, policy, at, out, vm_id);
  out.verdict = out.findings.verdict();
  const auto passed = [&out](AzureCheck check) {
    return out.findings.at(check).outcome == FindingOutcome::pass;
  };
  out.is_genuine = passed(AzureCheck::azure_tee_kind) && passed(AzureCheck::azure_claims_bound) &&
                   passed(AzureCheck::azure_claims) && out.quote.verified;
  if (!out.is_genuine) {
    // A quote whose key nobody vouches for says nothing.
    out.quote.verified.reset();
  }
  if (out.verdict == EvidenceVerdict::accepted) {
    out.vm_id = std::move(vm_id);
  }
  return out;
}

AzureSnpAppraisal appraise_azure_snp(ByteView azure_report, std::vector<Bytes> certificate_chain,
                                     std::optional<ByteView> revocation_list,
                                     const AzureQuote& quote, SnpPolicy snp_policy,
                                     const AzurePolicy& policy, UnixMillis at) {
  AzureSnpAppraisal out;
  const auto report = parse_azure_report(azure_report);
  AzureTeeReport tee{
      .tee = AzureTee::snp, .verdict = EvidenceVerdict::malformed, .report_data = std::nullopt};
  if (report) {
    snp_policy.report_data = azure_report_data(*report);
    out.snp = appraise_snp({.report = report->hardware_report,
                            .certificate_chain = std::move(certificate_chain),
                            .revocation_list = revocation_list},
                           snp_policy, at);
    tee.verdict = out.snp.verdict;
    if (out.snp.verified) {
      tee.report_data = out.snp.verified->report_data;
    }
  }
  out.azure = appraise_azure(azure_report, tee, quote, policy, at);
  out.verdict = worse(out.snp.verdict, out.azure.verdict);
  return out;
}

}  // namespace mayfly::attest
