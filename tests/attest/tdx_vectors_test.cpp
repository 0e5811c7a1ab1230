// Real quotes and forgeries of them: MANIFEST.tsv (values), cases.tsv (times, verdicts) and
// mutated.tsv (forgeries) under tests/vectors/attest.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "attest/verify/collateral.hpp"
#include "attest/verify/collateral_envelope.hpp"
#include "attest/verify/qe_identity.hpp"
#include "attest/verify/tcb_info.hpp"
#include "attest/verify/tdx_policy.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "crypto/sha2.hpp"
#include "tests/attest/tdx_forge.hpp"

namespace mayfly::attest {
namespace {

const std::string vectors = std::string(MAYFLY_VECTORS) + "/attest/";

using Row = std::map<std::string, std::string>;

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) {
    cells.push_back(cell);
  }
  return cells;
}

std::vector<Row> read_table(const std::string& name) {
  std::ifstream stream(vectors + name);
  std::string line;
  std::getline(stream, line);
  const std::vector<std::string> header = cells_of(line);
  std::vector<Row> rows;
  while (std::getline(stream, line)) {
    const std::vector<std::string> cells = cells_of(line);
    Row row;
    for (std::size_t i = 0; i < header.size(); ++i) {
      row[header[i]] = i < cells.size() ? cells[i] : "";
    }
    rows.push_back(row);
  }
  EXPECT_FALSE(rows.empty()) << name;
  return rows;
}

Bytes read_vector(const std::string& name) {
  auto bytes = read_file(vectors + name, std::size_t{1} << 20U);
  EXPECT_TRUE(bytes) << bytes.error().message();
  return bytes.value_or(Bytes());
}

// "mrtd" of "v4 body=584 mrtd=00.. rtmr0=.."
std::string value_of(const std::string& fields, const std::string& name) {
  std::istringstream words(fields);
  for (std::string word; words >> word;) {
    if (word.starts_with(name + "=")) {
      return word.substr(name.size() + 1);
    }
  }
  ADD_FAILURE() << "no " << name << " in the manifest";
  return "";
}

std::string little_endian_hex(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return hex_encode(bytes);
}

TEST(TdxVectors, AreTheFilesOfTheManifest) {
  for (const Row& row : read_table("MANIFEST.tsv")) {
    EXPECT_EQ(hex_encode(crypto::sha256(read_vector(row.at("file"))).bytes), row.at("sha256"))
        << row.at("file");
  }
}

TEST(TdxVectors, EveryRealQuoteParsesToItsKnownValues) {
  std::map<std::uint16_t, int> count;
  for (const Row& row : read_table("MANIFEST.tsv")) {
    if (!row.at("file").starts_with("tdx/quotes/v")) {
      continue;
    }
    const Bytes quote = read_vector(row.at("file"));
    const auto parsed = parse_tdx_quote(quote);
    ASSERT_TRUE(parsed) << row.at("file") << ": " << parsed.error().message();
    const std::string& fields = row.at("fields");
    const TdQuoteBody& body = parsed->body;
    EXPECT_EQ(hex_encode(body.tee_tcb_svn), value_of(fields, "tee_tcb_svn"));
    EXPECT_EQ(little_endian_hex(body.td_attributes), value_of(fields, "tdattr"));
    EXPECT_EQ(little_endian_hex(body.xfam), value_of(fields, "xfam"));
    EXPECT_EQ(hex_encode(body.mr_td.bytes), value_of(fields, "mrtd"));
    for (std::size_t i = 0; i < body.rtmr.size(); ++i) {
      EXPECT_EQ(hex_encode(body.rtmr[i].bytes), value_of(fields, "rtmr" + std::to_string(i)));
    }
    EXPECT_EQ(hex_encode(body.report_data), value_of(fields, "reportdata"));
    EXPECT_EQ(std::to_string(parsed->trailing_bytes.size()), value_of(fields, "trailing"));
    EXPECT_EQ(body.kind == TdBodyKind::td_1_5, value_of(fields, "body") == "648");
    if (body.kind == TdBodyKind::td_1_5) {
      EXPECT_EQ(hex_encode(body.tee_tcb_svn_2), value_of(fields, "tee_tcb_svn2"));
    }
    ++count[parsed->version];
  }
  EXPECT_EQ(count, (std::map<std::uint16_t, int>{{4, 8}, {5, 3}}));
}

TEST(TdxVectors, SgxQuotesAreRefusedByName) {
  for (const char* const file : {"sgx_v3_phala.bin", "sgx_v3_oasis_ppid_certtype3.bin"}) {
    const auto parsed = parse_tdx_quote(read_vector(std::string("tdx/quotes/") + file));
    ASSERT_FALSE(parsed) << file;
    EXPECT_NE(parsed.error().message().find("SGX quote"), std::string::npos) << file;
  }
}

// The files that a row names, in the order: tcbinfo, qeid, pckcrl, rootcrl, signing chain.
TdxCollateral read_collateral(const std::array<std::string, 5>& files) {
  return {.tcb_info = read_vector("tdx/tcbinfo/" + files[0]),
          .qe_identity = read_vector("tdx/qeid/" + files[1]),
          .signing_chain = read_vector("tdx/certs/" + files[4]),
          .root_crl = read_vector("tdx/rootcrl/" + files[3]),
          .pck_crl = read_vector("tdx/pckcrl/" + files[2])};
}

TdxCollateral collateral_of(const Row& row) {
  return read_collateral({row.at("tcbinfo"), row.at("qeid"), row.at("pckcrl"), row.at("rootcrl"),
                          row.at("tcb_sign_chain")});
}

UnixMillis time_of(const Row& row) {
  return {std::stoll(row.at("unix")) * 1000};
}

// Everything but what the TD runs; lenient where real TDs differ in what a policy may decide.
TdxPolicy policy_of_vectors() {
  TdxPolicy policy = genuine_tdx_policy();
  policy.attributes = {.protection_keys = true, .key_locker = true, .performance_monitoring = true};
  return policy;
}

// What a row of cases.tsv says must be found, beside the TCB status.
std::vector<std::string> expected_failures(const Row& row) {
  const std::map<std::string, std::string> check_of_flag{
      {"REJECT:pck_not_yet_valid", "chain_validity"},
      {"REJECT:td_debug", "td_debug_off"},
      {"REJECT:CRL_EXPIRED", "pck_crl_validity"},
      {"POLICY:sept_ve_disable=0", "td_sept_ve_disable"},
      {"POLICY:nonzero_trailing_bytes", "quote_padding"},
      {"POLICY:mrservicetd!=0", "td_service_td"}};
  std::vector<std::string> failures;
  std::istringstream flags(row.at("expected_flags"));
  for (std::string flag; std::getline(flags, flag, ';');) {
    if (flag != "-") failures.push_back(check_of_flag.at(flag));
  }
  if (row.at("expected_tcb") == "NoMatchingTcbLevel(REJECT)") failures.emplace_back("tcb_level");
  if (row.at("expected_tcb") == "OutOfDate") failures.emplace_back("tcb_status");
  std::ranges::sort(failures);
  return failures;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

TEST(TdxVectors, EveryCaseIsJudgedAsItsRowSays) {
  std::map<TdxVerdict, int> verdicts;
  for (const Row& row : read_table("tdx/cases.tsv")) {
    const Bytes quote = read_vector("tdx/quotes/" + row.at("quote"));
    const TdxCollateral collateral = collateral_of(row);
    const TdxAppraisal appraisal = verify_tdx(quote, collateral, policy_of_vectors(), time_of(row));
    ++verdicts[appraisal.verdict];
    if (row.at("quote").starts_with("sgx_")) {
      EXPECT_EQ(appraisal.verdict, TdxVerdict::malformed) << row.at("case");
      EXPECT_NE(appraisal.finding(TdxCheck::quote_layout).detail.find("SGX quote"),
                std::string::npos);
      continue;
    }
    const std::vector<std::string> expected = expected_failures(row);
    EXPECT_EQ(sorted(failed_checks(appraisal)), expected)
        << row.at("case") << " " << row.at("quote");
    EXPECT_EQ(appraisal.verdict == TdxVerdict::accepted, expected.empty()) << row.at("case");
    if (row.at("expected_tcb") == "NoMatchingTcbLevel(REJECT)") {
      EXPECT_FALSE(appraisal.tcb) << row.at("case");
    } else {
      ASSERT_TRUE(appraisal.tcb) << row.at("case");
      EXPECT_EQ(to_string(appraisal.tcb->standing.status), row.at("expected_tcb"))
          << row.at("case");
    }
  }
  EXPECT_EQ(verdicts[TdxVerdict::malformed], 2);
  EXPECT_EQ(verdicts[TdxVerdict::accepted], 10);
}

// The rows in which the two other verifiers disagree: dcap-qvl compares the module's own version
// numbers with the platform's components, and finds an up-to-date platform out of date.
TEST(TdxVectors, ComparesComponentsFromTheThirdOnWhenTheModuleHasAnIdentity) {
  int count = 0;
  for (const Row& row : read_table("tdx/cases.tsv")) {
    if (row.at("quote") != "v4_cos113_google.bin") continue;
    const TdxAppraisal appraisal =
        verify_tdx(read_vector("tdx/quotes/" + row.at("quote")), collateral_of(row),
                   policy_of_vectors(), time_of(row));
    ASSERT_TRUE(appraisal.tcb);
    EXPECT_EQ(appraisal.tcb->standing.status, TcbStatus::up_to_date);
    EXPECT_TRUE(appraisal.tcb->standing.advisories.empty());
    ++count;
  }
  EXPECT_EQ(count, 7);
}

TEST(TdxVectors, OneAcceptedCaseReportsWhatIntelSaysOfThePlatform) {
  for (const Row& row : read_table("tdx/cases.tsv")) {
    if (row.at("case") != "tdx-015") continue;
    const TdxAppraisal appraisal =
        verify_tdx(read_vector("tdx/quotes/" + row.at("quote")), collateral_of(row),
                   policy_of_vectors(), time_of(row));
    ASSERT_TRUE(appraisal.tcb && appraisal.platform && appraisal.earliest_expiry);
    const TdxTcb& tcb = *appraisal.tcb;
    EXPECT_EQ(tcb.standing.advisories,
              (std::vector<std::string>{"INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312",
                                        "INTEL-SA-01313"}));
    EXPECT_EQ(tcb.tcb_info_evaluation_number, 20U);
    EXPECT_EQ(tcb.qe_identity_evaluation_number, 19U);
    EXPECT_EQ(tcb.module, TcbStatus::out_of_date);
    EXPECT_EQ(hex_encode(appraisal.platform->fmspc), "b0c06f000000");
    EXPECT_TRUE(appraisal.platform->ppid);
    EXPECT_EQ(to_rfc3339(*appraisal.earliest_expiry), "2026-09-11T23:57:11.000Z");
  }
}

TEST(TdxVectors, ARealQuoteIsNotTrustedUnderTheSimulatedRoot) {
  const TdxAppraisal appraisal =
      appraise_simulated(read_vector("tdx/quotes/v4_phala_uptodate.bin"));
  EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
  EXPECT_FALSE(appraisal.anchor_kind);
}

// The check that must refuse each kind of forgery.
const std::map<std::string, std::string> refused_by = {
    {"reportdata_bitflip", "quote_signature"},
    {"mrtd_bitflip", "quote_signature"},
    {"rtmr3_bitflip", "quote_signature"},
    {"quote_sig_flip", "quote_signature"},
    {"sig_r_zero", "quote_signature"},
    {"sig_all_zero", "quote_signature"},
    {"debug_bit_set", "td_debug_off"},
    {"attkey_flip", "attestation_key_binding"},
    {"attkey_zero", "attestation_key_binding"},
    {"qe_auth_flip", "attestation_key_binding"},
    {"qe_report_flip", "qe_report_signature"},
    {"qe_reportdata_flip", "qe_report_signature"},
    {"qe_sig_flip", "qe_report_signature"},
    {"pck_chain_of_other_platform", "qe_report_signature"},
    {"chain_missing_root", "chain_certificates"},
    {"chain_leaf_only", "chain_certificates"},
    {"chain_reordered", "chain_signatures"},
    {"header_vendor_flip", "quote_layout"},
    {"version_6", "quote_layout"},
    {"akt_3", "quote_layout"},
    {"tee_type_0", "quote_layout"},
    {"truncated_100", "quote_layout"},
    {"truncated_600", "quote_layout"},
    {"empty", "quote_layout"},
    {"siglen_huge", "quote_layout"},
    {"siglen_small", "quote_layout"},
    {"outer_certtype_5", "quote_layout"},
    {"inner_certtype_1", "quote_layout"},
    {"inner_certsize_huge", "quote_layout"},
    {"authlen_huge", "quote_layout"},
    {"tcbinfo_sig_flip", "tcb_info_signature"},
    {"tcbinfo_status_forged", "tcb_info_signature"},
    {"tcbinfo_nextupdate_forged", "tcb_info_signature"},
    {"qeid_sig_flip", "qe_identity_signature"},
    {"pckcrl_bitflip", "pck_crl"},
    {"rootcrl_bitflip", "root_crl"},
    {"wrong_fmspc", "tcb_info_platform"},
    {"sgx_tcbinfo_for_tdx", "tcb_info"},
    {"sgx_qe_identity", "qe_identity"},
    {"qve_identity", "qe_identity"},
    {"processor_crl_for_platform_ca", "pck_crl"},
    {"root_crl_in_place_of_pck_crl", "pck_crl"},
    {"all_collateral_expired_+400d", "tcb_info_validity"},
    {"verify_before_collateral_issue_-60d", "tcb_info_validity"},
    {"tcb_sign_chain_2018_expired", "tcb_signing_validity"},
    {"tcb_sign_chain_is_pck_chain", "tcb_signing_chain"},
};

// "2025-06-20T00:40:03+00:00", with 'T' or a space.
UnixMillis time_from(const std::string& text) {
  std::tm parts{};
  std::istringstream stream(text);
  stream >> std::get_time(&parts, text.find('T') == std::string::npos ? "%Y-%m-%d %H:%M:%S"
                                                                      : "%Y-%m-%dT%H:%M:%S");
  EXPECT_FALSE(stream.fail()) << text;
  return {static_cast<std::int64_t>(timegm(&parts)) * 1000};
}

struct Base {
  TdxCollateral collateral;
  UnixMillis at;
};

// "tcbinfo|qeid|pckcrl|rootcrl|chain|time"
Base base_of(const Row& row) {
  const std::string cell = row.at("base_case_collateral(tcbinfo|qeid|pckcrl|rootcrl|chain|time)");
  std::array<std::string, 6> parts;
  std::istringstream stream(cell);
  for (std::string& part : parts) std::getline(stream, part, '|');
  // "auto": the signing chain that was valid at the time of the case.
  const std::string chain = parts[4] == "auto" ? "tcb_signing_2025_chain.pem" : parts[4];
  return {read_collateral({parts[0], parts[1], parts[2], parts[3], chain}), time_from(parts[5])};
}

TEST(TdxVectors, EveryForgeryIsRefusedByTheRightCheck) {
  std::set<std::string> seen;
  for (const Row& row : read_table("tdx/mutated.tsv")) {
    const Bytes quote = read_vector("tdx/" + row.at("file"));
    const Base base = base_of(row);
    const TdxAppraisal appraisal = verify_tdx(quote, base.collateral, policy_of_vectors(), base.at);
    EXPECT_NE(appraisal.verdict, TdxVerdict::accepted) << row.at("case");
    EXPECT_NE(appraisal.verdict, TdxVerdict::inconclusive) << row.at("case");
    const auto expected = refused_by.find(row.at("mutation"));
    ASSERT_NE(expected, refused_by.end()) << "no check is named for " << row.at("mutation");
    const auto failed = failed_checks(appraisal);
    EXPECT_NE(std::ranges::find(failed, expected->second), failed.end())
        << row.at("case") << " is not refused by " << expected->second;
    if (row.at("case").starts_with("mut-")) {
      EXPECT_FALSE(appraisal.verified_body) << row.at("case");
    }
    seen.insert(row.at("mutation"));
  }
  EXPECT_EQ(seen.size(), refused_by.size());
}

// The bases of the forgeries are accepted, so what refuses a forgery is the forgery.
TEST(TdxVectors, TheBaseOfEveryForgeryIsAccepted) {
  std::set<std::string> bases;
  for (const Row& row : read_table("tdx/mutated.tsv")) {
    if (!row.at("case").starts_with("mut-") || !bases.insert(row.at("base_quote")).second) {
      continue;
    }
    const Base base = base_of(row);
    const TdxAppraisal appraisal = verify_tdx(read_vector("tdx/quotes/" + row.at("base_quote")),
                                              base.collateral, policy_of_vectors(), base.at);
    EXPECT_EQ(failed_checks(appraisal), std::vector<std::string>()) << row.at("base_quote");
    EXPECT_EQ(appraisal.verdict, TdxVerdict::accepted) << row.at("base_quote");
  }
  EXPECT_EQ(bases.size(), 2U);
}

// Goal: verifying many quotes at once says the same as one at a time.
TEST(TdxVectors, AVerifierThatIsKeptSaysTheSame) {
  const auto rows = read_table("tdx/mutated.tsv");
  const Base base = base_of(rows.front());
  const TdxPolicy policy = policy_of_vectors();
  TdxVerifier kept(base.collateral, policy, base.at);
  for (const Row& row : rows) {
    const Bytes quote = read_vector("tdx/" + row.at("file"));
    const TdxAppraisal once = verify_tdx(quote, base.collateral, policy, base.at);
    const TdxAppraisal again = kept.verify(quote);
    EXPECT_EQ(again.verdict, once.verdict) << row.at("case");
    EXPECT_EQ(failed_checks(again), failed_checks(once)) << row.at("case");
  }
}

// Every list of Intel's, whatever its time, is of the form that is read here.
TEST(TdxVectors, EveryListOfIntelsIsReadable) {
  int count = 0;
  for (const Row& row : read_table("MANIFEST.tsv")) {
    const std::string& file = row.at("file");
    if (file.find("/mut_") != std::string::npos) continue;
    const bool is_info = file.starts_with("tdx/tcbinfo/TDX_");
    if (!is_info && !file.starts_with("tdx/qeid/TD_QE_")) continue;
    const Bytes bytes = read_vector(file);
    const auto envelope =
        open_envelope(bytes, is_info ? tcb_info_body_name : qe_identity_body_name);
    ASSERT_TRUE(envelope) << file;
    if (is_info) {
      const auto info = parse_tcb_info(envelope->body);
      EXPECT_TRUE(info) << file << ": " << info.error().message();
    } else {
      const auto identity = parse_qe_identity(envelope->body);
      EXPECT_TRUE(identity) << file << ": " << identity.error().message();
    }
    ++count;
  }
  EXPECT_GE(count, 25);
}

}  // namespace
}  // namespace mayfly::attest
