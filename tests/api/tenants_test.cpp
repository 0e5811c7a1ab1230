// Several tenants over HTTP: each has its own runs and private certificates; what was accepted is
// known after a restart, and a key makes one run.
#include <thread>

#include "api/accept_run.hpp"
#include "api/access.hpp"
#include "store/audit_log.hpp"
#include "store/run_ledger.hpp"
#include "store/token_store.hpp"
#include "tests/api/execute_fixture.hpp"

namespace mayfly::api {
namespace {

using nlohmann::json;
using test::HttpReply;
using test::must;
using test::shell_job;
using testing::HasSubstr;
using namespace std::chrono_literals;

class KeptRunsTest : public test::ExecuteTest {
 protected:
  KeptRunsTest() { options_.database = &database_; }
  ~KeptRunsTest() override { stop(); }  // while the database is there

  HttpReply post(const json& request, const std::string& headers) {
    return ask("POST", "/execute", "Content-Type: application/json\r\n" + headers, request.dump());
  }
  json wait_for_end(const std::string& path, const std::string& headers = "") {
    for (;;) {
      const json run = json::parse(get(path, headers).body, nullptr, false);
      if (run.contains("finished_at")) return run;
      std::this_thread::sleep_for(10ms);
    }
  }
  std::size_t certificates() { return must(bench_.store().search({})).rows.size(); }

  store::ServiceDatabase database_ =
      must(store::ServiceDatabase::open(bench_.file_in_folder("service.db")));
};

TEST_F(KeptRunsTest, OneKeyIsOneRun) {
  const json request = shell_job("echo once");
  const std::string key = "Idempotency-Key: a-1\r\n";
  const HttpReply first = post(request, key);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.header("Idempotent-Replayed"), "");
  const std::size_t kept = certificates();
  const HttpReply second = post(request, key);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(certificates(), kept) << "nothing ran again";
  expect_problem(post(shell_job("echo other"), key), 422, "key-reused");
  expect_problem(post(request, "Idempotency-Key: a b\r\n"), 400, "malformed-request");
  const std::string longest(idempotency_key_bytes_max, 'k');
  EXPECT_EQ(post(request, "Idempotency-Key: " + longest + "\r\n").status, 200);
  expect_problem(post(request, "Idempotency-Key: " + longest + "k\r\n"), 400, "malformed-request");
}

TEST_F(KeptRunsTest, AKeyWhoseRunIsInProgressWaitsForItsEnd) {
  const json request = shell_job("sleep 600");
  const std::string headers = "Prefer: respond-async\r\nIdempotency-Key: slow\r\n";
  const std::string path = post(request, headers).header("Location");
  const HttpReply again = post(request, headers);
  expect_problem(again, 409, "already-in-progress");
  EXPECT_THAT(again.body, HasSubstr(path)) << "it is told which run that is";
  ask("DELETE", path);
  EXPECT_EQ(wait_for_end(path)["status"], 200);
}

TEST_F(KeptRunsTest, WhatWasAcceptedIsKnownAfterARestart) {
  const std::string headers = "Prefer: respond-async\r\nIdempotency-Key: k\r\n";
  const json request = shell_job("echo kept");
  const std::string path = post(request, headers).header("Location");
  const json before = wait_for_end(path);
  stop();
  start();
  const json after = json::parse(get(path).body);
  EXPECT_EQ(after["state"], "finished");
  EXPECT_EQ(after["certificate_id"], before["certificate_id"]);
  EXPECT_FALSE(after.contains("reply")) << "a job's output is never on a disk";
  const HttpReply replayed = post(request, headers);
  EXPECT_EQ(replayed.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(json::parse(replayed.body)["certificate_id"], before["certificate_id"]);
}

// Goal: whatever moment the server dies in, a run is finished exactly if its certificate is there.
// Method: the ledger as each moment leaves it.
TEST_F(KeptRunsTest, SettlesWhatAnEarlierServerLeft) {
  const json kept = run(shell_job("true"));
  stop();
  const store::RunLedger ledger(database_);
  const std::string id = std::string(run_id_prefix);
  const std::string lost = id + std::string(32, '1');
  const std::string unstored = id + std::string(32, '2');
  const std::string stored = id + std::string(32, '3');
  for (const std::string& each : {lost, unstored, stored}) {
    const store::RunKey key{
        .client = "", .key_hash = crypto::sha256(bytes_of(each)), .body_hash = {}};
    ASSERT_TRUE(
        ledger.accept({.run_id = each, .client = "", .state = {}, .submitted_at = {1}}, key));
  }
  ASSERT_TRUE(ledger.note_certificate(unstored, "cert_" + std::string(64, '0'), std::nullopt));
  ASSERT_TRUE(
      ledger.note_certificate(stored, kept["certificate_id"].get<std::string>(), std::nullopt));
  start();
  EXPECT_EQ(json::parse(get("/runs/" + lost).body)["state"], "dropped");
  EXPECT_EQ(json::parse(get("/runs/" + unstored).body)["state"], "dropped");
  EXPECT_EQ(json::parse(get("/runs/" + stored).body)["state"], "finished");
}

class TenantsTest : public KeptRunsTest {
 protected:
  std::string token(std::string_view tenant, std::string_view scopes) {
    const FreshToken made =
        must(make_token(tenant, must(Scopes::parse(scopes)), bench_.now(), std::nullopt));
    EXPECT_TRUE(store::TokenStore(database_).add(made.row));
    return "Authorization: Bearer " + made.text + "\r\n";
  }
};

TEST_F(TenantsTest, NeedsATokenWithTheScopeForWhatIsNotPublic) {
  const std::string runs = token("lab", "execute");
  const std::string reads = token("lab", "read");
  const HttpReply nobody = post(shell_job("true"), "");
  expect_problem(nobody, 401, "unauthorized");
  EXPECT_THAT(nobody.header("WWW-Authenticate"), HasSubstr("Bearer"));
  expect_problem(post(shell_job("true"), reads), 403, "forbidden");
  EXPECT_EQ(post(shell_job("true"), runs).status, 200);
  expect_problem(get("/audit", runs), 403, "forbidden");
  expect_problem(get("/certificates", "Authorization: Bearer wrong\r\n"), 401, "unauthorized");
  EXPECT_EQ(get("/certificates").status, 200) << "certificates are public";
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(TenantsTest, NeverSeeEachOthersRuns) {
  const std::string lab = token("lab", "execute read");
  const std::string mill = token("mill", "execute read");
  const HttpReply mine = post(shell_job("sleep 600"), lab + "Prefer: respond-async\r\n");
  const std::string path = mine.header("Location");
  for (const std::string& other : {mill, std::string()}) {
    const int status = other.empty() ? 401 : 404;
    EXPECT_EQ(get(path, other).status, status);
    EXPECT_EQ(get(path + "/events", other).status, status);
    EXPECT_EQ(ask("DELETE", path, other).status, status);
  }
  EXPECT_EQ(get(path, token("lab", "read")).status, 200) << "a token of the same tenant may look";
  EXPECT_EQ(ask("DELETE", path, token("lab", "read")).status, 403);
  EXPECT_EQ(ask("DELETE", path, lab).status / 100, 2);
  // One tenant's key says nothing about another's.
  const std::string key = "Idempotency-Key: same\r\n";
  EXPECT_EQ(post(shell_job("echo lab"), lab + key).status, 200);
  EXPECT_EQ(post(shell_job("echo mill"), mill + key).status, 200);
}

TEST_F(TenantsTest, MayKeepACertificateToThemselves) {
  const std::string lab = token("lab", "execute read");
  json request = shell_job("echo private");
  request["visibility"] = "private";
  const HttpReply reply = post(request, lab);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json made = json::parse(reply.body);
  const std::string url = made["certificate_url"];
  const std::string claim = "/claims/" + made["claim_hash"].get<std::string>();
  EXPECT_EQ(get(claim, lab).status, 200);
  for (const std::string& other : {std::string(), token("mill", "execute read")}) {
    expect_problem(get(url, other), 404, "not-found");
    expect_problem(get(url + "/verify", other), 404, "not-found");
    expect_problem(get(claim, other), 404, "not-found");  // as if there were none
    EXPECT_EQ(get("/certificates", other).body.find(made["certificate_id"].get<std::string>()),
              std::string::npos);
  }
  const HttpReply own = get(url, lab);
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.header("Cache-Control"), "private, no-cache");
  EXPECT_EQ(get(url + "/verify", lab).status, 200);
  EXPECT_EQ(get(url, token("chief", "admin")).status, 200);
  request["visibility"] = "secret";
  expect_problem(post(request, lab), 422, "invalid-request");
}

TEST_F(TenantsTest, NotesWhoDidWhat) {
  const std::string lab = token("lab", "execute");
  const HttpReply accepted = post(shell_job("sleep 600"), lab + "Prefer: respond-async\r\n");
  ask("DELETE", accepted.header("Location"), lab);
  const json audit = json::parse(get("/audit", token("chief", "admin")).body);
  ASSERT_EQ(audit["entries"].size(), 2U) << audit;
  EXPECT_EQ(audit["entries"][0]["action"], "run.accept");
  EXPECT_EQ(audit["entries"][1]["action"], "run.cancel");
  EXPECT_EQ("/runs/" + audit["entries"][1]["subject"].get<std::string>(),
            accepted.header("Location"));
  EXPECT_TRUE(audit["next"].is_null());
}

TEST_F(KeptRunsTest, NobodyInParticularHasNothingPrivate) {
  json request = shell_job("true");
  request["visibility"] = "private";
  expect_problem(execute(request.dump()), 422, "invalid-request");
}

TEST_F(KeptRunsTest, IsNotReachableFromElsewhereWithoutATokenBeingMade) {
  stop();
  options_.listen.address = "0.0.0.0";
  options_.plaintext_from_network = PlaintextFromNetwork{"a test"};
  const UniqueFd stop_now(::eventfd(1, EFD_CLOEXEC));
  const auto refused = serve(options_, bench_.parts(), bench_.store(), stop_now.borrow());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
  EXPECT_THAT(refused.error().message(), HasSubstr("mayfly token create"));
  options_.database = nullptr;
  EXPECT_FALSE(serve(options_, bench_.parts(), bench_.store(), stop_now.borrow()));
}

}  // namespace
}  // namespace mayfly::api
