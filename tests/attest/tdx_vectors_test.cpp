// Real quotes and forgeries of them: MANIFEST.tsv (values), cases.tsv (times, verdicts) and
// mutated.tsv (forgeries) under tests/vectors/attest.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "attest/verify/anchors.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "crypto/sha2.hpp"
#include "tests/attest/tdx_forge.hpp"

namespace mayfly::attest {
namespace {

const std::string vectors = std::string(MAYFLY_VECTORS) + "/attest/";
// When v4_phala_uptodate, the base of all forgeries, is valid.
constexpr UnixMillis forgeries_at{1750380003000};

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

TEST(TdxVectors, EveryRealVersion4QuoteParsesToItsKnownValues) {
  std::size_t count = 0;
  for (const Row& row : read_table("MANIFEST.tsv")) {
    // The one with other bytes after its end has a test of its own.
    if (!row.at("file").starts_with("tdx/quotes/v4_") ||
        row.at("file") == "tdx/quotes/v4_spr_e4_google.bin") {
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
    EXPECT_EQ(std::to_string(parsed->trailing_zero_bytes), value_of(fields, "trailing"));
    ++count;
  }
  EXPECT_EQ(count, 7U);
}

TEST(TdxVectors, OtherQuotesAreRefusedByName) {
  const std::pair<std::string, std::string> rows[] = {
      {"v5_coco.bin", "version 5"},
      {"v5_google_2026.bin", "version 5"},
      {"v5_phala_outdated.bin", "version 5"},
      {"sgx_v3_phala.bin", "SGX quote"},
      {"sgx_v3_oasis_ppid_certtype3.bin", "SGX quote"},
      {"v4_spr_e4_google.bin", "follow the quote"}};
  for (const auto& [file, reason] : rows) {
    const auto parsed = parse_tdx_quote(read_vector("tdx/quotes/" + file));
    ASSERT_FALSE(parsed) << file;
    EXPECT_NE(parsed.error().message().find(reason), std::string::npos) << file;
  }
}

// What a row of cases.tsv says of the checks that need no collateral.
std::vector<std::string> expected_failures(const Row& row) {
  const std::string& flags = row.at("expected_flags");
  if (!row.at("quote").starts_with("v4_") ||
      flags.find("nonzero_trailing_bytes") != std::string::npos) {
    return {"quote_layout"};
  }
  std::vector<std::string> failures;
  if (flags.find("pck_not_yet_valid") != std::string::npos) {
    failures.emplace_back("chain_validity");
  }
  if (flags.find("td_debug") != std::string::npos) {
    failures.emplace_back("td_debug_off");
  }
  if (flags.find("sept_ve_disable=0") != std::string::npos) {
    failures.emplace_back("td_sept_ve_disable");
  }
  return failures;
}

TEST(TdxVectors, EveryCaseIsJudgedAsItsRowSays) {
  std::size_t clean = 0;
  for (const Row& row : read_table("tdx/cases.tsv")) {
    const Bytes quote = read_vector("tdx/quotes/" + row.at("quote"));
    const TdxAppraisal appraisal =
        appraise_tdx(quote, default_anchors(), {std::stoll(row.at("unix")) * 1000});
    const std::vector<std::string> expected = expected_failures(row);
    EXPECT_EQ(failed_checks(appraisal), expected) << row.at("case") << " " << row.at("quote");
    if (expected.empty()) {
      EXPECT_EQ(appraisal.verdict, TdxVerdict::collateral_needed) << row.at("case");
      EXPECT_EQ(appraisal.anchor_kind, AnchorKind::hardware) << row.at("case");
      EXPECT_TRUE(appraisal.verified_body) << row.at("case");
      ++clean;
    }
  }
  EXPECT_EQ(clean, 12U);
}

TEST(TdxVectors, ARealQuoteIsNotTrustedUnderTheSimulatedRoot) {
  const TdxAppraisal appraisal =
      appraise_simulated(read_vector("tdx/quotes/v4_phala_uptodate.bin"));
  EXPECT_EQ(appraisal.verdict, TdxVerdict::rejected);
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
};

TEST(TdxVectors, EveryForgedVersion4QuoteIsRefusedByTheRightCheck) {
  std::size_t count = 0;
  for (const Row& row : read_table("tdx/mutated.tsv")) {
    if (!row.at("file").starts_with("mutated/v4_")) {
      continue;
    }
    const Bytes quote = read_vector("tdx/" + row.at("file"));
    const TdxAppraisal appraisal = appraise_tdx(quote, default_anchors(), forgeries_at);
    EXPECT_NE(appraisal.verdict, TdxVerdict::collateral_needed) << row.at("case");
    const auto expected = refused_by.find(row.at("mutation"));
    ASSERT_NE(expected, refused_by.end()) << "no check is named for " << row.at("mutation");
    const auto failed = failed_checks(appraisal);
    EXPECT_NE(std::ranges::find(failed, expected->second), failed.end())
        << row.at("case") << " is not refused by " << expected->second;
    EXPECT_EQ(appraisal.verified_body.has_value(), false) << row.at("case");
    ++count;
  }
  EXPECT_EQ(count, refused_by.size());
}

// The rows that forge collateral cannot be judged without it, and must not be passed either.
TEST(TdxVectors, ForgedCollateralIsNeverReportedAsPassed) {
  const Bytes quote = read_vector("tdx/quotes/v4_phala_uptodate.bin");
  const TdxAppraisal appraisal = appraise_tdx(quote, default_anchors(), forgeries_at);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::collateral_needed);
  EXPECT_EQ(appraisal.outcome_of(TdxStage::collateral), CheckOutcome::not_evaluated);
}

}  // namespace
}  // namespace mayfly::attest
