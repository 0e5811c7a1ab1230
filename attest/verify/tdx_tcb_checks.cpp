#include "attest/verify/tdx_tcb_checks.hpp"

#include <algorithm>
#include <string>

#include "attest/verify/tcb_match.hpp"
#include "attest/verify/tdx_finding.hpp"

namespace mayfly::attest {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::string_view no_tcb_info = "there is no TCB info that Intel signed";
constexpr std::string_view no_platform = "it is not known which platform the quote is of";

TdxFinding check_revocation(const TcbQuestion& question) {
  const CollateralAppraisal& collateral = question.collateral;
  std::string revoked;
  const auto look = [&revoked](const crypto::X509Crl& crl, ByteView serial, const char* what) {
    if (crypto::is_revoked(crl, serial)) {
      revoked += revoked.empty() ? "" : ", ";
      revoked += what;
    }
  };
  if (collateral.root_crl) {
    look(*collateral.root_crl, question.chain.issuers->authority.parsed.serial, "the PCK's CA");
    if (!collateral.signing_serial.empty()) {
      look(*collateral.root_crl, collateral.signing_serial, "the TCB signing certificate");
    }
  }
  if (question.pck_crl.is_verified) {
    look(*collateral.pck_crl, question.chain.leaf->parsed.serial, "the PCK certificate");
  }
  if (!revoked.empty()) {
    return {TdxCheck::revocation, CheckOutcome::fail, "revoked by its issuer: " + revoked};
  }
  if (!collateral.root_crl || !question.pck_crl.is_verified || collateral.signing_serial.empty()) {
    return not_evaluated(TdxCheck::revocation, "a revocation list or a certificate is missing");
  }
  return {TdxCheck::revocation, CheckOutcome::pass, ""};
}

TdxFinding check_info_platform(const TcbQuestion& question) {
  if (!question.collateral.tcb_info) {
    return not_evaluated(TdxCheck::tcb_info_platform, no_tcb_info);
  }
  if (!question.chain.platform) {
    return not_evaluated(TdxCheck::tcb_info_platform, no_platform);
  }
  const TcbInfo& info = *question.collateral.tcb_info;
  const PckExtension& platform = *question.chain.platform;
  return pass_if(TdxCheck::tcb_info_platform,
                 info.fmspc == platform.fmspc && info.pce_id == platform.pce_id,
                 "the TCB info is for another kind of platform (FMSPC or PCE id)");
}

// Fills `level` on success.
TdxFinding check_qe(const TcbQuestion& question, const IsvTcbLevel*& level) {
  if (!question.collateral.qe_identity) {
    return not_evaluated(TdxCheck::qe_identity_match, "there is no QE identity that Intel signed");
  }
  const auto found = check_qe_report(question.quote.qe_report, *question.collateral.qe_identity);
  if (!found) {
    return {TdxCheck::qe_identity_match, CheckOutcome::fail, found.error().message()};
  }
  level = *found;
  return {TdxCheck::qe_identity_match, CheckOutcome::pass, ""};
}

TdxFinding check_module_identity(const TcbQuestion& question) {
  if (!question.collateral.tcb_info) {
    return not_evaluated(TdxCheck::tdx_module_identity, no_tcb_info);
  }
  const auto found = check_module(question.quote.body, *question.collateral.tcb_info);
  if (!found) {
    return {TdxCheck::tdx_module_identity, CheckOutcome::fail, found.error().message()};
  }
  return {TdxCheck::tdx_module_identity, CheckOutcome::pass, ""};
}

struct Levels {
  const PlatformTcbLevel* platform;
  const IsvTcbLevel* module;
};

Result<Levels> match(const PckExtension& platform, const TeeTcbSvn& svn, const TcbInfo& info) {
  TRY(const PlatformTcbLevel* const level, match_platform(platform, svn, info));
  TRY(const IsvTcbLevel* const module, match_module(svn, info));
  return Levels{level, module};
}

Result<TdxTcb> stand(const TcbQuestion& question, const IsvTcbLevel& qe) {
  const TcbInfo& info = *question.collateral.tcb_info;
  const PckExtension& platform = *question.chain.platform;
  const TdQuoteBody& body = question.quote.body;
  TRY(const Levels launch, match(platform, body.tee_tcb_svn, info));
  TdxTcb out;
  out.platform = launch.platform->standing.status;
  if (launch.module != nullptr) {
    out.module = launch.module->standing.status;
  }
  out.quoting_enclave = qe.standing.status;
  out.tcb_info_evaluation_number = info.evaluation_number;
  out.qe_identity_evaluation_number = question.collateral.qe_identity->evaluation_number;
  out.standing = converge(launch.platform->standing, launch.module, &qe);
  if (body.kind == TdBodyKind::td_1_5) {
    TRY(const Levels current, match(platform, body.tee_tcb_svn_2, info));
    out.standing =
        converge_relaunch(out.standing, converge(current.platform->standing, current.module, &qe));
  }
  return out;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += out.empty() ? "" : ", ";
    out += word;
  }
  return out;
}

Result<void> accept_status(const TcbStanding& standing, const AcceptedTcb& accepted,
                           UnixMillis at) {
  const std::string name(to_string(standing.status));
  const std::string since =
      name + " since a TCB of " + to_rfc3339(standing.tcb_date).substr(0, 10) +
      (standing.advisories.empty() ? "" : " (" + list_of(standing.advisories) + ")");
  const auto refuse = [](std::string why) { return fail(ErrorCode::rejected, std::move(why)); };
  if (standing.status == TcbStatus::revoked) {
    return refuse("the platform's TCB is revoked: " + since);
  }
  if (std::ranges::find(accepted.statuses, standing.status) == accepted.statuses.end()) {
    return refuse("the policy does not accept this TCB status: " + since);
  }
  const auto* known = std::get_if<std::vector<std::string>>(&accepted.advisories);
  if (standing.status != TcbStatus::up_to_date && known != nullptr) {
    std::vector<std::string> open;
    std::ranges::copy_if(standing.advisories, std::back_inserter(open), [known](const auto& each) {
      return std::ranges::find(*known, each) == known->end();
    });
    if (!open.empty()) {
      return refuse(name +
                    " because of advisories that the policy does not accept: " + list_of(open));
    }
  }
  if (is_out_of_date(standing.status) &&
      at.value > standing.tcb_date.value + accepted.out_of_date_grace_days * day_ms) {
    return refuse("the grace for an out-of-date platform is over: " + since);
  }
  return {};
}

TdxFinding check_evaluation_number(const TcbQuestion& question) {
  if (const auto* any = std::get_if<Any>(&question.policy.evaluation_number_min)) {
    return {TdxCheck::tcb_evaluation_number, CheckOutcome::not_asked, any->reason};
  }
  if (!question.collateral.tcb_info || !question.collateral.qe_identity) {
    return not_evaluated(TdxCheck::tcb_evaluation_number, "a list that Intel signed is missing");
  }
  const std::uint32_t lowest = std::min(question.collateral.tcb_info->evaluation_number,
                                        question.collateral.qe_identity->evaluation_number);
  const std::uint32_t wanted = std::get<std::uint32_t>(question.policy.evaluation_number_min);
  return pass_if(TdxCheck::tcb_evaluation_number, lowest >= wanted,
                 "a list has evaluation number " + std::to_string(lowest) +
                     ", and the policy asks for " + std::to_string(wanted) + " or more");
}

TdxFinding check_age(const TcbQuestion& question) {
  if (const auto* any = std::get_if<Any>(&question.policy.collateral_age_days_max)) {
    return {TdxCheck::collateral_age, CheckOutcome::not_asked, any->reason};
  }
  if (!question.collateral.oldest_issue || !question.collateral.pck_crl) {
    return not_evaluated(TdxCheck::collateral_age, "a list is missing");
  }
  const UnixMillis oldest =
      std::min(*question.collateral.oldest_issue, question.collateral.pck_crl->this_update);
  const std::int64_t days_max = std::get<std::int64_t>(question.policy.collateral_age_days_max);
  return pass_if(TdxCheck::collateral_age, question.at.value - oldest.value <= days_max * day_ms,
                 "a list was issued at " + to_rfc3339(oldest) + ", and the policy accepts " +
                     std::to_string(days_max) + " days of age");
}

}  // namespace

PckCrlFindings check_pck_crl(const CollateralAppraisal& collateral, const PckIssuers& issuers,
                             UnixMillis at) {
  PckCrlFindings out;
  if (!collateral.pck_crl) {
    const bool is_missing = collateral.pck_crl_unreadable.empty();
    out.findings = {is_missing
                        ? not_evaluated(TdxCheck::pck_crl, "the PCK revocation list was not given")
                        : TdxFinding{TdxCheck::pck_crl, CheckOutcome::fail,
                                     "the PCK revocation list: " + collateral.pck_crl_unreadable},
                    not_evaluated(TdxCheck::pck_crl_validity, "there is no PCK revocation list")};
    return out;
  }
  const crypto::X509Crl& crl = *collateral.pck_crl;
  const auto verified = crypto::verify_crl_issued_by(crl, issuers.authority.parsed);
  out.is_verified = verified.has_value();
  if (!verified) {
    out.findings = {
        {TdxCheck::pck_crl, CheckOutcome::fail,
         "the PCK revocation list: " + verified.error().message()},
        not_evaluated(TdxCheck::pck_crl_validity, "the list is not that of the PCK's CA")};
    return out;
  }
  const std::string why =
      not_valid_at({"the PCK revocation list", crl.this_update, crl.next_update}, at);
  out.findings = {{TdxCheck::pck_crl, CheckOutcome::pass, ""},
                  pass_if(TdxCheck::pck_crl_validity, why.empty(),
                          why + "; it is used as of " + to_rfc3339(at))};
  return out;
}

TcbFindings check_tcb(const TcbQuestion& question) {
  TcbFindings out;
  const IsvTcbLevel* qe_level = nullptr;
  const TdxFinding platform = check_info_platform(question);
  out.findings = {check_revocation(question), platform, check_qe(question, qe_level),
                  check_module_identity(question)};
  if (platform.outcome != CheckOutcome::pass || qe_level == nullptr) {
    out.findings.push_back(
        not_evaluated(TdxCheck::tcb_level, "the lists are not there, or not for this platform"));
    out.findings.push_back(not_evaluated(TdxCheck::tcb_status, "there is no TCB level"));
  } else if (auto tcb = stand(question, *qe_level); !tcb) {
    out.findings.push_back({TdxCheck::tcb_level, CheckOutcome::fail, tcb.error().message()});
    out.findings.push_back(not_evaluated(TdxCheck::tcb_status, "there is no TCB level"));
  } else {
    out.findings.push_back({TdxCheck::tcb_level, CheckOutcome::pass, ""});
    out.findings.push_back(pass_or_fail(
        TdxCheck::tcb_status, accept_status(tcb->standing, question.policy.tcb, question.at)));
    out.tcb = std::move(*tcb);
  }
  out.findings.push_back(check_evaluation_number(question));
  out.findings.push_back(check_age(question));
  return out;
}

}  // namespace mayfly::attest
