// Sealed uploads at a running server: what is opened is run as a plain request is, what is not is
// refused by a name, and nothing of it shows in front.
#include <algorithm>

#include "api/sealed_media_type.hpp"
#include "certificate/decode.hpp"
#include "certificate/session.hpp"
#include "intake/envelope_writer.hpp"
#include "intake/sealed_reply.hpp"
#include "tests/api/execute_fixture.hpp"
#include "tests/intake/sealed_pieces.hpp"

namespace mayfly::api {
namespace {

using test::HttpReply;
using test::json;
using testing::HasSubstr;
using testing::Not;

const std::string secret = "a-secret-of-the-dataset-5a41";

class SealedTest : public test::ExecuteTest {
 protected:
  void SetUp() override {
    options_.intake.dataset_bytes_max = dataset_max;
    options_.body_bytes_max.reset();
    ExecuteTest::SetUp();
    if (IsSkipped()) return;
    attest();
  }

  void attest() {
    const HttpReply reply = get("/.well-known/mayfly-attestation?nonce=0011223344556677");
    const auto session = certificate::decode_session_attestation(bytes_of(reply.body));
    ASSERT_TRUE(session && session->manifest.upload_key) << reply.body;
    upload_key_ = *session->manifest.upload_key;
    session_ = crypto::sha256(bytes_of(session->manifest_text));
  }

  mayfly::test::SealedPieces pieces(const std::string& request, const std::string& dataset) const {
    using crypto::StreamTag;
    mayfly::test::Clear clear{{mayfly::test::bytes_from(request), StreamTag::push}};
    for (std::size_t at = 0; at < dataset.size(); at += intake::piece_bytes_max) {
      clear.emplace_back(mayfly::test::bytes_from(dataset.substr(at, intake::piece_bytes_max)),
                         StreamTag::message);
    }
    clear.emplace_back(Bytes(), StreamTag::final);
    return mayfly::test::seal_pieces(upload_key_, session_, clear);
  }

  HttpReply post(ByteView body, std::string_view fields = "") {
    return ask(
        "POST", "/execute",
        "Content-Type: " + std::string(sealed_upload_media_type) + "\r\n" + std::string(fields),
        text_of(body));
  }
  HttpReply post(const mayfly::test::SealedPieces& upload) { return post(upload.all()); }

  static std::string job(const std::string& script) {
    return json{{"dataset", {{"format", "csv"}}}, {"sandbox", {{"scripts", {{"main.sh", script}}}}}}
        .dump();
  }

  static constexpr std::uint64_t dataset_max = 300'000;
  Bytes upload_key_;
  crypto::Sha256 session_;
};

TEST_F(SealedTest, GivesTheSameClaimAsAPlainUploadAndASealedAnswer) {
  std::string dataset = "name,age\n" + secret + ",1\n";
  while (dataset.size() % 3 != 0) dataset += '\n';
  json plain = json::parse(job("wc -c < $DATASET_PATH"));
  plain["dataset"]["data"] = "base64:" + test::base64_of(dataset);
  const json expected = run(plain);

  auto envelope = intake::EnvelopeWriter::begin(upload_key_, session_).value();
  Bytes body = envelope.header();
  const auto add = [&](ByteView part) { body.insert(body.end(), part.begin(), part.end()); };
  add(envelope.request(bytes_of(job("wc -c < $DATASET_PATH")),
                       intake::EnvelopeWriter::Next::dataset));
  add(envelope.dataset(bytes_of(dataset)));
  add(envelope.end());
  const HttpReply reply = post(body);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), sealed_reply_media_type);
  EXPECT_EQ(reply.header("Cache-Control"), "no-store");
  EXPECT_THAT(reply.body, Not(HasSubstr("certificate_id")));
  const auto opened = intake::open_reply(envelope.reply_key(), bytes_of(reply.body));
  ASSERT_TRUE(opened) << opened.error().message();
  const json answer = json::parse(text_of(*opened));
  EXPECT_EQ(answer["claim_hash"], expected["claim_hash"]);
  EXPECT_EQ(answer["proof"]["dataset_hash"], crypto::to_text(crypto::sha256(bytes_of(dataset))));
  EXPECT_EQ(answer["result"]["output"], std::to_string(dataset.size()) + "\n");
  EXPECT_THAT(log(), Not(HasSubstr(secret)));
}

TEST_F(SealedTest, RefusesAnEnvelopeThatWasSentBefore) {
  const auto upload = pieces(job("true"), secret);
  EXPECT_EQ(post(upload).status, 200);
  expect_problem(post(upload), 409, "replayed-upload");
}

TEST_F(SealedTest, RefusesWhatIsSealedToTheSessionBeforeARestart) {
  const auto upload = pieces(job("true"), secret);
  stop();
  start();
  expect_problem(post(upload), 409, "wrong-session");
  attest();
  EXPECT_EQ(post(pieces(job("true"), secret)).status, 200);
}

TEST_F(SealedTest, RefusesWhatIsNotAsItWasSealed) {
  auto cut = pieces(job("true"), secret);
  cut.pieces.pop_back();
  expect_problem(post(cut), 400, "cut-off-upload");
  auto moved = pieces(job("true"), std::string(100'000, 'x'));
  std::swap(moved.pieces[1], moved.pieces[2]);
  expect_problem(post(moved), 400, "broken-seal");
  auto flipped = pieces(job("true"), secret);
  flipped.pieces[1].back() ^= 1;
  const HttpReply reply = post(flipped);
  expect_problem(reply, 400, "broken-seal");
  EXPECT_THAT(reply.body, Not(HasSubstr(secret)));
  auto longer = pieces(job("true"), secret);
  longer.pieces.emplace_back(1, std::uint8_t{0});
  expect_problem(post(longer), 400, "malformed-request");
  auto oversized = pieces(job("true"), secret);
  oversized.pieces[1] = Bytes{0xff, 0xff, 0xff, 0x7f};
  expect_problem(post(oversized), 413, "too-large");
  expect_problem(post(mayfly::test::bytes_from(job("true"))), 400, "cut-off-upload");
  expect_problem(post(Bytes(200, 'x')), 400, "malformed-request");
}

TEST_F(SealedTest, TakesADatasetAtItsBoundAndAnEmptyOneAndNotOneByteMore) {
  EXPECT_EQ(post(pieces(job("true"), std::string(dataset_max, 'x'))).status, 200);
  EXPECT_EQ(post(pieces(job("true"), "")).status, 200);
  expect_problem(post(pieces(job("true"), std::string(dataset_max + 1, 'x'))), 413, "too-large");
}

TEST_F(SealedTest, SaysWhatIsWrongWithTheRequestInIt) {
  const json no_dataset{{"sandbox", {{"scripts", {{"main.sh", "true"}}}}}};
  const HttpReply reply = post(pieces(no_dataset.dump(), secret));
  expect_problem(reply, 422, "invalid-request");
  EXPECT_THAT(reply.body, HasSubstr("/dataset"));
  expect_problem(post(pieces("{\"sandbox\":", secret)), 400, "malformed-request");
}

// Halfway and gone: the server serves the next one, and the envelope is used up.
TEST_F(SealedTest, SurvivesASenderThatGoesAway) {
  const Bytes body = pieces(job("true"), std::string(200'000, 'x')).all();
  {
    const test::RawClient client(port_);
    client.send("POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: " +
                std::string(sealed_upload_media_type) +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                std::string(text_of(ByteView(body).first(100'000))));
    client.finish_sending();
    expect_problem(client.receive(), 400, "malformed-request");
  }
  expect_problem(post(body), 409, "replayed-upload");
  EXPECT_EQ(post(pieces(job("true"), secret)).status, 200);
}

}  // namespace
}  // namespace mayfly::api
