#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "verifier/explain_text.hpp"
#include "verifier/report_json.hpp"
#include "verifier/report_text.hpp"

namespace mayfly::verifier {
namespace {

using nlohmann::json;

constexpr std::string_view green = "\x1b[1;32m";

Stated sample_stated() {
  return {.certificate_id = "cert_00",
          .claim_hash = "sha256:01",
          .input_hash = "sha256:02",
          .dataset_hash = "sha256:03",
          .dataset_format = "csv",
          .dataset_bytes = 48,
          .sandbox_hash = "sha256:04",
          .command = {"python3", "main.py"},
          .result_digest = "sha256:05",
          .result_media_type = "application/json",
          .result_bytes = 3,
          .result_status = "succeeded",
          .result_exit_code = 0,
          .result_value = "{}",
          .assertions = {"found == 2: true"},
          .run_id = "run_00",
          .attempt = "uncounted",
          .tee = "simulated-tdx",
          .assurance = "native+simulated-tdx",
          .time_source = "host-clock",
          .issued_at = {1'772'366'400'200}};
}

Report report_with(std::vector<Code> codes) {
  Report report{.appraised_at = {1'772'366'460'000},
                .policy = "default",
                .policy_hash = std::nullopt,
                .weakenings = {},
                .not_asked = {},
                .stated = sample_stated(),
                .findings = {}};
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.state == State::pass) {
      report.findings.push_back(found(meaning.code));
    }
  }
  for (const Code code : codes) {
    report.findings.push_back(found(code));
  }
  return report;
}

TEST(ReportText, SaysWhenTheResultWasCut) {
  Report report = report_with({});
  EXPECT_EQ(report_text(report, Colour::none).find("CUT"), std::string::npos);
  EXPECT_EQ(json::parse(report_json(report))["certificate"]["result"]["truncated"], false);
  report.stated->result_truncated = true;
  EXPECT_NE(report_text(report, Colour::none).find("CUT          the job printed more"),
            std::string::npos);
  EXPECT_EQ(json::parse(report_json(report))["certificate"]["result"]["truncated"], true);
}

TEST(ReportText, PutsTheVerdictFirst) {
  EXPECT_TRUE(report_text(report_with({}), Colour::none).starts_with("VERIFIED  (exit code 0)\n"));
  EXPECT_TRUE(report_text(report_with({Code::quote_simulated}), Colour::none)
                  .starts_with("CONSISTENT, NOT HARDWARE-ATTESTED  (exit code 5)\n"));
  EXPECT_TRUE(report_text(report_with({Code::signature_wrong}), Colour::none)
                  .starts_with("CONTRADICTED  (exit code 1)\n"));
}

TEST(ReportText, PutsTheWorstCheckFirstAndSaysWhatToDo) {
  const std::string text = report_text(
      report_with({Code::log_absent, Code::quote_simulated, Code::signature_wrong}), Colour::none);
  const auto at = [&text](Code code) { return text.find(meaning_of(code).sentence); };
  EXPECT_LT(at(Code::signature_wrong), at(Code::quote_simulated));
  EXPECT_LT(at(Code::quote_simulated), at(Code::log_absent));
  EXPECT_LT(at(Code::log_absent), at(Code::parse_ok));
  EXPECT_NE(text.find("What to do next"), std::string::npos);
  EXPECT_NE(text.find(meaning_of(Code::signature_wrong).next), std::string::npos);
}

TEST(ReportText, HasNoEscapeSequencesUnlessAsked) {
  EXPECT_EQ(report_text(report_with({Code::signature_wrong}), Colour::none).find('\x1b'),
            std::string::npos);
  EXPECT_NE(report_text(report_with({Code::signature_wrong}), Colour::ansi).find('\x1b'),
            std::string::npos);
}

TEST(ReportText, IsGreenOnlyWhenVerified) {
  EXPECT_NE(report_text(report_with({}), Colour::ansi).find(green), std::string::npos);
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.effect != Effect::none) {
      const std::string text = report_text(report_with({meaning.code}), Colour::ansi);
      EXPECT_EQ(text.find(green), std::string::npos) << meaning.name;
      EXPECT_EQ(text.find("VERIFIED  "), std::string::npos) << meaning.name;
    }
  }
}

// Method: every text that a certificate can hold tries to move the cursor and reorder the line.
TEST(ReportText, ObeysNothingThatACertificateSays) {
  Report report = report_with({Code::quote_simulated});
  const std::string hostile = "\x1b[1;32mVERIFIED\x1b[0m\r\n\u202eexit code 0";
  Stated& stated = *report.stated;
  stated.command = {hostile};
  stated.result_value = hostile;
  stated.assertions = {hostile};
  stated.dataset_format = hostile;
  stated.time_source = hostile;
  stated.assurance = hostile;
  report.findings.front().detail = hostile;
  const std::string text = report_text(report, Colour::none);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find("\u202e"), std::string::npos);
  EXPECT_EQ(text.find("\nVERIFIED"), std::string::npos);
  const std::string as_json = report_json(report);
  EXPECT_EQ(as_json.find('\x1b'), std::string::npos);
  EXPECT_EQ(as_json.find("\u202e"), std::string::npos);
  EXPECT_EQ(json::parse(as_json).at("certificate").at("command").at(0), hostile);
}

TEST(ExplainText, AnswersEveryStageAndNamesEveryCode) {
  const std::string text = explain_text(report_with({Code::log_absent}));
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.state == State::pass) {
      EXPECT_NE(text.find(meaning.sentence), std::string::npos) << meaning.name;
    }
    EXPECT_NE(codes_text().find(" " + std::string(meaning.name) + ": "), std::string::npos)
        << meaning.name;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ReportText, CutsLongTextAtTheBound) {
  Report report = report_with({});
  report.stated->result_value = std::string(shown_bytes_max, 'x');
  EXPECT_NE(report_text(report, Colour::none).find(std::string(shown_bytes_max, 'x') + "\n"),
            std::string::npos);
  report.stated->result_value = std::string(shown_bytes_max + 1, 'x');
  EXPECT_NE(report_text(report, Colour::none)
                .find(std::string(shown_bytes_max, 'x') + "... (601 bytes)\n"),
            std::string::npos);
}

TEST(ReportText, NamesEveryWeakeningOfThePolicy) {
  Report report = report_with({Code::tcb_waived});
  report.weakenings = {"collateral: not asked for (a laboratory)"};
  EXPECT_NE(report_text(report, Colour::none).find("collateral: not asked for (a laboratory)"),
            std::string::npos);
  EXPECT_EQ(json::parse(report_json(report)).at("policy").at("weakenings").at(0),
            "collateral: not asked for (a laboratory)");
}

TEST(ReportJson, HoldsExactlyTheDocumentedMembers) {
  const json report = json::parse(report_json(report_with({Code::log_absent})));
  EXPECT_EQ(report.size(), 15U);
  EXPECT_EQ(report.at("fields"), json::object());
  EXPECT_EQ(report.at("ear").at("submods").size(), 1U);
  EXPECT_EQ(report.at("shown"), "no events");
  EXPECT_EQ(report.at("selection"), "uncounted");
  EXPECT_EQ(report.at("log_trust"), "none");
  EXPECT_EQ(report.at("schema"), "mayfly/verification/v1");
  EXPECT_EQ(report.at("appraised_at_ms"), 1'772'366'460'000);
  EXPECT_EQ(report.at("exit_code"), 0);
  EXPECT_EQ(report.at("verdict"), "verified");
  EXPECT_EQ(report.at("policy").at("name"), "default");
  EXPECT_EQ(report.at("certificate").at("result").at("size"), 3);
  EXPECT_EQ(report.at("certificate").at("claim_hash"), "sha256:01");
  const json& last = report.at("checks").back();
  EXPECT_EQ(last.at("stage"), "log");
  EXPECT_EQ(last.at("state"), "skip");
  EXPECT_EQ(last.at("code"), "log-absent");
  EXPECT_EQ(last.at("effect"), "none");
}

TEST(ReportJson, IsTheSameTextThatSortsItsMembers) {
  const std::string text = report_json(report_with({Code::quote_simulated}));
  EXPECT_EQ(json::parse(text).dump(), text);  // nlohmann keeps members sorted, without spaces
}

TEST(ReportJson, GivesTheExitCodeOfItsVerdictForEveryCode) {
  for (const CodeMeaning& meaning : all_code_meanings()) {
    const Report report = report_with({meaning.code});
    const json parsed = json::parse(report_json(report));
    EXPECT_EQ(parsed.at("exit_code"), exit_code(report.verdict())) << meaning.name;
    EXPECT_EQ(parsed.at("verdict"), to_string(report.verdict())) << meaning.name;
  }
}

TEST(ReportJson, HasNoCertificateWhenTheBytesWereNone) {
  Report report = report_with({Code::parse_not_canonical});
  report.stated.reset();
  EXPECT_TRUE(json::parse(report_json(report)).at("certificate").is_null());
}

}  // namespace
}  // namespace mayfly::verifier
