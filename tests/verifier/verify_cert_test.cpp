// Goal: the program keeps its command line's promises. Method: the real program, as a process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "crypto/content_hash.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/verifier/certificate_builder.hpp"

namespace mayfly::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class VerifyCert : public testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> words, const ProcessOptions& options = {}) const {
    words.insert(words.begin(), MAYFLY_BIN_DIR "/verify-cert");
    return run_process(words, options);
  }
  ProcessResult run_on_valid(std::vector<std::string> words) const {
    words.insert(words.begin(), {certificate_.string(), "--at", at_});
    return run(std::move(words));
  }

  const std::string at_ = std::to_string(appraised_at.value);
  TempDir dir_;
  const Bytes bytes_ = build(Draft{});
  const std::filesystem::path certificate_ = dir_.write("cert.json", text_of(bytes_));
};

TEST_F(VerifyCert, SaysTheVerdictFirstAndExitsWithItsCode) {
  const ProcessResult done = run_on_valid({});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_THAT(done.stdout_text, StartsWith("CONSISTENT, NOT HARDWARE-ATTESTED  (exit code 5)\n"));
  EXPECT_THAT(done.stdout_text, HasSubstr("sha256:"));
  EXPECT_EQ(done.stderr_text, "");
}

TEST_F(VerifyCert, ReadsACertificateFromStandardInput) {
  const ProcessResult done = run({"-", "--at", at_}, {.stdin_text = std::string(text_of(bytes_))});
  EXPECT_EQ(done.exit_code, 5) << done.stderr_text;
}

TEST_F(VerifyCert, PrintsOneJsonObjectWithTheSameExitCode) {
  const ProcessResult done = run_on_valid({"--json"});
  EXPECT_EQ(done.exit_code, 5);
  const json report = json::parse(done.stdout_text);
  EXPECT_EQ(report.at("exit_code"), 5);
  EXPECT_EQ(report.at("appraised_at_ms"), appraised_at.value);
  EXPECT_EQ(std::ranges::count(done.stdout_text, '\n'), 1);
}

TEST_F(VerifyCert, PrintsNothingWhenAskedToBeQuiet) {
  for (const std::string option : {"-q", "--quiet"}) {
    const ProcessResult done = run_on_valid({option});
    EXPECT_EQ(done.exit_code, 5);
    EXPECT_EQ(done.stdout_text + done.stderr_text, "");
  }
}

TEST_F(VerifyCert, JudgesAsOfTheTimeGivenElseAsOfNow) {
  const auto at = [&](const std::string& time) {
    return json::parse(run({certificate_, "--json", "--at", time}).stdout_text)
        .at("appraised_at_ms");
  };
  EXPECT_EQ(at("2026-03-01T12:01:00Z"), appraised_at.value);
  EXPECT_EQ(run({certificate_, "--at=2040-01-01T00:00:00Z", "-q"}).exit_code, 3);
  const json now = json::parse(run({certificate_, "--json"}).stdout_text);
  EXPECT_GT(now.at("appraised_at_ms"), 1'700'000'000'000);
}

TEST_F(VerifyCert, RefusesAChangedCertificate) {
  Bytes changed = bytes_;
  changed[changed.size() / 2] ^= 1;
  const auto path = dir_.write("changed.json", text_of(changed));
  const int code = run({path, "--at", at_, "-q"}).exit_code;
  EXPECT_TRUE(code == 1 || code == 2) << code;
}

// ---- --dataset

TEST_F(VerifyCert, ComparesADatasetFile) {
  const auto same = dir_.write("same.csv", sample_dataset);
  const auto other = dir_.write("other.csv", sample_dataset + "x");
  EXPECT_EQ(run_on_valid({"--dataset", same}).exit_code, 5);
  EXPECT_THAT(run_on_valid({"--dataset", same}).stdout_text, HasSubstr("dataset-matches"));
  EXPECT_EQ(run_on_valid({"--dataset=" + other.string()}).exit_code, 1);
  EXPECT_THAT(run_on_valid({"--dataset", other}).stdout_text, HasSubstr("dataset-differs"));
}

TEST_F(VerifyCert, ComparesADatasetFromStandardInput) {
  const ProcessResult done =
      run({certificate_, "--at", at_, "--dataset", "-", "--json"}, {.stdin_text = sample_dataset});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_THAT(done.stdout_text, HasSubstr("dataset-matches"));
}

// Larger than the program's buffer, and not a multiple of it.
TEST_F(VerifyCert, HashesALargeDatasetToTheSameAsInOnePiece) {
  std::string large(3'000'001, 'r');
  large[2'000'000] = '\0';
  Draft draft;
  draft.statement.claim.dataset_hash = crypto::to_text(crypto::sha256(bytes_of(large)));
  draft.statement.claim.dataset_bytes = std::ssize(large);
  draft.statement.run.wipe.bytes = std::ssize(large);
  const auto certificate = dir_.write("large.json", text_of(build(draft)));
  EXPECT_EQ(run({certificate, "--at", at_, "--dataset", dir_.write("large.bin", large)}).exit_code,
            5);
}

TEST_F(VerifyCert, ComparesADatasetDirectoryByNamesSizesAndContents) {
  dir_.write("data/b.csv", "2");
  dir_.write("data/a/deep/c.csv", "333");
  const auto folder = dir_.path() / "data";
  const auto entry = [](std::string name, std::string_view text) {
    return crypto::ContentEntry{std::move(name), text.size(), crypto::sha256(bytes_of(text))};
  };
  const auto hash = crypto::content_hash(crypto::dataset_directory_label,
                                         {entry("b.csv", "2"), entry("a/deep/c.csv", "333")});
  Draft draft;
  draft.statement.claim.dataset_hash = crypto::to_text(*hash);
  const auto certificate = dir_.write("directory.json", text_of(build(draft)));
  EXPECT_EQ(run({certificate, "--at", at_, "--dataset", folder}).exit_code, 5);
  EXPECT_EQ(run({certificate, "--at", at_, "--dataset", folder.string() + "/"}).exit_code, 5);
  std::filesystem::rename(folder / "b.csv", folder / "d.csv");
  EXPECT_EQ(run({certificate, "--at", at_, "--dataset", folder}).exit_code, 1);
}

TEST_F(VerifyCert, RefusesADatasetDirectoryWithALinkInIt) {
  dir_.write("linked/a.csv", "1");
  std::filesystem::create_symlink("/etc/passwd", dir_.path() / "linked" / "b.csv");
  const ProcessResult done = run_on_valid({"--dataset", dir_.path() / "linked"});
  EXPECT_EQ(done.exit_code, 64);
  EXPECT_THAT(done.stderr_text, HasSubstr("no regular file"));
}

TEST_F(VerifyCert, TakesDatasetFilesMaxFilesAndRefusesOneMore) {
  for (int i = 0; i < 4096; ++i) {
    dir_.write("many/" + std::to_string(i), "");
  }
  EXPECT_EQ(run_on_valid({"--dataset", dir_.path() / "many"}).exit_code, 1);  // judged
  dir_.write("many/one-more", "");
  const ProcessResult done = run_on_valid({"--dataset", dir_.path() / "many"});
  EXPECT_EQ(done.exit_code, 64);
  EXPECT_THAT(done.stderr_text, HasSubstr("more than 4096 files"));
}

// ---- many, two, and the long answers

json line_of(const std::string& text, std::size_t number) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < number; ++i) begin = text.find('\n', begin) + 1;
  return json::parse(text.substr(begin, text.find('\n', begin) - begin));
}

TEST_F(VerifyCert, JudgesEachLineOfABatchAndEndsWithTheWorst) {
  const std::string certificate(text_of(bytes_));
  const ProcessResult done =
      run({"--batch", "-", "--at", at_}, {.stdin_text = certificate + "\n{}\n" + certificate});
  EXPECT_EQ(done.exit_code, 2) << done.stderr_text;
  ASSERT_EQ(std::ranges::count(done.stdout_text, '\n'), 3);
  EXPECT_EQ(line_of(done.stdout_text, 0).at("exit_code"), 5);
  EXPECT_EQ(line_of(done.stdout_text, 0).at("input"), "line 1");
  EXPECT_EQ(line_of(done.stdout_text, 1).at("exit_code"), 2);
  EXPECT_TRUE(line_of(done.stdout_text, 1).at("certificate_id").is_null());
  EXPECT_EQ(line_of(done.stdout_text, 2).at("codes"), json({"quote-simulated", "policy-not-met"}));
  EXPECT_EQ(run({"--batch", "-", "--at", at_, "-q"}, {.stdin_text = certificate}).stdout_text, "");
}

// More than one chunk, and judged by several threads: the order stays that of the input.
TEST_F(VerifyCert, KeepsTheOrderOfALargeBatch) {
  const std::string certificate(text_of(bytes_));
  std::string input;
  for (int i = 0; i < 1100; ++i) input += (i % 7 == 0 ? certificate : std::string("x")) + "\n";
  const ProcessResult done = run({"--batch", "-", "--at", at_}, {.stdin_text = input});
  ASSERT_EQ(std::ranges::count(done.stdout_text, '\n'), 1100);
  std::istringstream lines(done.stdout_text);
  std::string line;
  for (int i = 0; std::getline(lines, line); ++i) {
    const json object = json::parse(line);
    ASSERT_EQ(object.at("input"), "line " + std::to_string(i + 1));
    ASSERT_EQ(object.at("exit_code"), i % 7 == 0 ? 5 : 2);
  }
}

TEST_F(VerifyCert, JudgesEveryJsonFileBelowAFolder) {
  dir_.write("many/b/two.json", text_of(bytes_));
  dir_.write("many/one.json", text_of(bytes_));
  dir_.write("many/notes.txt", "not judged");
  const ProcessResult done = run({"--batch", dir_.path() / "many", "--at", at_});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_EQ(std::ranges::count(done.stdout_text, '\n'), 2);
  EXPECT_THAT(line_of(done.stdout_text, 0).at("input"), testing::EndsWith("many/b/two.json"));
  EXPECT_EQ(run({"--batch", dir_.path() / "absent"}).exit_code, 64);
  EXPECT_EQ(run({"--batch", "-"}, {.stdin_text = ""}).exit_code, 64);
}

TEST_F(VerifyCert, ComparesTwoCertificates) {
  Draft other;
  other.statement.claim.limits.pids += 1;
  const auto path = dir_.write("other.json", text_of(build(other)));
  EXPECT_EQ(run({"--compare", certificate_, certificate_, "--at", at_, "-q"}).exit_code, 0);
  const ProcessResult done = run({"--compare", certificate_, path, "--at", at_, "--json"});
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_EQ(json::parse(done.stdout_text).at("outcome"), "other-question");
  EXPECT_EQ(run({"--compare", certificate_}).exit_code, 64);
}

TEST_F(VerifyCert, ExplainsACertificateAndEveryCode) {
  const ProcessResult done = run_on_valid({"--explain"});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_THAT(done.stdout_text, HasSubstr("How far each part is to be believed"));
  const ProcessResult codes = run({"--explain"});
  EXPECT_EQ(codes.exit_code, 0);
  EXPECT_THAT(codes.stdout_text, HasSubstr("signature-wrong"));
}

// ---- bounds, files, usage

TEST_F(VerifyCert, JudgesSixteenMebibytesAndNamesTheBoundAtOneByteMore) {
  const std::size_t bound = std::size_t{16} * 1024 * 1024;
  const auto at_bound = dir_.write("at_bound.json", std::string(bound, ' '));
  const auto over = dir_.write("over.json", std::string(bound + 1, ' '));
  const ProcessResult judged = run({at_bound});
  EXPECT_EQ(judged.exit_code, 2);
  EXPECT_THAT(judged.stdout_text, HasSubstr("parse-not-canonical"));
  const ProcessResult refused = run({over});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.stdout_text, HasSubstr("parse-too-large"));
  EXPECT_THAT(refused.stdout_text, HasSubstr("over a size limit"));
}

TEST_F(VerifyCert, SaysWhichFileCannotBeReadAndJudgesNothing) {
  const ProcessResult missing = run({dir_.path() / "absent.json"});
  EXPECT_EQ(missing.exit_code, 64);
  EXPECT_EQ(missing.stdout_text, "");
  EXPECT_THAT(missing.stderr_text, HasSubstr("absent.json"));
  EXPECT_EQ(run({dir_.path()}).exit_code, 64);  // a directory
  const ProcessResult no_data = run_on_valid({"--dataset", dir_.path() / "absent.csv"});
  EXPECT_EQ(no_data.exit_code, 64);
  EXPECT_EQ(no_data.stdout_text, "");
}

TEST_F(VerifyCert, RefusesWrongUsageWithAHint) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"--jsn"},
                                                    {certificate_, "--frobnicate"},
                                                    {certificate_, certificate_},
                                                    {certificate_, "--dataset"},
                                                    {certificate_, "--dataset="},
                                                    {certificate_, "--at", "yesterday"},
                                                    {certificate_, "--json=yes"},
                                                    {certificate_, "-x"},
                                                    {"-", "--dataset", "-"},
                                                    {"--compare", "-", "-"},
                                                    {"--compare", "a", "b", "--dataset", "x"},
                                                    {"--batch"},
                                                    {"--batch", "x", "y"},
                                                    {"--", "--json"}};
  for (const auto& words : wrong) {
    const ProcessResult done = run(words);
    EXPECT_EQ(done.exit_code, 64) << done.stderr_text;
    EXPECT_EQ(done.stdout_text, "");
    EXPECT_THAT(done.stderr_text, StartsWith("verify-cert: "));
  }
  EXPECT_THAT(run({certificate_, "--jsn"}).stderr_text, HasSubstr("did you mean --json?"));
  EXPECT_THAT(run({certificate_, "--datset=x"}).stderr_text, HasSubstr("did you mean --dataset?"));
}

TEST_F(VerifyCert, ShowsHelpWithExamplesFirstAndItsVersion) {
  for (const std::string option : {"-h", "--help"}) {
    const ProcessResult help = run({option});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_LT(help.stdout_text.find("Examples:"), help.stdout_text.find("Usage:"));
    for (const std::string_view word : {"--dataset", "--at", "--json", "--quiet", "--no-color"}) {
      EXPECT_THAT(help.stdout_text, HasSubstr(std::string(word)));
    }
  }
  const ProcessResult version = run({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.stdout_text, "verify-cert " MAYFLY_VERSION "\n");
}

TEST_F(VerifyCert, WritesNoEscapeSequencesToAPipe) {
  EXPECT_THAT(run_on_valid({}).stdout_text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(run_on_valid({"--no-color"}).stdout_text, Not(HasSubstr("\x1b")));
}

TEST_F(VerifyCert, ShowsHostileFileNamesInert) {
  const ProcessResult done = run({dir_.path() / "\x1b[2Jabsent.json"});
  EXPECT_THAT(done.stderr_text, HasSubstr("\\u{1b}[2Jabsent.json"));
}

TEST_F(VerifyCert, FailsWhenItsReportCannotBeWritten) {
  const std::string script =
      std::string(MAYFLY_BIN_DIR "/verify-cert ") + certificate_.string() + " > /dev/full";
  EXPECT_EQ(run_process({"sh", "-c", script}).exit_code, 70);
}

}  // namespace
}  // namespace mayfly::test
