// Runs that are asked for now and looked at later: /runs/{id}, its events, its end.
#include <thread>

#include "api/preference.hpp"
#include "tests/api/execute_fixture.hpp"

namespace mayfly::api {
namespace {

using nlohmann::json;
using test::HttpReply;
using test::RawClient;
using test::shell_job;
using testing::HasSubstr;
using namespace std::chrono_literals;

class RunsTest : public test::ExecuteTest {
 protected:
  RunsTest() { options_.runs_max = 1; }

  HttpReply ask_for(const json& request, const std::string& headers = "Prefer: respond-async\r\n") {
    return ask("POST", "/execute", "Content-Type: application/json\r\n" + headers, request.dump());
  }
  // The path of a run that was accepted.
  std::string accepted(const json& request) {
    const HttpReply reply = ask_for(request);
    EXPECT_EQ(reply.status, 202) << reply.body;
    EXPECT_EQ(reply.header("Preference-Applied"), "respond-async");
    EXPECT_THAT(reply.header("Location"), testing::StartsWith("/runs/job_"));
    return reply.header("Location");
  }
  json look(const std::string& path) { return json::parse(get(path).body, nullptr, false); }
  json wait_for(const std::string& path, const std::string& state) {
    json run = look(path);
    while (run["state"] != state && !run.contains("status")) {
      std::this_thread::sleep_for(10ms);
      run = look(path);
    }
    EXPECT_EQ(run["state"], state) << run;
    return run;
  }
};

TEST_F(RunsTest, AcceptsARunAndTellsItsReplyLater) {
  const std::string path = accepted(shell_job("echo later"));
  const json run = wait_for(path, "finished");
  EXPECT_EQ("/runs/" + run["id"].get<std::string>(), path);
  EXPECT_EQ(run["status"], 200);
  EXPECT_EQ(run["reply"]["result"]["output"], "later\n");
  EXPECT_EQ(run["reply"]["certificate_id"], run["certificate_id"]);
  EXPECT_LE(run["submitted_at"], run["started_at"]);
  EXPECT_LE(run["started_at"], run["finished_at"]);
  EXPECT_EQ(get(run["certificate_url"].get<std::string>()).status, 200);
  EXPECT_EQ(get("/v1" + path).status, 200);
}

TEST_F(RunsTest, AnswersAboutARunThatCannotBeCertifiedWithItsProblem) {
  json request = shell_job("true");
  request["sandbox"]["tools"] = {"teleport"};
  const json run = wait_for(accepted(request), "finished");
  EXPECT_EQ(run["status"], 422);
  EXPECT_EQ(run["reply"]["code"], "invalid-request");
}

TEST_F(RunsTest, NeverFindsARunByAnythingButItsId) {
  for (const char* const path :
       {"/runs/", "/runs/job_", "/runs/job_00000000000000000000000000000000", "/runs/x/events"}) {
    expect_problem(get(path), 404, "not-found");
  }
  const std::string path = accepted(shell_job("true"));
  const HttpReply reply = ask("PUT", path, "Content-Length: 0\r\n");
  expect_problem(reply, 405, "method-not-allowed");
  EXPECT_EQ(reply.header("Allow"), "GET, HEAD, DELETE");
}

TEST_F(RunsTest, CancelsARunThatWaitsAndOneThatRuns) {
  const std::string running = accepted(shell_job("sleep 600"));
  wait_for(running, "running");
  const std::string waiting = accepted(shell_job("true"));
  EXPECT_EQ(look(waiting)["ahead"], 0);
  const HttpReply cancelled = ask("DELETE", waiting);
  EXPECT_EQ(cancelled.status, 200);
  const json gone = json::parse(cancelled.body);
  EXPECT_EQ(gone["state"], "cancelled");
  EXPECT_EQ(gone["status"], 409);
  EXPECT_EQ(gone["reply"]["code"], "run-cancelled");
  EXPECT_FALSE(gone.contains("certificate_id"));

  EXPECT_EQ(ask("DELETE", running).status, 202);
  const json killed = wait_for(running, "finished");
  EXPECT_EQ(killed["reply"]["result"]["status"], "signalled");
  EXPECT_EQ(get(killed["certificate_url"].get<std::string>()).status, 200);
  EXPECT_EQ(ask("DELETE", running).status, 200) << "once more changes nothing";
}

TEST_F(RunsTest, TellsWhatHappensAsEventsAndGoesOnWhereAListenerLeft) {
  const std::string running = accepted(shell_job("sleep 600"));
  wait_for(running, "running");
  const std::string path = accepted(shell_job("echo heard"));
  const RawClient listener(port_);
  listener.send("GET " + path + "/events HTTP/1.1\r\nHost: x\r\n\r\n");
  ask("DELETE", running);
  const HttpReply stream = listener.receive();
  EXPECT_EQ(stream.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(stream.header("X-Accel-Buffering"), "no");
  EXPECT_THAT(stream.body, HasSubstr("id: 1\nevent: waiting\ndata: {"));
  EXPECT_THAT(stream.body, HasSubstr("id: 2\nevent: running\ndata: {"));
  EXPECT_THAT(stream.body, HasSubstr("id: 3\nevent: finished\ndata: {\"certificate_id\":"));
  EXPECT_EQ(stream.body.find("heard"), std::string::npos) << "output is not an event";

  const HttpReply rest = get(path + "/events", "Last-Event-ID: 2\r\n");
  EXPECT_EQ(rest.body.find("id: 2\n"), std::string::npos);
  EXPECT_THAT(rest.body, HasSubstr("id: 3\nevent: finished"));
  EXPECT_EQ(get(path + "/events", "Last-Event-ID: 3\r\n").status, 204);
  expect_problem(get(path + "/events", "Last-Event-ID: x\r\n"), 400, "malformed-request");
}

TEST_F(RunsTest, WaitsAsLongAsTheCallerPrefers) {
  EXPECT_EQ(ask_for(shell_job("true"), "Prefer: respond-async, wait=60\r\n").status, 200);
  const HttpReply soon =
      ask_for(shell_job("sleep 600"), "Prefer: respond-async\r\nPrefer: wait=1\r\n");
  EXPECT_EQ(soon.status, 202) << soon.body;
  ask("DELETE", soon.header("Location"));
}

TEST(ParsePreference, ReadsWhatItKnowsAndIgnoresTheRest) {
  EXPECT_FALSE(parse_preference("").respond_async);
  EXPECT_FALSE(parse_preference("return=minimal, wait=x, respond-asynchronously").wait);
  const Preference both = parse_preference(" Respond-Async ; x=y , WAIT = 5 ,wait=6");
  EXPECT_TRUE(both.respond_async);
  EXPECT_EQ(both.wait, 5s);
  EXPECT_EQ(parse_preference("wait=4000000000").wait, preferred_wait_max);
}

class ImpatientRunsTest : public RunsTest {
 protected:
  ImpatientRunsTest() { options_.run_wait_max = 100ms; }
};

TEST_F(ImpatientRunsTest, GivesUpARunThatWaitsTooLong) {
  const std::string running = accepted(shell_job("sleep 600"));
  wait_for(running, "running");
  expect_problem(execute(shell_job("true").dump()), 503, "unavailable");
  const std::string late = accepted(shell_job("true"));
  EXPECT_EQ(wait_for(late, "dropped")["status"], 503);
  ask("DELETE", running);
}

class RatedRunsTest : public RunsTest {
 protected:
  RatedRunsTest() { options_.runs_per_minute_max = 3; }
};

TEST_F(RatedRunsTest, AsksAClientThatAsksTooOftenToComeBackLater) {
  const HttpReply second = execute(shell_job("true").dump());
  EXPECT_EQ(second.status, 200) << "the first was asked by the fixture";
  EXPECT_EQ(second.header("RateLimit-Policy"), R"("runs";q=3;w=60)");
  EXPECT_THAT(second.header("RateLimit"), testing::StartsWith(R"("runs";r=1;t=)"));
  EXPECT_EQ(execute(shell_job("true").dump()).status, 200);
  const HttpReply refused = execute(shell_job("true").dump());
  expect_problem(refused, 429, "rate-limited");
  EXPECT_THAT(refused.header("RateLimit"), testing::StartsWith(R"("runs";r=0;t=)"));
  EXPECT_GT(std::stoi(refused.header("Retry-After")), 0);
}

class SmallRunsTest : public RunsTest {
 protected:
  SmallRunsTest() { options_.job_bytes_max = std::uint64_t{512} << 20; }
};

TEST_F(SmallRunsTest, RefusesAJobThatNeverFits) {
  json request = shell_job("true");
  request["sandbox"]["environment"] = {{"max_memory_mb", 513}};
  const HttpReply reply = execute(request.dump());
  expect_problem(reply, 422, "invalid-request");
  EXPECT_THAT(reply.body, HasSubstr("/sandbox/environment/max_memory_mb"));
}

TEST_F(RunsTest, FinishesWhatWasAcceptedWhenItIsToldToStop) {
  accepted(shell_job("sleep 1; echo first"));
  accepted(shell_job("echo second"));
  stop();
  const auto page = bench_.store().search({});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 3U) << "these two, and that of the fixture";
  for (const auto& row : page->rows) EXPECT_EQ(row.status, "succeeded");
}

}  // namespace
}  // namespace mayfly::api
