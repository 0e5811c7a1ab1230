// POST /execute with the real runner: a dataset goes in over HTTP, a job runs, a certificate is
// kept and served. Skipped, loudly, where this machine cannot run a sandbox.
#include <atomic>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/file_io.hpp"
#include "tests/api/execute_fixture.hpp"
#include "verifier/trace_check.hpp"

namespace mayfly::api {
namespace {

using nlohmann::json;
using test::base64_of;
using test::ExecuteTest;
using test::HttpReply;
using test::post_of;
using test::RawClient;
using test::shell_job;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST_F(ExecuteTest, TheShortFormIsTheSameSandboxAndAnswersInItsOwnWords) {
  const std::string code = "import sys; print(sys.argv[1])";
  json full;
  full["sandbox"] = {{"scripts", {{"main.py", code}}},
                     {"entrypoint", {"python3", "main.py", "x"}},
                     {"environment", {{"timeout_seconds", 30}}}};
  const json by_full = run(full);
  const json by_short = run({{"code", code}, {"inputs", {"x"}}});
  EXPECT_EQ(by_short["status"], "success") << by_short;
  EXPECT_EQ(by_short["output"], "x\n");
  EXPECT_TRUE(by_short["error"].is_null());
  EXPECT_GT(by_short["execution_time"].get<double>(), 0.0);
  EXPECT_TRUE(by_short["resource_usage"].contains("cpu_time"));
  EXPECT_THAT(by_short["resource_usage"]["memory_peak"].get<std::string>(),
              testing::EndsWith("MB"));
  EXPECT_EQ(by_short["claim_hash"], by_full["claim_hash"]);
  EXPECT_FALSE(by_full.contains("status")) << "the full form has its own names";
  const json failed = run({{"code", "exit 3"}, {"language", "sh"}});
  EXPECT_EQ(failed["status"], "error");
  EXPECT_THAT(failed["error"].get<std::string>(), testing::StartsWith("failed, exit code 3"));
}

TEST_F(ExecuteTest, RunsAJobOverADatasetAndAnswersWithTheNamesOfTheForm) {
  json request = shell_job("wc -l < \"$DATASET_PATH\"; echo $DATASET_PATH >&2");
  request["dataset"] = {{"data", "base64:" + base64_of("a,1\nb,2\nc,33")}, {"format", "csv"}};
  request["sandbox"]["environment"] = {{"timeout_seconds", 30}, {"max_memory_mb", 64}};
  const json reply = run(request);
  EXPECT_EQ(reply["result"]["output"], "2\n");
  EXPECT_EQ(reply["result"]["stderr"], "/data/dataset.csv\n");
  EXPECT_EQ(reply["result"]["exit_code"], 0);
  EXPECT_EQ(reply["result"]["status"], "succeeded");
  EXPECT_EQ(reply["proof"]["dataset_hash"],
            crypto::to_text(crypto::sha256(bytes_of("a,1\nb,2\nc,33"))));
  EXPECT_THAT(reply["proof"]["tee_attestation"].get<std::string>(), testing::StartsWith("0x"));
  EXPECT_THAT(reply["proof"]["sandbox_hash"].get<std::string>(), testing::StartsWith("sha256:"));
  EXPECT_EQ(reply["lifecycle"]["dataset_deleted"], true);
  EXPECT_EQ(reply["lifecycle"]["sandbox_destroyed"], true);
  EXPECT_GE(reply["lifecycle"]["execution_time_ms"], 0);
  EXPECT_TRUE(reply["execution_trace"].contains("llm_calls"));
  EXPECT_FALSE(reply["execution_trace"]["tool_uses"].empty());
  const std::string id = reply["certificate_id"];
  EXPECT_EQ(reply["certificate_url"], "/certificate/" + id);

  const HttpReply certificate = get(reply["certificate_url"].get<std::string>());
  EXPECT_EQ(certificate.status, 200);
  EXPECT_TRUE(certificate::check_canonical(bytes_of(certificate.body)));
  const json verdict = json::parse(get("/certificate/" + id + "/verify").body);
  EXPECT_EQ(verdict["exit_code"], 5) << verdict.dump(1);  // consistent, not hardware-attested
  EXPECT_THAT(get("/claims/" + reply["claim_hash"].get<std::string>()).body, HasSubstr(id));
}

TEST_F(ExecuteTest, GivesEqualRequestsEqualClaims) {
  const json first = run(shell_job("echo same"));
  const json second = run(shell_job("echo same"));
  const json other = run(shell_job("echo other"));
  EXPECT_EQ(first["claim_hash"], second["claim_hash"]);
  EXPECT_NE(first["certificate_id"], second["certificate_id"]);
  EXPECT_NE(first["claim_hash"], other["claim_hash"]);
}

pipeline::Certified certify(test::Workbench& bench, const std::vector<std::string>& command) {
  pipeline::ExecutionRequest request;
  request.command = command;
  return test::must(pipeline::execute(std::move(request), bench.parts(), {}));
}

bool was_ready(const executor::RunReport& report) {
  const auto at = [&](std::string_view name) {
    return std::ranges::find(report.phases, name, &executor::Phase::name)->at_us;
  };
  return at("sandbox built") < at("asked");
}

// What a certificate claims of a run must not tell whether its sandbox had waited for it.
TEST_F(ExecuteTest, GivesASandboxHeldReadyTheSameClaim) {
  constexpr int tries_max = 200;
  test::Workbench cold;
  test::Workbench pooled({1});
  const std::vector<std::string> command{"sh", "-c", "cat /etc/passwd; ulimit -a; exit 3"};
  const auto own = certify(cold, command);
  EXPECT_FALSE(was_ready(own.report));
  for (int i = 0; i < tries_max; ++i) {
    const auto ready = certify(pooled, command);
    EXPECT_EQ(ready.claim_hash, own.claim_hash);
    if (was_ready(ready.report)) return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL() << "no run was given a sandbox that was built before";
}

TEST_F(ExecuteTest, CertifiesJobsThatFailAndTimeOut) {
  const json failed = run(shell_job("exit 3"));
  EXPECT_EQ(failed["result"]["exit_code"], 3);
  EXPECT_EQ(failed["result"]["status"], "failed");
  json endless = shell_job("sleep 60");
  endless["sandbox"]["environment"] = {{"timeout_seconds", 1}};
  const json timed_out = run(endless);
  EXPECT_EQ(timed_out["result"]["status"], "timed_out");
  EXPECT_EQ(get(timed_out["certificate_url"].get<std::string>()).status, 200);
}

TEST_F(ExecuteTest, NamesToolsAndScriptsAsTheFormDoes) {
  const json reply = run({{"sandbox",
                           {{"scripts", {{"main.py", "import os; os.system('grep x /dev/null')"}}},
                            {"tools", {"python", "sh", "grep"}}}}});
  json uses = json::object();
  for (const json& use : reply["execution_trace"]["tool_uses"]) {
    uses[use["tool"].get<std::string>()] = use;
  }
  EXPECT_EQ(uses["python"]["script"], "main.py") << uses.dump(1);
  EXPECT_EQ(uses["python"]["exit_code"], 0);
  EXPECT_EQ(uses["grep"]["count"], 1);
  EXPECT_THAT(uses["grep"]["pattern"].get<std::string>(), testing::StartsWith("hmac-sha256:"));
  EXPECT_FALSE(uses["grep"].contains("script"));
}

TEST_F(ExecuteTest, GivesTheTraceToWhoeverAsksForIt) {
  json request = shell_job("echo '{\"found\":1}' > out; cat out");
  EXPECT_FALSE(run(request)["execution_trace"]["events"].contains("lines"));
  request["trace"] = true;
  request["withhold"] = json::array({"files", "result"});
  const json reply = run(request);
  const json events = reply["execution_trace"]["events"];
  verifier::TraceCheck check;
  std::istringstream lines(events["lines"].get<std::string>());
  for (std::string line; std::getline(lines, line);) check.add(line);
  const verifier::GivenTrace given = std::move(check).finish();
  EXPECT_EQ(given.size, events["size"]);
  EXPECT_EQ(crypto::to_text(given.root), events["root"]);

  EXPECT_EQ(reply["result"]["output"], "{\"found\":1}\n") << "nothing is withheld from who asked";
  const std::string url = reply["certificate_url"];
  const json claim = json::parse(get(url + "?format=claim").body);
  EXPECT_EQ(claim["withhold"], json::array({"files", "result"}));
  EXPECT_FALSE(claim["result"].contains("value"));
  EXPECT_EQ(json::parse(get(url + "/verify").body)["shown"], "no events; result shown");
}

TEST_F(ExecuteTest, SaysWhenTheResultWasCutAndJudgesNothing) {
  json request = shell_job("head -c 1001 /dev/zero | tr '\\0' x; echo; echo '{\"found\": 0}'");
  request["sandbox"]["environment"] = {{"max_output_bytes", 1000}};
  request["assertions"] = {{{"name", "found"}, {"op", "=="}, {"value", "0"}}};
  const json reply = run(request);
  EXPECT_EQ(reply["result"]["truncated"], true);
  EXPECT_EQ(reply["result"]["output"], std::string(1000, 'x'));
  EXPECT_FALSE(reply["result"].contains("value"));
  const std::string url = reply["certificate_url"];
  const json claim = json::parse(get(url + "?format=claim").body);
  EXPECT_EQ(claim["result"]["truncated"], true);
  EXPECT_EQ(claim["assertions"][0]["verdict"], "unknown");
  EXPECT_EQ(json::parse(get(url + "?format=summary").body)["execution"]["truncated"], true);
  EXPECT_EQ(json::parse(get(url + "/verify").body)["exit_code"], 5);
  EXPECT_THAT(get(url, "Accept: text/html\r\n").body, HasSubstr("the job printed more than"));
}

// Goal: no certificate contradicts itself because the host's clock was stepped. Method: clocks that
// go back after the job, and between loading the dataset and the job.
class SteppedClockTest : public ExecuteTest {
 protected:
  SteppedClockTest() {
    bench_.now = [] { return test::standing_clock; };
  }
};
class ClockAheadTest : public ExecuteTest {
 protected:
  ClockAheadTest() {
    constexpr std::int64_t hour_ms = 3'600'000;
    bench_.now = [before = bench_.now, calls = std::make_shared<std::atomic<int>>(0)] {
      return UnixMillis{before().value + (++*calls % 2 == 0 ? -hour_ms : hour_ms)};
    };
  }
};

void expect_ordered(const json& lifecycle) {
  std::string latest;
  for (const char* const name :
       {"dataset_loaded_at", "execution_started_at", "execution_completed_at", "dataset_deleted_at",
        "sandbox_destroyed_at"}) {
    EXPECT_GE(lifecycle[name].get<std::string>(), latest) << lifecycle.dump(1);
    latest = lifecycle[name];
  }
  EXPECT_GE(lifecycle["execution_time_ms"].get<std::int64_t>(), 0);
}

TEST_F(SteppedClockTest, CertifiesTimesThatNeverGoBack) {
  json request = shell_job("true");
  request["dataset"] = {{"data", "base64:" + base64_of("abc")}, {"format", "csv"}};
  expect_ordered(run(request)["lifecycle"]);
}
TEST_F(ClockAheadTest, CertifiesTimesThatNeverGoBack) {
  json request = shell_job("true");
  request["dataset"] = {{"data", "base64:" + base64_of("abc")}, {"format", "csv"}};
  for (int i = 0; i < 2; ++i) expect_ordered(run(request)["lifecycle"]);
}

TEST_F(ExecuteTest, GivesOutputThatIsNotTextAsBase64) {
  const json reply = run(shell_job(R"(printf '\377\000')"));
  EXPECT_EQ(reply["result"]["output"], "/wA=");
  EXPECT_EQ(reply["result"]["output_encoding"], "base64");
}

TEST_F(ExecuteTest, JudgesAssertionsAndPassesVariables) {
  json request = shell_job("echo \"{\\\"found\\\": $FOUND}\"");
  request["sandbox"]["environment"]["variables"] = {{"FOUND", "0"}};
  request["assertions"] = {{{"name", "found"}, {"op", "=="}, {"value", "0"}}};
  request["nonce"] = "00ff";
  const json reply = run(request);
  EXPECT_EQ(reply["result"]["value"]["found"], 0);
  const std::string certificate = get(reply["certificate_url"].get<std::string>()).body;
  EXPECT_THAT(certificate, HasSubstr(R"("verdict":"true")"));
}

TEST_F(ExecuteTest, RefusesAnUnknownToolAndKeepsNoCertificate) {
  json request = shell_job("true");
  request["sandbox"]["tools"] = {"teleport"};
  const auto before = json::parse(get("/certificates").body)["certificates"].size();
  expect_problem(execute(request.dump()), 422, "invalid-request");
  EXPECT_EQ(json::parse(get("/certificates").body)["certificates"].size(), before);
}

TEST_F(ExecuteTest, TakesAChunkedUpload) {
  json request = shell_job("wc -c < \"$DATASET_PATH\"");
  request["dataset"] = {{"data", "base64:" + base64_of(std::string(30'000, 'x'))},
                        {"format", "txt"}};
  const std::string body = request.dump();
  const RawClient client(port_);
  client.send(
      "POST /v1/execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  for (std::size_t at = 0; at < body.size(); at += 0x333) {
    const std::string part = body.substr(at, 0x333);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    client.send(size + part + "\r\n");
  }
  client.send("0\r\n\r\n");
  const HttpReply reply = client.receive();
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json::parse(reply.body)["result"]["output"], "30000\n");
}

TEST_F(ExecuteTest, LeavesNoByteOfADatasetInLogOrStore) {
  json request = shell_job("grep -c . \"$DATASET_PATH\"");
  const std::string canary = "canary-5f0c2b";
  request["dataset"] = {{"data", "base64:" + base64_of(canary + "..")}, {"format", "txt"}};
  run(request);
  stop();
  const auto folder = std::filesystem::path(bench_.file_in_folder("x")).parent_path();
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const auto bytes = read_file(file.path(), std::size_t{64} * 1024 * 1024);
    ASSERT_TRUE(bytes) << bytes.error().message();
    EXPECT_EQ(text_of(*bytes).find(canary), std::string_view::npos) << file.path();
    EXPECT_EQ(text_of(*bytes).find(base64_of(canary + "..")), std::string_view::npos);
    ++files;
  }
  EXPECT_GE(files, 1U);
  EXPECT_EQ(log().find("canary"), std::string::npos);
}

class NoQueueExecuteTest : public ExecuteTest {
 protected:
  NoQueueExecuteTest() { options_.runs_waiting_max = 0; }
};

// When the server takes a request in is its own affair: one that is asked too early runs, and may
// take the slot that was meant for a long one. Then everything is waited for and tried again.
TEST_F(NoQueueExecuteTest, AnswersWhileAllSlotsAreTakenThatItIsBusy) {
  HttpReply reply;
  for (int attempt = 1; attempt <= 6 && reply.status != 429; ++attempt) {
    const std::string body = shell_job("sleep " + std::to_string(2 * attempt)).dump();
    std::vector<std::unique_ptr<RawClient>> busy;
    for (std::size_t i = 0; i < options_.runs_max; ++i) {
      busy.push_back(std::make_unique<RawClient>(port_));
      busy.back()->send(post_of(body));
    }
    std::this_thread::sleep_for(attempt * 500ms);
    reply = execute(shell_job("true").dump());
    const int healthy = get("/healthz").status;  // everything else goes on
    for (const auto& client : busy) {
      const int status = client->receive().status;
      EXPECT_TRUE(status == 200 || reply.status != 429) << status;
    }
    EXPECT_TRUE(healthy == 200 || reply.status != 429) << healthy;
  }
  expect_problem(reply, 429, "too-many-runs");
  EXPECT_EQ(reply.header("Retry-After"), "5");
}

TEST_F(ExecuteTest, LetsARunFinishWhenItIsToldToStop) {
  const RawClient client(port_);
  const std::string body = shell_job("sleep 4; echo done").dump();
  client.send(post_of(body));
  std::this_thread::sleep_for(2s);
  stop();
  const HttpReply reply = client.receive();
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json::parse(reply.body)["result"]["output"], "done\n");
}

class ImpatientExecuteTest : public ExecuteTest {
 protected:
  ImpatientExecuteTest() { options_.drain = 200ms; }
};

TEST_F(ImpatientExecuteTest, KillsARunWhenTheDrainIsOverAndCertifiesThat) {
  const RawClient client(port_);
  const std::string body = shell_job("sleep 60").dump();
  client.send(post_of(body));
  std::this_thread::sleep_for(2s);
  stop();  // in well under 60 s, or this test times out
  const auto page = bench_.store().search({});
  ASSERT_TRUE(page);
  ASSERT_FALSE(page->rows.empty());
  EXPECT_EQ(page->rows.front().status, "signalled");
}

}  // namespace
}  // namespace mayfly::api
