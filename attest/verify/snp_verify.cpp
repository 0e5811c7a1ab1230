#include "attest/verify/snp_verify.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "attest/verify/refuse.hpp"
#include "attest/verify/snp_certificate.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/pki_chain.hpp"
#include "crypto/revocation_list.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 30> CheckTable<SnpCheck>::rows{{
    {CheckStage::layout, "report_layout"},
    {CheckStage::chain, "chain_readable"},
    {CheckStage::chain, "chain_algorithm"},
    {CheckStage::chain, "chain_anchor"},
    {CheckStage::chain, "chain_names"},
    {CheckStage::chain, "chain_constraints"},
    {CheckStage::chain, "chain_signatures"},
    {CheckStage::chain, "chain_validity"},
    {CheckStage::policy, "revocation_list"},
    {CheckStage::policy, "revocation_list_validity"},
    {CheckStage::policy, "chain_revocation"},
    {CheckStage::chain, "key_kind"},
    {CheckStage::chain, "certificate_product"},
    {CheckStage::chain, "certificate_tcb"},
    {CheckStage::chain, "certificate_chip"},
    {CheckStage::signature, "report_signature"},
    {CheckStage::policy, "guest_policy"},
    {CheckStage::policy, "debug_off"},
    {CheckStage::policy, "migration_off"},
    {CheckStage::policy, "smt_off"},
    {CheckStage::policy, "single_socket"},
    {CheckStage::policy, "tcb_order"},
    {CheckStage::policy, "tcb_minimum"},
    {CheckStage::policy, "vmpl"},
    {CheckStage::policy, "measurement"},
    {CheckStage::policy, "host_data"},
    {CheckStage::policy, "id_key"},
    {CheckStage::policy, "provider"},
    {CheckStage::policy, "chip"},
    {CheckStage::binding, "report_data"},
}};

namespace {

using SnpFindings = Findings<SnpCheck>;
using Chain = std::vector<crypto::PkiCertificate>;

constexpr std::size_t vcek_chain_length = 3;

// RSASSA-PSS with SHA-384, MGF1 with SHA-384, a salt of 48 bytes: AMD's certificates also spell out
// the trailer field, which has its default.
constexpr std::array<std::uint8_t, 72> pss_with_trailer{
    0x30, 0x46, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x39,
    0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
    0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
    0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
    0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01};

bool is_pss_of_amd(const Bytes& algorithm) {
  if (std::ranges::equal(algorithm, pss_with_trailer)) {
    return true;
  }
  Bytes without_trailer(pss_with_trailer.begin(), pss_with_trailer.end() - 5);
  without_trailer[1] = 0x41;
  without_trailer[14] = 0x34;
  return algorithm == without_trailer;
}

// The chain as far as it can be read, and the product whose root it ends in.
struct SigningKey {
  std::optional<Chain> chain;
  std::optional<SnpProduct> product;
  Result<SnpKeyCertificate> certificate = refuse("there is no chain to a pinned root");
};

Result<void> check_algorithm(const Chain& chain) {
  for (const auto& certificate : chain) {
    if (!is_pss_of_amd(certificate.signature_algorithm())) {
      return refuse("a certificate is not signed with RSA-PSS, SHA-384 and a salt of 48 bytes");
    }
  }
  return {};
}

void judge_vcek_chain(const SnpEvidence& evidence, const SnpPolicy& policy, UnixMillis at,
                      SigningKey& key, SnpFindings& findings) {
  if (evidence.certificate_chain.empty()) {
    for (auto i = std::to_underlying(SnpCheck::chain_readable);
         i <= std::to_underlying(SnpCheck::certificate_chip); ++i) {
      findings.leave_out(static_cast<SnpCheck>(i), "no certificates were given");
    }
    return;
  }
  auto chain = crypto::read_pki_chain(evidence.certificate_chain);
  if (!chain || chain->size() != vcek_chain_length) {
    findings.fail(SnpCheck::chain_readable,
                  chain ? "there must be three certificates: VCEK or VLEK, ASK or ASVK, ARK"
                        : chain.error().message());
    return;
  }
  findings.judge(SnpCheck::chain_readable, {});
  findings.judge(SnpCheck::chain_algorithm, check_algorithm(*chain));
  std::vector<ByteView> roots;
  for (const SnpAnchor& anchor : policy.anchors) {
    roots.push_back(anchor.root_certificate);
    if (std::ranges::equal(anchor.root_certificate, chain->back().der())) {
      key.product = anchor.product;
    }
  }
  const auto report = crypto::check_pki_chain(*chain, roots, at);
  findings.judge(SnpCheck::chain_anchor, report.anchored);
  findings.judge(SnpCheck::chain_names, report.names);
  findings.judge(SnpCheck::chain_constraints, report.constraints);
  findings.judge(SnpCheck::chain_signatures, report.signatures);
  findings.judge(SnpCheck::chain_validity, report.validity);
  key.chain = std::move(*chain);
}

constexpr std::array revocation_checks{
    SnpCheck::revocation_list, SnpCheck::revocation_list_validity, SnpCheck::chain_revocation};

void judge_list(ByteView bytes, const Chain& chain, UnixMillis at, SnpFindings& findings) {
  const auto list = crypto::RevocationList::parse(bytes);
  const Result<void> issued =
      list ? list->check_issued_by(chain[2]) : Result<void>(std::unexpected(list.error()));
  findings.judge(SnpCheck::revocation_list, issued);
  if (!issued) {
    for (const SnpCheck check : std::span(revocation_checks).subspan(1)) {
      findings.leave_out(check, "the list is not the root's");
    }
    return;
  }
  findings.judge(SnpCheck::revocation_list_validity, list->check_current(at));
  findings.judge(SnpCheck::chain_revocation, list->check_not_revoked(chain[1]));
}

void judge_revocation(const SnpEvidence& evidence, const SnpPolicy& policy, const Chain& chain,
                      UnixMillis at, SnpFindings& findings) {
  if (const Any* waiver = std::get_if<Any>(&policy.revocation)) {
    for (const SnpCheck check : revocation_checks) {
      findings.waive(check, *waiver);
    }
  } else if (!evidence.revocation_list) {
    for (const SnpCheck check : revocation_checks) {
      findings.leave_out(check, "the root's revocation list was not given");
    }
  } else {
    judge_list(*evidence.revocation_list, chain, at, findings);
  }
}

Result<void> check_key_kind(const ParsedSnpReport& report, const Chain& chain, SnpProduct product) {
  if (!report.key_kind) {
    return refuse("the report names no key that it is signed with");
  }
  const bool is_vcek = *report.key_kind == SnpKeyKind::vcek;
  const std::string leaf = is_vcek ? "SEV-VCEK" : "SEV-VLEK";
  const std::string issuer = (is_vcek ? "SEV-" : "SEV-VLEK-") + std::string(to_string(product));
  if (chain[0].common_name() != leaf || chain[1].common_name() != issuer) {
    return refuse("the report names a " + std::string(is_vcek ? "VCEK" : "VLEK") +
                  ", and the certificates are another key's");
  }
  return {};
}

Result<void> check_product(const ParsedSnpReport& report, const SnpKeyCertificate& certificate,
                           SnpProduct product) {
  const std::string_view name = certificate.product_name;
  const bool is_named =
      name.starts_with(to_string(product)) ||
      (product == SnpProduct::genoa && (name.starts_with("Bergamo") || name.starts_with("Siena")));
  if (!is_named) {
    return refuse("the certificate is of another product than its root");
  }
  if (report.cpu && snp_product_of(*report.cpu) != product) {
    return refuse("the report is of another product's CPU than the certificate's root");
  }
  return {};
}

Result<void> check_chip(const ParsedSnpReport& report, const SnpKeyCertificate& certificate) {
  if (report.is_chip_masked) {
    return refuse("the host masks the chip's id, so that the chip's key cannot be told to be its");
  }
  const ByteView chip(report.chip_id);
  const std::size_t size = certificate.hardware_id.size();
  const bool is_same =
      std::ranges::equal(chip.first(size), certificate.hardware_id) && are_zero(chip.subspan(size));
  if (!is_same) {
    return refuse("the certificate is of another chip than the report");
  }
  return {};
}

void judge_vcek(const ParsedSnpReport& report, const SnpPolicy& policy, const SigningKey& key,
                SnpFindings& findings) {
  if (!key.certificate) {
    for (const SnpCheck check :
         {SnpCheck::certificate_product, SnpCheck::certificate_tcb, SnpCheck::certificate_chip}) {
      findings.fail(check, key.certificate.error().message());
    }
    return;
  }
  const SnpKeyCertificate& certificate = *key.certificate;
  findings.judge(SnpCheck::certificate_product, check_product(report, certificate, *key.product));
  const auto reported = snp_tcb_of(*key.product, report.reported_tcb);
  findings.pass_if(SnpCheck::certificate_tcb, reported && *reported == certificate.tcb,
                   "the certificate is of the key of other firmware than the reported one");
  if (report.key_kind == SnpKeyKind::vcek) {
    findings.judge(SnpCheck::certificate_chip, check_chip(report, certificate));
    findings.judge(SnpCheck::provider, {});
    return;
  }
  findings.judge(SnpCheck::certificate_chip, {});
  findings.expect(SnpCheck::provider, policy.providers,
                  [&](const std::vector<std::string>& providers) -> Result<void> {
                    if (std::ranges::find(providers, certificate.provider) == providers.end()) {
                      return refuse("the key was lent to a provider that the policy does not name");
                    }
                    return {};
                  });
}

struct Tcbs {
  SnpTcb current;
  SnpTcb reported;
  SnpTcb committed;
  SnpTcb launch;
};

Result<Tcbs> tcbs_of(const ParsedSnpReport& report, SnpProduct product) {
  Tcbs out;
  TRY(out.current, snp_tcb_of(product, report.current_tcb));
  TRY(out.reported, snp_tcb_of(product, report.reported_tcb));
  TRY(out.committed, snp_tcb_of(product, report.committed_tcb));
  TRY(out.launch, snp_tcb_of(product, report.launch_tcb));
  return out;
}

void judge_tcbs(const Result<Tcbs>& tcbs, const SnpPolicy& policy, SnpFindings& findings) {
  if (!tcbs) {
    findings.fail(SnpCheck::tcb_order, tcbs.error().message());
    findings.fail(SnpCheck::tcb_minimum, tcbs.error().message());
    return;
  }
  findings.pass_if(
      SnpCheck::tcb_order,
      tcbs->current.is_at_least(tcbs->reported) && tcbs->current.is_at_least(tcbs->committed) &&
          tcbs->current.is_at_least(tcbs->launch) && tcbs->reported.is_at_least(tcbs->committed),
      "the firmware versions contradict each other: committed, reported and launch "
      "are not above current, nor committed above reported");
  findings.expect(
      SnpCheck::tcb_minimum, policy.tcb_minimum, [&](const SnpTcb& minimum) -> Result<void> {
        if (!tcbs->reported.is_at_least(minimum) || !tcbs->committed.is_at_least(minimum) ||
            !tcbs->launch.is_at_least(minimum)) {
          return refuse(
              "the firmware is, may be made, or was at launch older than the "
              "policy's minimum");
        }
        return {};
      });
}

Result<void> check_guest_policy(std::uint64_t guest_policy, const SnpPolicy& policy) {
  if ((guest_policy & snp_policy_bit::reserved_one) == 0 ||
      (guest_policy & snp_policy_bit::reserved_zero) != 0) {
    return refuse("the guest's policy has a reserved bit that is not as reserved");
  }
  const auto* minimum = std::get_if<SnpAbi>(&policy.abi_minimum);
  const auto minor = static_cast<std::uint8_t>(guest_policy);
  const auto major = static_cast<std::uint8_t>(guest_policy >> 8U);
  if (minimum != nullptr && std::pair(major, minor) < std::pair(minimum->major, minimum->minor)) {
    return refuse("the guest accepts firmware of an older interface than the policy's minimum");
  }
  return {};
}

Result<void> refuse_bit(std::uint64_t guest_policy, std::uint64_t bit, const char* why) {
  if ((guest_policy & bit) != 0) {
    return refuse(why);
  }
  return {};
}

void judge_guest_policy(std::uint64_t guest_policy, const SnpPolicy& policy,
                        SnpFindings& findings) {
  const auto reserved = check_guest_policy(guest_policy, policy);
  const Any* waiver = std::get_if<Any>(&policy.abi_minimum);
  if (reserved && waiver != nullptr) {
    findings.waive(SnpCheck::guest_policy, *waiver);
  } else {
    findings.judge(SnpCheck::guest_policy, reserved);
  }
  findings.expect(SnpCheck::debug_off, policy.debug_off, [&](const auto&) {
    return refuse_bit(guest_policy, snp_policy_bit::debug_allowed,
                      "the guest allows debugging: its host can read and change its memory");
  });
  findings.expect(SnpCheck::migration_off, policy.migration_off, [&](const auto&) {
    return refuse_bit(guest_policy, snp_policy_bit::migration_allowed,
                      "the guest allows a migration agent, which may move it elsewhere");
  });
  findings.expect(SnpCheck::smt_off, policy.smt_off, [&](const auto&) {
    return refuse_bit(guest_policy, snp_policy_bit::smt_allowed,
                      "the guest may run beside another on the same core");
  });
  findings.expect(SnpCheck::single_socket, policy.single_socket, [&](const auto&) -> Result<void> {
    if ((guest_policy & snp_policy_bit::single_socket) == 0) {
      return refuse("the guest may be spread over several sockets");
    }
    return {};
  });
}

template <class T>
void judge_one_of(SnpCheck check, const T& value, const Expected<std::vector<T>>& expected,
                  const char* otherwise, SnpFindings& findings) {
  findings.expect(check, expected, [&](const std::vector<T>& values) -> Result<void> {
    if (std::ranges::find(values, value) == values.end()) {
      return refuse(otherwise);
    }
    return {};
  });
}

template <class T>
void judge_equal(SnpCheck check, const T& value, const Expected<T>& expected, const char* otherwise,
                 SnpFindings& findings) {
  findings.expect(check, expected, [&](const T& wanted) -> Result<void> {
    if (value != wanted) {
      return refuse(otherwise);
    }
    return {};
  });
}

void judge_guest(const ParsedSnpReport& report, const SnpPolicy& policy, SnpFindings& findings) {
  judge_guest_policy(report.policy, policy, findings);
  judge_equal(SnpCheck::vmpl, report.vmpl, policy.vmpl,
              "the report was asked for at another privilege level", findings);
  judge_one_of(SnpCheck::measurement, report.measurement, policy.measurements,
               "what the guest was started with is none of the reference values", findings);
  judge_equal(SnpCheck::host_data, report.host_data, policy.host_data,
              "the host gave the guest other data than expected", findings);
  judge_one_of(SnpCheck::id_key, report.id_key_digest, policy.id_keys,
               "the guest's owner is none of those that the policy names", findings);
  judge_one_of(SnpCheck::chip, Bytes(report.chip_id.begin(), report.chip_id.end()), policy.chips,
               "the chip is none of those that the policy names", findings);
  findings.expect(SnpCheck::report_data, policy.report_data,
                  [&](const auto& wanted) -> Result<void> {
                    if (!crypto::equal_in_constant_time(report.report_data, wanted)) {
                      return refuse("the report was made for other bytes than those asked for");
                    }
                    return {};
                  });
}

void judge_key(const ParsedSnpReport& report, const SnpEvidence& evidence, const SnpPolicy& policy,
               UnixMillis at, SigningKey& key, SnpFindings& findings) {
  if (!key.chain) {
    return;
  }
  judge_revocation(evidence, policy, *key.chain, at, findings);
  findings.judge(SnpCheck::report_signature,
                 key.chain->front().public_key().verify(
                     {.form = crypto::SignatureForm::ecdsa, .hash = crypto::HashAlgorithm::sha384},
                     report.signed_bytes, report.signature));
  if (!key.product) {
    return;  // What is left depends on the product, and no pinned root says which it is.
  }
  findings.judge(SnpCheck::key_kind, check_key_kind(report, *key.chain, *key.product));
  if (report.key_kind) {
    key.certificate = read_snp_certificate(key.chain->front(), *key.product, *report.key_kind);
    judge_vcek(report, policy, key, findings);
  }
}

VerifiedSnpReport verified_report(const ParsedSnpReport& report, const SigningKey& key,
                                  const Tcbs& tcbs) {
  return {.product = *key.product,
          .key_kind = *report.key_kind,
          .version = report.version,
          .guest_svn = report.guest_svn,
          .policy = report.policy,
          .vmpl = report.vmpl,
          .platform_info = report.platform_info,
          .current = tcbs.current,
          .reported = tcbs.reported,
          .committed = tcbs.committed,
          .launch = tcbs.launch,
          .report_data = report.report_data,
          .measurement = report.measurement,
          .host_data = report.host_data,
          .id_key_digest = report.id_key_digest,
          .chip_id = report.chip_id,
          .provider = key.certificate->provider};
}

}  // namespace

SnpAppraisal appraise_snp(const SnpEvidence& evidence, const SnpPolicy& policy, UnixMillis at) {
  SnpAppraisal out;
  SnpFindings& findings = out.findings;
  SigningKey key;
  judge_vcek_chain(evidence, policy, at, key, findings);
  const auto report = parse_snp_report(evidence.report);
  if (!report) {
    findings.fail(SnpCheck::report_layout, report.error().message());
    return out;
  }
  findings.judge(SnpCheck::report_layout, {});
  judge_key(*report, evidence, policy, at, key, findings);
  judge_guest(*report, policy, findings);
  std::optional<Result<Tcbs>> tcbs;
  if (key.product) {
    tcbs = tcbs_of(*report, *key.product);
    judge_tcbs(*tcbs, policy, findings);
  }
  out.verdict = findings.verdict();
  if (findings.holds(CheckStage::layout) && findings.holds(CheckStage::chain) &&
      findings.holds(CheckStage::signature) && tcbs && *tcbs && key.certificate) {
    out.verified = verified_report(*report, key, **tcbs);
  }
  return out;
}

}  // namespace mayfly::attest
