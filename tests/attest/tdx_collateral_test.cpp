// What no real vector covers, under a root of this test's own: revoked, out of configuration,
// expired, relaunched; and that no byte of anything signed can be changed.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "attest/verify/collateral_envelope.hpp"
#include "tests/attest/tdx_forge.hpp"
#include "tests/attest/test_intel.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

void expect_refused_by(const TestIntel& intel, const Names& checks) {
  const TdxAppraisal appraisal = intel.appraise();
  EXPECT_EQ(failed_checks(appraisal), checks);
  EXPECT_NE(appraisal.verdict, TdxVerdict::accepted);
}

std::string status_of(const TdxAppraisal& appraisal) {
  return appraisal.tcb ? std::string(to_string(appraisal.tcb->standing.status)) : "none";
}

TEST(VerifyTdx, AcceptsWhatEveryListAccepts) {
  for (const std::uint16_t version : {std::uint16_t{4}, std::uint16_t{5}}) {
    TestIntel intel;
    intel.version = version;
    const TdxAppraisal appraisal = intel.appraise();
    EXPECT_EQ(failed_checks(appraisal), Names());
    EXPECT_EQ(appraisal.verdict, TdxVerdict::accepted);
    EXPECT_EQ(status_of(appraisal), "UpToDate");
    EXPECT_EQ(appraisal.version, version);
    EXPECT_EQ(to_rfc3339(*appraisal.earliest_expiry), "2026-03-21T12:00:00.000Z");
  }
}

TEST(VerifyTdx, ReadsATd10BodyInAVersion5Quote) {
  TestIntel intel;
  intel.body.resize(584);
  EXPECT_EQ(failed_checks(intel.appraise()), Names());
}

TEST(VerifyTdx, SaysWhichPartOfTheCollateralIsMissing) {
  const TestIntel intel;
  const std::vector<std::pair<Bytes TdxCollateral::*, TdxCheck>> parts{
      {&TdxCollateral::tcb_info, TdxCheck::tcb_info_signature},
      {&TdxCollateral::qe_identity, TdxCheck::qe_identity_signature},
      {&TdxCollateral::signing_chain, TdxCheck::tcb_signing_chain},
      {&TdxCollateral::root_crl, TdxCheck::root_crl},
      {&TdxCollateral::pck_crl, TdxCheck::pck_crl}};
  for (const auto& [part, check] : parts) {
    TdxCollateral collateral = intel.collateral();
    (collateral.*part).clear();
    const TdxAppraisal appraisal = verify_tdx(intel.quote(), collateral, intel.policy(), intel_now);
    EXPECT_EQ(failed_checks(appraisal), Names());
    EXPECT_EQ(appraisal.verdict, TdxVerdict::inconclusive) << to_string(check);
    EXPECT_EQ(appraisal.finding(check).outcome, CheckOutcome::not_evaluated);
    EXPECT_NE(appraisal.finding(check).detail.find("not given"), std::string::npos);
  }
}

TEST(VerifyTdx, RefusesEveryRevokedKey) {
  TestIntel leaf;
  leaf.pck_crl.serials.push_back(leaf.pck_serial);
  expect_refused_by(leaf, {"revocation"});
  TestIntel authority;
  authority.root_crl.serials.push_back(authority.ca_serial);
  expect_refused_by(authority, {"revocation"});
  TestIntel signer;
  signer.root_crl.serials.push_back(signer.signing_serial);
  expect_refused_by(signer, {"revocation"});
}

TEST(VerifyTdx, KnowsWhatEachStatusComesToTogether) {
  struct Row {
    std::string platform, module, qe, together;
  };
  const std::vector<Row> rows{
      {"UpToDate", "UpToDate", "UpToDate", "UpToDate"},
      {"SWHardeningNeeded", "UpToDate", "UpToDate", "SWHardeningNeeded"},
      {"ConfigurationNeeded", "UpToDate", "UpToDate", "ConfigurationNeeded"},
      {"Revoked", "UpToDate", "UpToDate", "Revoked"},
      {"UpToDate", "Revoked", "UpToDate", "Revoked"},
      {"UpToDate", "UpToDate", "Revoked", "Revoked"},
      {"UpToDate", "OutOfDate", "UpToDate", "OutOfDate"},
      {"UpToDate", "UpToDate", "OutOfDate", "OutOfDate"},
      {"SWHardeningNeeded", "OutOfDate", "UpToDate", "OutOfDate"},
      {"ConfigurationNeeded", "OutOfDate", "UpToDate", "OutOfDateConfigurationNeeded"},
      {"ConfigurationAndSWHardeningNeeded", "UpToDate", "OutOfDate",
       "OutOfDateConfigurationNeeded"},
      {"OutOfDate", "OutOfDate", "OutOfDate", "OutOfDate"},
      {"OutOfDateConfigurationNeeded", "UpToDate", "UpToDate", "OutOfDateConfigurationNeeded"}};
  for (const Row& row : rows) {
    TestIntel intel;
    intel.version = 4;
    intel.platform_levels[0].status = row.platform;
    intel.module_levels[0].status = row.module;
    intel.qe_levels[0].status = row.qe;
    const TdxAppraisal appraisal = intel.appraise();
    EXPECT_EQ(status_of(appraisal), row.together);
    const bool is_current = row.together == "UpToDate";
    EXPECT_EQ(failed_checks(appraisal), is_current ? Names() : Names{"tcb_status"});
    EXPECT_EQ(appraisal.verdict, is_current ? TdxVerdict::accepted : TdxVerdict::refused);
  }
}

TEST(VerifyTdx, TakesTheOldestDateAndEveryAdvisory) {
  TestIntel intel;
  intel.version = 4;
  intel.platform_levels[0].advisories = {"INTEL-SA-00002", "INTEL-SA-00001"};
  intel.module_levels[0].advisories = {"INTEL-SA-00001"};
  intel.module_levels[0].date = "2024-05-06T00:00:00Z";
  intel.qe_levels[0].advisories = {"INTEL-SA-00003"};
  const TdxAppraisal appraisal = intel.appraise();
  ASSERT_TRUE(appraisal.tcb);
  EXPECT_EQ(appraisal.tcb->standing.advisories,
            (Names{"INTEL-SA-00001", "INTEL-SA-00002", "INTEL-SA-00003"}));
  EXPECT_EQ(to_rfc3339(appraisal.tcb->standing.tcb_date), "2024-05-06T00:00:00.000Z");
}

// A module with an identity is judged by that; without one, all 16 numbers are components.
TEST(VerifyTdx, ComparesTheModulesVersionOnceOnly) {
  TestIntel intel;
  intel.version = 4;
  intel.body[svn_offset] = 1;  // minor version: below the level of the module, and of the platform
  intel.module_levels[0].svn = 1;
  EXPECT_EQ(failed_checks(intel.appraise()), Names());
  intel.body[svn_offset + 2] = 4;
  expect_refused_by(intel, {"tcb_level"});
  TestIntel old;
  old.version = 4;
  old.body[svn_offset + 1] = 0;
  expect_refused_by(old, {"tcb_level"});
}

TEST(VerifyTdx, RefusesAModuleThatIntelDoesNotList) {
  TestIntel unlisted;
  unlisted.body[svn_offset + 1] = 2;
  expect_refused_by(unlisted, {"tdx_module_identity", "tcb_level"});
  TestIntel other_signer;
  other_signer.body[64] = 1;
  expect_refused_by(other_signer, {"tdx_module_identity"});
  TestIntel under_debug;
  under_debug.body[seam_attributes_offset] = 1;
  expect_refused_by(under_debug, {"tdx_module_identity"});
}

TEST(VerifyTdx, AdvisesARelaunchWhenOnlyTheModuleOfTheLaunchIsOld) {
  TestIntel intel;
  intel.module_levels = {{.svn = 5, .advisories = {}},
                         {.svn = 3, .status = "OutOfDate", .advisories = {"INTEL-SA-00009"}}};
  intel.body[svn_offset] = 3;
  EXPECT_EQ(status_of(intel.appraise()), "TDRelaunchAdvised");
  expect_refused_by(intel, {"tcb_status"});
  TdxPolicy tolerant = intel.policy();
  tolerant.tcb.statuses.push_back(TcbStatus::td_relaunch_advised);
  tolerant.tcb.advisories = Names{"INTEL-SA-00009"};
  EXPECT_EQ(intel.appraise(tolerant, intel_now).verdict, TdxVerdict::accepted);
  intel.platform_levels[0].status = "ConfigurationNeeded";
  EXPECT_EQ(status_of(intel.appraise()), "TDRelaunchAdvisedConfigurationNeeded");
  intel.body[svn_2_offset] = 3;  // still the old module
  EXPECT_EQ(status_of(intel.appraise()), "OutOfDateConfigurationNeeded");
  TestIntel stepped_back;
  stepped_back.module_levels = {{.svn = 5, .advisories = {}},
                                {.svn = 3, .status = "OutOfDate", .advisories = {}}};
  stepped_back.body[svn_2_offset] = 3;
  EXPECT_EQ(status_of(stepped_back.appraise()), "OutOfDate");
}

TEST(VerifyTdx, AcceptsAnOutOfDatePlatformOnlyWithinItsGrace) {
  TestIntel intel;
  intel.version = 4;
  intel.platform_levels[0] = {.svn = 5,
                              .status = "OutOfDate",
                              .date = "2026-02-01T12:00:00Z",
                              .advisories = {"INTEL-SA-00009"}};
  intel.module_levels[0].date = intel.qe_levels[0].date = "2026-02-02T00:00:00Z";
  TdxPolicy policy = intel.policy();
  policy.tcb.statuses = {TcbStatus::up_to_date, TcbStatus::out_of_date};
  policy.tcb.advisories = Names{"INTEL-SA-00009"};
  policy.tcb.out_of_date_grace_days = 28;  // 2026-03-01T12:00:00Z, to the millisecond
  EXPECT_EQ(intel.appraise(policy, intel_now).verdict, TdxVerdict::accepted);
  EXPECT_EQ(failed_checks(intel.appraise(policy, {intel_now.value + 1})), Names{"tcb_status"});
  policy.tcb.advisories = Names{"INTEL-SA-00008"};
  EXPECT_EQ(failed_checks(intel.appraise(policy, intel_now)), Names{"tcb_status"});
}

TEST(VerifyTdx, NeverAcceptsARevokedPlatformWhateverThePolicySays) {
  TestIntel intel;
  intel.platform_levels[0].status = "Revoked";
  TdxPolicy policy = intel.policy();
  policy.tcb.statuses.push_back(TcbStatus::revoked);
  policy.tcb.advisories = Any{"a test"};
  EXPECT_EQ(failed_checks(intel.appraise(policy, intel_now)), Names{"tcb_status"});
}

TEST(VerifyTdx, GuardsAgainstRolledBackAndOldLists) {
  TestIntel intel;
  TdxPolicy policy = intel.policy();
  policy.evaluation_number_min = 18U;
  policy.collateral_age_days_max = std::int64_t{10};
  EXPECT_EQ(intel.appraise(policy, intel_now).verdict, TdxVerdict::accepted);
  EXPECT_EQ(failed_checks(intel.appraise(policy, {intel_now.value + 1})), Names{"collateral_age"});
  intel.qe_evaluation_number = 17;
  EXPECT_EQ(failed_checks(intel.appraise(policy, intel_now)), Names{"tcb_evaluation_number"});
}

// Goal: each window counts at both of its ends. Method: one at a time, a second beyond each end.
TEST(VerifyTdx, ChecksBothEndsOfEveryValidity) {
  constexpr std::int64_t second = 1000;
  const auto at = [](std::int64_t offset) { return UnixMillis{intel_now.value + offset}; };
  for (const std::int64_t outside : {second, -second}) {
    const bool is_expired = outside < 0;
    const auto shift = [&](UnixMillis& begin, UnixMillis& end) {
      (is_expired ? end : begin) = at(outside);
    };
    TestIntel signing;
    shift(signing.signing.not_before, signing.signing.not_after);
    expect_refused_by(signing, {"tcb_signing_validity"});
    TestIntel root_list;
    shift(root_list.root_crl.this_update, root_list.root_crl.next_update);
    expect_refused_by(root_list, {"root_crl_validity"});
    TestIntel pck_list;
    shift(pck_list.pck_crl.this_update, pck_list.pck_crl.next_update);
    expect_refused_by(pck_list, {"pck_crl_validity"});
    TestIntel leaf;
    shift(leaf.pck.not_before, leaf.pck.not_after);
    expect_refused_by(leaf, {"chain_validity"});
    TestIntel lists;
    (is_expired ? lists.next_update : lists.issue_date) =
        is_expired ? "2026-03-01T11:59:59Z" : "2026-03-01T12:00:01Z";
    expect_refused_by(lists, {"tcb_info_validity", "qe_identity_validity"});
    (is_expired ? lists.next_update : lists.issue_date) = "2026-03-01T12:00:00Z";
    EXPECT_EQ(failed_checks(lists.appraise()), Names());
  }
}

TEST(VerifyTdx, FindsEverythingThatIsOverAtOnce) {
  const TestIntel intel;
  const TdxAppraisal appraisal =
      intel.appraise(intel.policy(), {intel_now.value + 3000 * intel_day_ms});
  EXPECT_EQ(failed_checks(appraisal),
            (Names{"chain_validity", "root_crl_validity", "tcb_signing_validity",
                   "tcb_info_validity", "qe_identity_validity", "pck_crl_validity"}));
  EXPECT_EQ(status_of(appraisal), "UpToDate") << "still said, beside what is over";
}

TEST(VerifyTdx, RefusesAnotherQuotingEnclave) {
  TestIntel old;
  old.qe_isv_svn = 3;
  expect_refused_by(old, {"qe_identity_match"});
  TestIntel under_debug;
  under_debug.qe_attributes = 0x13;
  expect_refused_by(under_debug, {"qe_identity_match"});
}

TEST(VerifyTdx, RefusesListsThatNeverEndOrRepeatThemselves) {
  const auto refused = [](const std::string& from, const std::string& to, const char* check) {
    TestIntel intel;
    intel.edit_tcb_info = [&](std::string& body) {
      const std::size_t at = body.find(from);
      ASSERT_NE(at, std::string::npos) << from;
      body.replace(at, from.size(), to);
    };
    const Names failed = failed_checks(intel.appraise());
    EXPECT_NE(std::ranges::find(failed, check), failed.end()) << to;
  };
  // What the envelope's own reader refuses is not even located.
  refused(R"("version":3)", R"("version":3,"version":3)", "tcb_info_signature");
  refused(R"("version":3)", R"("version":3.0)", "tcb_info_signature");
  refused(R"("version":3)", R"("version":03)", "tcb_info_signature");
  refused(R"("id":"TDX")", "\"id\":\"T\\u0044X\"", "tcb_info_signature");
  refused(R"("version":3)", R"("version":4)", "tcb_info");
  refused(R"("id":"TDX")", R"("id":"SGX")", "tcb_info");
  refused(R"("tcbType":0)", R"("tcbType":1)", "tcb_info");
  refused(R"("pcesvn":5)", R"("pcesvn":65536)", "tcb_info");
  refused(R"([{"svn":5},)", "[", "tcb_info");
  refused(R"("tcbStatus":"UpToDate")", R"("tcbStatus":"Fine")", "tcb_info");
  refused(R"("tcbStatus":"UpToDate")", R"("tcbStatus":"TDRelaunchAdvised")", "tcb_info");
  refused("2026-02-20T00:00:00Z", "2026-02-30T00:00:00Z", "tcb_info");
  TestIntel rising;
  rising.platform_levels = {{.svn = 4, .advisories = {}}, {.svn = 5, .advisories = {}}};
  expect_refused_by(rising, {"tcb_info"});
  TestIntel repeated;
  repeated.module_levels = {{.svn = 5, .advisories = {}}, {.svn = 5, .advisories = {}}};
  expect_refused_by(repeated, {"tcb_info"});
}

TEST(VerifyTdx, RefusesCollateralUnderAnotherRoot) {
  const TestIntel intel;
  const TestIntel other;
  TdxPolicy both = intel.policy();
  both.anchors.push_back(other.policy().anchors.front());
  const TdxAppraisal appraisal = verify_tdx(intel.quote(), other.collateral(), both, intel_now);
  EXPECT_EQ(failed_checks(appraisal), Names{"root_crl"});
  EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
}

// Goal: what anyone signed cannot be altered. Method: flip a bit of each byte of each file.
TEST(VerifyTdx, NeverAcceptsAChangedByteOfTheCollateral) {
  const TestIntel intel;
  const Bytes quote = intel.quote();
  const TdxPolicy policy = intel.policy();
  for (Bytes TdxCollateral::* part :
       {&TdxCollateral::tcb_info, &TdxCollateral::qe_identity, &TdxCollateral::signing_chain,
        &TdxCollateral::root_crl, &TdxCollateral::pck_crl}) {
    TdxCollateral collateral = intel.collateral();
    Bytes& bytes = collateral.*part;
    // Every byte of the short files; every third of the long ones keeps this test short.
    for (std::size_t i = 0; i < bytes.size(); i += bytes.size() > 2000 ? 3U : 1U) {
      bytes[i] ^= 1;
      const TdxAppraisal appraisal = verify_tdx(quote, collateral, policy, intel_now);
      ASSERT_NE(appraisal.verdict, TdxVerdict::accepted) << "byte " << i;
      bytes[i] ^= 1;
    }
  }
}

TEST(VerifyTdx, NeverAcceptsAChangedByteOfTheQuote) {
  const TestIntel intel;
  const TdxCollateral collateral = intel.collateral();
  const TdxPolicy policy = intel.policy();
  TdxVerifier verifier(collateral, policy, intel_now);
  Bytes quote = intel.quote();
  for (std::size_t i = 0; i < quote.size(); ++i) {
    quote[i] ^= 1;
    ASSERT_NE(verifier.verify(quote).verdict, TdxVerdict::accepted) << "byte " << i;
    quote[i] ^= 1;
  }
  EXPECT_EQ(verifier.verify(quote).verdict, TdxVerdict::accepted);
}

// ---- policy

TEST(TdxPolicy, ByDefaultKnowsNoMeasurement) {
  const TestIntel intel;
  TdxPolicy policy = default_tdx_policy();
  policy.anchors = intel.policy().anchors;
  const TdxAppraisal appraisal = intel.appraise(policy, intel_now);
  EXPECT_EQ(failed_checks(appraisal), Names{"td_measurement"});
  EXPECT_EQ(appraisal.verdict, TdxVerdict::refused);
}

TEST(TdxPolicy, ChecksEachThingThatItAsksFor) {
  TestIntel intel;
  std::fill_n(intel.body.begin() + 136, 48, std::uint8_t{0x01});  // MRTD
  std::fill_n(intel.body.begin() + 472, 48, std::uint8_t{0x03});  // RTMR3
  intel.body[520] = 0x42;                                         // REPORTDATA
  const auto failed = [&intel](const auto& change) {
    TdxPolicy policy = intel.policy();
    change(policy);
    return failed_checks(intel.appraise(policy, intel_now));
  };
  const auto filled = [](std::uint8_t byte) {
    crypto::Sha384 out;
    out.bytes.fill(byte);
    return out;
  };
  const auto measured = [&](const Expected<crypto::Sha384>& rtmr3) {
    return [&, rtmr3](TdxPolicy& policy) {
      policy.measurements = std::vector<TdMeasurement>{
          {.name = "m",
           .mr_td = filled(1),
           .rtmr = {crypto::Sha384(), crypto::Sha384(), crypto::Sha384(), rtmr3}}};
    };
  };
  EXPECT_EQ(failed(measured(filled(3))), Names());
  EXPECT_EQ(failed(measured(filled(4))), Names{"td_measurement"});
  EXPECT_EQ(failed(measured(Any{"extended while it runs"})), Names());
  std::array<std::uint8_t, 64> bound{0x42};
  EXPECT_EQ(failed([&](TdxPolicy& policy) { policy.report_data = bound; }), Names());
  bound[63] = 1;
  EXPECT_EQ(failed([&](TdxPolicy& policy) { policy.report_data = bound; }),
            Names{"td_report_data"});
  EXPECT_EQ(failed([&](TdxPolicy& policy) { policy.mr_owner = crypto::Sha384(); }), Names());
  EXPECT_EQ(failed([&](TdxPolicy& policy) { policy.mr_owner = filled(1); }),
            Names{"td_configuration"});
  std::array<std::uint8_t, 16> ppid;
  ppid.fill(0xaa);
  EXPECT_EQ(failed([&](TdxPolicy& policy) { policy.platforms = std::vector{ppid}; }), Names());
  ppid[0] = 0;
  EXPECT_EQ(failed([&](TdxPolicy& policy) { policy.platforms = std::vector{ppid}; }),
            Names{"platform_allowed"});
}

TEST(TdxPolicy, RefusesAServiceTdAndOptionalAttributesUnlessTheyAreListed) {
  TestIntel intel;
  intel.body[service_td_offset] = 1;
  expect_refused_by(intel, {"td_service_td"});
  TdxPolicy policy = intel.policy();
  crypto::Sha384 service;
  service.bytes[0] = 1;
  policy.service_tds = std::vector{service};
  EXPECT_EQ(intel.appraise(policy, intel_now).verdict, TdxVerdict::accepted);
  TestIntel monitored;
  monitored.body[td_attributes_body_offset + 7] = 0x80;  // PERFMON
  expect_refused_by(monitored, {"td_attributes_allowed"});
  policy.attributes.performance_monitoring = true;
  policy.anchors = monitored.policy().anchors;
  EXPECT_EQ(monitored.appraise(policy, intel_now).verdict, TdxVerdict::accepted);
}

TEST(TdxPolicy, AcceptsZeroPaddingOnlyIfItSaysSoAndOtherBytesNever) {
  const TestIntel intel;
  const auto verdict = [&intel](Padding padding, std::uint8_t last) {
    Bytes quote = intel.quote();
    quote.resize(quote.size() + 70);
    quote.back() = last;
    TdxPolicy policy = intel.policy();
    policy.padding = padding;
    return verify_tdx(quote, intel.collateral(), policy, intel_now).verdict;
  };
  EXPECT_EQ(verdict(Padding::zeros_accepted, 0), TdxVerdict::accepted);
  EXPECT_EQ(verdict(Padding::refused, 0), TdxVerdict::refused);
  EXPECT_EQ(verdict(Padding::zeros_accepted, 1), TdxVerdict::refused);
}

TEST(TdxPolicy, ShowsEverythingThatItDoesNotAsk) {
  TdxPolicy policy = default_tdx_policy();
  const std::size_t by_default = not_asked_by(policy).size();
  policy.service_tds = Any{"none of ours has one"};
  policy.measurements = std::vector<TdMeasurement>{
      {.name = "m", .mr_td = {}, .rtmr = {crypto::Sha384(), crypto::Sha384(), Any{"x"}, Any{}}}};
  const Names lines = not_asked_by(policy);
  EXPECT_EQ(lines.size(), by_default + 3);
  EXPECT_NE(std::ranges::find(lines, "service_tds: none of ours has one"), lines.end());
  EXPECT_NE(std::ranges::find(lines, "measurements.m.rtmr3: no reason given"), lines.end());
}

}  // namespace
}  // namespace mayfly::attest
