// Goal: the published cases get their published answers from the real program.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/file_io.hpp"
#include "tests/support/process.hpp"
#include "tests/verifier/cases.hpp"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path cases_folder = MAYFLY_SOURCE_DIR "/tests/certificates";

std::set<std::string> folder_names() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(cases_folder)) {
    if (entry.is_directory()) {
      names.insert(entry.path().filename());
    }
  }
  return names;
}

std::string contents(const fs::path& path) {
  const auto bytes = read_file(path, std::size_t{32} << 20);
  EXPECT_TRUE(bytes) << path;
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

std::vector<std::string> failing_codes(const json& report) {
  std::vector<std::string> codes;
  for (const json& check : report.at("checks")) {
    if (check.at("state") == "fail") {
      codes.push_back(check.at("code"));
    }
  }
  return codes;
}

class CaseFolder : public testing::TestWithParam<std::string> {};

TEST_P(CaseFolder, GetsItsPublishedAnswerFromTheRealProgram) {
  const fs::path folder = cases_folder / GetParam();
  const json expected = json::parse(contents(folder / "case.json"));
  std::vector<std::string> argv{MAYFLY_BIN_DIR "/verify-cert", folder / "certificate.json",
                                "--json", "--at", expected.at("at").get<std::string>()};
  if (expected.contains("dataset")) {
    argv.insert(argv.end(), {"--dataset", folder / expected.at("dataset").get<std::string>()});
  }
  if (expected.contains("log_policy")) {
    argv.insert(argv.end(),
                {"--log-policy", folder / expected.at("log_policy").get<std::string>()});
  }
  if (expected.contains("tsa_roots")) {
    argv.insert(argv.end(), {"--tsa-roots", folder / expected.at("tsa_roots").get<std::string>()});
  }
  if (expected.contains("trace")) {
    argv.insert(argv.end(), {"--trace", folder / expected.at("trace").get<std::string>()});
  }
  const ProcessResult done = run_process(argv);
  EXPECT_EQ(done.exit_code, expected.at("exit_code")) << done.stdout_text << done.stderr_text;
  EXPECT_EQ(done.stderr_text, "");
  const json report = json::parse(done.stdout_text);
  EXPECT_EQ(report.at("exit_code"), expected.at("exit_code"));
  EXPECT_EQ(json(failing_codes(report)), expected.at("failing"));
  // Every quote is simulated. A fault by the caller's own rules changes nothing of that answer.
  const json nothing_else{"quote-simulated", "policy-not-met"};
  EXPECT_EQ(GetParam().starts_with("valid-"), expected.at("failing") == nothing_else);
}

INSTANTIATE_TEST_SUITE_P(All, CaseFolder, testing::ValuesIn(folder_names()), [](const auto& one) {
  std::string name = one.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

// A stale folder would go on passing after the code that made it was gone.
TEST(CaseFolders, AreExactlyWhatTheToolMakes) {
  std::set<std::string> made;
  for (const Case& one : all_cases()) {
    made.insert(one.name);
    const fs::path folder = cases_folder / one.name;
    EXPECT_EQ(contents(folder / "case.json"), case_json(one)) << one.name;
    EXPECT_EQ(without_ecdsa(bytes_of(contents(folder / "certificate.json"))),
              without_ecdsa(one.certificate))
        << one.name;
    if (one.dataset) {
      EXPECT_EQ(contents(folder / "dataset.csv"), *one.dataset) << one.name;
    }
    if (one.log_policy) {
      EXPECT_EQ(contents(folder / "log-policy"), *one.log_policy) << one.name;
    }
    if (one.tsa_roots) {
      EXPECT_EQ(contents(folder / "tsa-roots.pem"), *one.tsa_roots) << one.name;
    }
    if (one.trace) {
      EXPECT_EQ(contents(folder / "trace.jsonl"), *one.trace) << one.name;
    }
  }
  EXPECT_EQ(folder_names(), made) << "run make_verifier_cases tests/certificates";
}

}  // namespace
}  // namespace mayfly::test
