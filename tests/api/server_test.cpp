// The service over a real loopback socket: what it answers, what it refuses, how it stops.
#include "certificate/export.hpp"
#include "tests/api/server_fixture.hpp"
#include "tests/certificate/sample.hpp"

namespace mayfly::api {
namespace {

using test::HttpReply;
using test::must;
using test::RawClient;
using testing::HasSubstr;
using namespace std::chrono_literals;

store::CertificateRow row_named(const std::string& id, std::int64_t issued_at) {
  return {.certificate_id = id,
          .claim_hash = "",
          .dataset_hash = "",
          .sandbox_hash = "",
          .status = "failed",
          .tee = "",
          .issued_at = {issued_at}};
}

class ServerTest : public test::ServerTest {
 protected:
  // A stored certificate that is well-formed and proves nothing; its id.
  std::string keep_sample() {
    return keep(certificate::test::sample_statement(), certificate::test::sample_proof());
  }

  std::string keep(const certificate::Statement& statement, const certificate::Proof& proof) {
    const auto encoded = must(certificate::encode_statement(statement));
    sample_ = must(certificate::encode_certificate(encoded, proof));
    must_hold(bench_.store().put({.certificate_id = encoded.certificate_id,
                                  .claim_hash = encoded.claim_hash,
                                  .dataset_hash = statement.claim.dataset_hash,
                                  .sandbox_hash = crypto::to_text(encoded.sandbox_hash),
                                  .status = "succeeded",
                                  .tee = "simulated-tdx",
                                  .issued_at = {1'767'225'601'030}},
                                 sample_));
    claim_hash_ = encoded.claim_hash;
    return encoded.certificate_id;
  }

  Bytes sample_;
  std::string claim_hash_;
};

TEST_F(ServerTest, AnswersHealthIndexAndStyle) {
  start();
  const HttpReply health = get("/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_THAT(health.body, HasSubstr("\"status\":\"ok\""));
  EXPECT_EQ(get("/v1/healthz").status, 200);
  EXPECT_THAT(get("/").body, HasSubstr("/execute"));
  EXPECT_THAT(get("/", "Accept: text/html\r\n").body, HasSubstr("<!doctype html>"));
  EXPECT_EQ(get("/style.css").header("Content-Type"), "text/css; charset=utf-8");
}

TEST_F(ServerTest, SendsSecurityHeadersAndARequestIdWithEveryReply) {
  start();
  for (const HttpReply& reply : {get("/healthz"), get("/nothing"), raw("BAD\r\n\r\n")}) {
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(reply.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(reply.header("Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(reply.header("Referrer-Policy"), "no-referrer");
    EXPECT_THAT(reply.header("X-Request-Id"), testing::StartsWith("req_"));
    EXPECT_EQ(reply.header("Content-Length"), std::to_string(reply.body.size()));
    EXPECT_EQ(reply.headers.count("Content-Length"), 1U);
  }
}

TEST_F(ServerTest, EchoesAWellFormedRequestIdOnly) {
  start();
  EXPECT_EQ(get("/healthz", "X-Request-Id: abc-123\r\n").header("X-Request-Id"), "abc-123");
  EXPECT_THAT(get("/healthz", "X-Request-Id: a%0d%0ab\r\n").header("X-Request-Id"),
              testing::StartsWith("req_"));
  EXPECT_THAT(
      get("/healthz", "X-Request-Id: " + std::string(65, 'a') + "\r\n").header("X-Request-Id"),
      testing::StartsWith("req_"));
}

TEST_F(ServerTest, ServesACertificateInEveryFormat) {
  const std::string id = keep_sample();
  start();
  const HttpReply whole = get("/certificate/" + id);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.header("Content-Type"), "application/json");
  EXPECT_EQ(whole.body, text_of(sample_));
  EXPECT_EQ(whole.header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(whole.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(get("/v1/certificate/" + id).body, whole.body);
  for (const char* format : {"summary", "claim", "statement", "dsse", "sigstore", "p256-key"}) {
    const auto wanted = must(certificate::export_certificate(
        sample_, must(certificate::export_format_from_string(format))));
    EXPECT_EQ(get("/certificate/" + id + "?format=" + format).body, text_of(wanted)) << format;
  }
  EXPECT_EQ(get("/certificate/" + id + "?format=text").header("Content-Type"),
            "text/plain; charset=utf-8");
  expect_problem(get("/certificate/" + id + "?format=xml"), 400, "malformed-request");
  expect_problem(get("/certificate/" + id + "?fromat=text"), 400, "malformed-request");
}

TEST_F(ServerTest, SaysWhenACertificateHasNoSecondSignatureToExport) {
  auto statement = certificate::test::sample_statement();
  statement.run.signer_p256.reset();
  auto proof = certificate::test::sample_proof();
  proof.signatures.pop_back();
  const std::string id = keep(statement, proof);
  start();
  for (const char* format : {"sigstore", "p256-key"}) {
    const HttpReply reply = get("/certificate/" + id + "?format=" + format);
    expect_problem(reply, 406, "not-acceptable");
    EXPECT_THAT(reply.body, HasSubstr("no ECDSA P-256 signature"));
    EXPECT_EQ(reply.headers.count("ETag"), 0U);
  }
  EXPECT_EQ(get("/certificate/" + id + "?format=dsse").status, 200);
}

TEST_F(ServerTest, ServesACertificateAsAPageToBrowsers) {
  const std::string id = keep_sample();
  start();
  const HttpReply page = get("/certificate/" + id, "Accept: text/html,*/*;q=0.8\r\n");
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr(id));
  EXPECT_THAT(page.body, HasSubstr("main.py"));
  expect_problem(get("/certificate/" + id, "Accept: image/png\r\n"), 406, "not-acceptable");
}

TEST_F(ServerTest, AnswersAKnownETagWithoutABody) {
  const std::string id = keep_sample();
  start();
  const std::string etag = get("/certificate/" + id).header("ETag");
  ASSERT_FALSE(etag.empty());
  const HttpReply again = get("/certificate/" + id, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
}

TEST_F(ServerTest, FindsACertificateByAUniquePrefix) {
  const std::string id = keep_sample();
  start();
  const HttpReply reply = get("/certificate/" + id.substr(0, 17));
  EXPECT_EQ(reply.body, text_of(sample_));
  EXPECT_EQ(reply.header("Cache-Control"), "no-cache");
  EXPECT_EQ(reply.header("Content-Location"), "/certificate/" + id);
  expect_problem(get("/certificate/" + id.substr(0, 16)), 400, "malformed-request");
  expect_problem(get("/certificate/cert_" + std::string(64, '0')), 404, "not-found");
  expect_problem(get("/certificate/../../etc/passwd"), 400, "malformed-request");
}

TEST_F(ServerTest, SaysWhenAPrefixNamesSeveral) {
  keep_sample();
  for (const char last : {'1', '2'}) {
    const std::string id = "cert_" + std::string(63, 'd') + last;
    must_hold(bench_.store().put(row_named(id, 0), bytes_of("x")));
  }
  start();
  expect_problem(get("/certificate/cert_" + std::string(12, 'd')), 400, "ambiguous-id");
}

TEST_F(ServerTest, VerifiesACertificate) {
  const std::string id = keep_sample();
  start();
  const HttpReply reply = get("/certificate/" + id + "/verify");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("\"schema\":\"mayfly/verification/v1\""));
  EXPECT_THAT(reply.body, HasSubstr(id));
  EXPECT_EQ(reply.header("Cache-Control"), "no-store");
  // The sample's signature and quote are made up, and the report says so.
  EXPECT_THAT(reply.body, HasSubstr("\"verdict\":\"contradicted\""));
}

TEST_F(ServerTest, SearchesAndPages) {
  const std::string id = keep_sample();
  for (int i = 0; i < 5; ++i) {
    const std::string other = "cert_" + std::string(63, 'e') + std::to_string(i);
    must_hold(bench_.store().put(row_named(other, i), bytes_of("x")));
  }
  start();
  EXPECT_THAT(get("/certificates?status=succeeded").body, HasSubstr(id));
  EXPECT_THAT(get("/certificates?claim_hash=" + claim_hash_).body, HasSubstr(id));
  EXPECT_THAT(get("/claims/" + claim_hash_).body, HasSubstr(id));
  expect_problem(get("/claims/sha256:" + std::string(64, '0')), 404, "not-found");
  expect_problem(get("/claims/abc"), 400, "malformed-request");
  EXPECT_EQ(get("/certificates?dataset_hash=none").body, R"({"certificates":[],"next":null})");
  EXPECT_THAT(get("/certificates?since=2026-01-01T00:00:00Z").body, HasSubstr(id));

  const HttpReply first = get("/certificates?status=failed&limit=2");
  EXPECT_THAT(first.header("Link"), HasSubstr("rel=\"next\""));
  const std::string link = first.header("Link");
  const HttpReply second = get(link.substr(1, link.find('>') - 1));
  EXPECT_THAT(second.body, HasSubstr("eee2"));
  EXPECT_THAT(second.body, HasSubstr("eee1"));

  expect_problem(get("/certificates?limit=0"), 400, "malformed-request");
  expect_problem(get("/certificates?limit=1001"), 400, "malformed-request");
  EXPECT_EQ(get("/certificates?limit=1000").status, 200);
  expect_problem(get("/certificates?cursor=AAAA"), 400, "malformed-request");
  expect_problem(get("/certificates?colour=red"), 400, "malformed-request");
  expect_problem(get("/certificates?status=%27%20OR%201=1"), 400, "malformed-request");
}

TEST_F(ServerTest, AnswersHeadLikeGetWithoutTheBody) {
  const std::string id = keep_sample();
  start();
  const HttpReply reply = ask("HEAD", "/certificate/" + id);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.header("Content-Length"), std::to_string(sample_.size()));
}

TEST_F(ServerTest, RefusesMethodsAndPathsByName) {
  start();
  expect_problem(get("/nothing"), 404, "not-found");
  expect_problem(get("/execute"), 405, "method-not-allowed");
  EXPECT_EQ(get("/execute").header("Allow"), "POST");
  for (const char* method : {"PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const HttpReply reply = ask(method, "/certificates", "Content-Length: 0\r\n");
    expect_problem(reply, 405, "method-not-allowed");
    EXPECT_EQ(reply.header("Allow"), "GET, HEAD");
  }
  expect_problem(ask("POST", "/certificates", "", "x"), 405, "method-not-allowed");
  expect_problem(ask("POST", "/nothing", "", "x"), 404, "not-found");
  // A path the library's own patterns would not match must not have its body collected either.
  expect_problem(ask("POST", "/execute%0A", "", "x"), 404, "not-found");
  expect_problem(ask("BREW", "/", ""), 400, "malformed-request");
}

TEST_F(ServerTest, RefusesABodyThatIsNotJsonByType) {
  start();
  for (const char* type :
       {"", "Content-Type: text/plain\r\n", "Content-Type: application/jsonx\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n"}) {
    expect_problem(ask("POST", "/execute", type, "{}"), 415, "unsupported-media-type");
  }
  expect_problem(ask("POST", "/execute", "Content-Type: Application/JSON; charset=utf-8\r\n", "{}"),
                 422, "invalid-request");
}

TEST_F(ServerTest, RefusesARunThatAWebPageAsksFor) {
  start();
  for (const char* origin : {"http://evil.example:8420", "http://127.0.0.1:8420", "null"}) {
    const std::string headers =
        "Content-Type: application/json\r\nOrigin: " + std::string(origin) + "\r\n";
    expect_problem(ask("POST", "/execute", headers, "{}"), 403, "cross-origin");
  }
}

TEST_F(ServerTest, NamesThePathOfARefusalOnlyIfItWasRead) {
  start();
  EXPECT_THAT(raw("POST /execute HTTP/1.1\r\nHost: x\r\n\r\n").body,
              HasSubstr(R"("instance":"/execute")"));
  EXPECT_THAT(raw("not HTTP\r\n\r\n").body, testing::Not(HasSubstr("instance")));
}

TEST_F(ServerTest, RefusesAmbiguousFramingBeforeAnythingElse) {
  start();
  const std::string post =
      "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  expect_problem(raw(post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                 400, "malformed-request");
  expect_problem(raw(post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), 415,
                 "unsupported-media-type");
  expect_problem(raw(post + "\r\n"), 411, "length-required");
  expect_problem(raw(post + "Content-Length: 99999999999\r\n\r\n"), 413, "too-large");
  expect_problem(raw(post + "Transfer-Encoding: chunked\r\n\r\n-2\r\n"), 400, "malformed-request");
  expect_problem(raw("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 414,
                 "target-too-long");
  expect_problem(raw("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"), 431,
                 "head-too-large");
}

// What follows a request on its connection is never read as another one.
TEST_F(ServerTest, AnswersOneRequestPerConnection) {
  start();
  const RawClient client(port_);
  client.send(
      "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
      "GET /certificates HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string text = client.receive_all();
  EXPECT_EQ(text.find("HTTP/1.1 200", 1), std::string::npos) << text;
}

TEST_F(ServerTest, StopsReadingAChunkedBodyAtTheBound) {
  options_.body_bytes_max = 100'000;
  start();
  const RawClient client(port_);
  client.send(
      "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  client.send("2\r\n{\"\r\n");
  const std::string chunk = "3e8\r\n" + std::string(1000, 'a') + "\r\n";
  for (int i = 0; i < 101; ++i) client.send(chunk);
  expect_problem(client.receive(), 413, "too-large");
}

TEST_F(ServerTest, DropsASlowHeadAndASlowBodyInTime) {
  start();
  const RawClient silent(port_);
  const RawClient slow_head(port_);
  slow_head.send("GET / HTTP/1.1\r\nHost");
  const RawClient slow_body(port_);
  slow_body.send(
      "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\n{");
  expect_problem(slow_head.receive(), 408, "request-timeout");
  expect_problem(slow_body.receive(), 408, "request-timeout");
  EXPECT_EQ(silent.receive_all(), "");
}

// More slow connections than threads: others still get an answer once the slow ones are dropped.
TEST_F(ServerTest, SurvivesACrowdOfSilentConnections) {
  start();
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 20; ++i) crowd.push_back(std::make_unique<RawClient>(port_));
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(ServerTest, TurnsConnectionsAwayWhenTooManyWait) {
  options_.connections_waiting_max = 1;
  options_.deadlines.head = 3s;
  options_.deadlines.pause = 3s;
  start();
  std::vector<std::unique_ptr<RawClient>> crowd;
  // Each thread holds one, one waits, the rest is surplus.
  for (int i = 0; i < 30; ++i) crowd.push_back(std::make_unique<RawClient>(port_));
  std::string turned_away;
  for (std::size_t i = crowd.size(); i-- > 20 && turned_away.empty();) {
    turned_away = crowd[i]->receive_all();
  }
  EXPECT_THAT(turned_away, testing::StartsWith("HTTP/1.1 503"));
}

TEST_F(ServerTest, RefusesADatasetThatIsNotBase64WithoutQuotingIt) {
  start();
  const HttpReply reply =
      execute(R"({"dataset": {"data": "base64:canary*canary", "format": "csv"}, "sandbox": {}})");
  expect_problem(reply, 400, "malformed-request");
  EXPECT_EQ(reply.body.find("canary"), std::string::npos);
  EXPECT_EQ(log().find("canary"), std::string::npos);
}

TEST_F(ServerTest, RefusesADatasetOverItsBound) {
  options_.intake.dataset_bytes_max = 3;
  start();
  expect_problem(
      execute(R"({"dataset": {"data": "base64:AAAAAA==", "format": "csv"}, "sandbox": {}})"), 413,
      "too-large");
  expect_problem(execute(R"({"dataset": {"data": "base64:AAAA", "format": "csv"}, "sandbox": {}})"),
                 422, "invalid-request");
}

TEST_F(ServerTest, RefusesTheExpectationOfAnUnwantedBody) {
  start();
  const RawClient client(port_);
  client.send(
      "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\n"
      "Content-Length: 1000000\r\n\r\n");
  expect_problem(client.receive(), 415, "unsupported-media-type");  // and no "100 Continue" first
}

TEST_F(ServerTest, InvitesABodyThatIsWanted) {
  start();
  const RawClient client(port_);
  client.send(
      "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  client.send("{}");
  const std::string text = client.receive_all();
  EXPECT_THAT(text, testing::StartsWith("HTTP/1.1 100 Continue\r\n\r\n"));
  expect_problem(RawClient::parse(text.substr(text.find("\r\n\r\n") + 4)), 422, "invalid-request");
}

TEST_F(ServerTest, LogsOneLinePerRequestWithoutTheQuery) {
  start();
  get("/certificates?status=secretword", "X-Request-Id: my-id\r\n");
  get("/%0d%0aevent=forged%20x=%22");
  stop();
  EXPECT_THAT(log(), HasSubstr(R"("method":"GET","ms":)"));
  EXPECT_THAT(log(), HasSubstr(R"("path":"/certificates","received_bytes":)"));
  EXPECT_EQ(log().find("secretword"), std::string::npos);
  EXPECT_THAT(log(), HasSubstr(R"("request_id":"my-id","status":200)"));
  EXPECT_THAT(log(), HasSubstr(R"("path":"/??event=forged x=\"")")) << "a path cannot end a line";
  const std::string text = log();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST_F(ServerTest, StopsAtOnceWhenNothingIsInProgress) {
  options_.deadlines.head = 60s;
  options_.deadlines.pause = 60s;
  options_.drain = 60s;
  start();
  const RawClient idle(port_);
  stop();  // or this test times out
  EXPECT_TRUE(result_);
  EXPECT_EQ(idle.receive_all(), "");
}

TEST_F(ServerTest, GivesUpOnAnUploadWhenTheDrainIsOver) {
  options_.deadlines.pause = 60s;
  options_.deadlines.body = 60s;
  options_.drain = 100ms;
  start();
  const RawClient uploading(port_);
  uploading.send(
      "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\n{");
  while (get("/healthz").status != 200) {
  }
  stop();
  const HttpReply reply = uploading.receive();
  EXPECT_TRUE(reply.status == 503 || reply.status == 0) << reply.status;
}

TEST_F(ServerTest, RefusesOptionsOutOfBounds) {
  const UniqueFd stop_now(::eventfd(1, EFD_CLOEXEC));
  options_.listen.port = 0;
  options_.runs_max = runs_at_once_max;
  const auto at = serve(options_, bench_.parts(), bench_.store(), stop_now.borrow());
  EXPECT_TRUE(at) << at.error().message();
  for (const std::size_t runs : {std::size_t{0}, runs_at_once_max + 1}) {
    options_.runs_max = runs;
    const auto served = serve(options_, bench_.parts(), bench_.store(), stop_now.borrow());
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().code(), ErrorCode::limit);
  }
  options_.runs_max = 1;
  options_.listen.address = "0.0.0.0";
  const auto served = serve(options_, bench_.parts(), bench_.store(), stop_now.borrow());
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code(), ErrorCode::rejected);
}

}  // namespace
}  // namespace mayfly::api
