// What a service says of itself before any data is sent, as its route answers and a reader judges.
#include <gtest/gtest.h>

#include "api/attestation_route.hpp"
#include "attest/model/session_binding.hpp"
#include "base/text_encoding.hpp"
#include "certificate/session.hpp"
#include "tests/api/workbench.hpp"
#include "verifier/session_checks.hpp"

namespace mayfly::api {
namespace {

using verifier::Verdict;

const std::string nonce_text = "00112233445566778899aabbccddeeff";

class SessionAttestationTest : public testing::Test {
 protected:
  Reply get(const std::string& nonce) {
    Call call;
    call.method = "GET";
    call.path = attestation_path;
    if (!nonce.empty()) call.query.emplace("nonce", nonce);
    return attest_session(call, parts_, uploads_ ? &*uploads_ : nullptr);
  }

  certificate::SessionAttestation session() {
    const Reply reply = get(nonce_text);
    EXPECT_EQ(reply.status, 200) << reply.body;
    auto decoded = certificate::decode_session_attestation(bytes_of(reply.body));
    EXPECT_TRUE(decoded) << decoded.error().message();
    return std::move(*decoded);
  }

  static Verdict judge(const certificate::SessionAttestation& session, const std::string& nonce) {
    return verifier::judge_session(session, hex_decode(nonce).value(), verifier::genuine_policy(),
                                   test::standing_clock)
        .verdict;
  }

  test::Workbench bench_;
  pipeline::Parts parts_ = bench_.parts();
  std::optional<intake::UploadSession> uploads_;
};

TEST_F(SessionAttestationTest, BindsKeysSoftwareAndNonce) {
  uploads_.emplace(test::must(crypto::X25519PrivateKey::generate()), crypto::Sha256{});
  const auto session = this->session();
  const ByteView signer = parts_.signer.public_key();
  EXPECT_TRUE(std::ranges::equal(session.manifest.signer, signer));
  ASSERT_TRUE(session.manifest.upload_key);
  EXPECT_TRUE(std::ranges::equal(*session.manifest.upload_key, uploads_->public_key()));
  EXPECT_EQ(session.manifest.software, crypto::to_text(parts_.program_digest));
  EXPECT_EQ(judge(session, nonce_text), Verdict::unattested) << "simulated, and consistent";
  EXPECT_EQ(judge(session, "ff" + nonce_text.substr(2)), Verdict::contradicted);
  const auto contradicts = [&](auto change) {
    auto other = session;
    change(other.manifest);
    other.manifest_text = *certificate::encode_session_manifest(other.manifest);
    return judge(other, nonce_text) == Verdict::contradicted;
  };
  EXPECT_TRUE(contradicts([](auto& manifest) { manifest.upload_key->at(0) ^= 1; }));
  EXPECT_TRUE(contradicts([](auto& manifest) { manifest.upload_key.reset(); }));
  EXPECT_TRUE(contradicts([](auto& manifest) { manifest.signer[0] ^= 1; }));
  EXPECT_TRUE(contradicts([](auto& manifest) { manifest.software = "sha256:00"; }));
  EXPECT_TRUE(contradicts([](auto& manifest) { manifest.tee = "tdx"; }));
}

TEST_F(SessionAttestationTest, OffersNoUploadsUnlessItHasAKey) {
  EXPECT_FALSE(session().manifest.upload_key);
  EXPECT_EQ(judge(session(), nonce_text), Verdict::unattested);
}

TEST_F(SessionAttestationTest, NeedsANonceAndMakesANewQuoteForEach) {
  for (const char* nonce :
       {"", "00112233445566", "0011223344556677889", "GG", "AABBCCDDEEFF0011"}) {
    EXPECT_EQ(get(nonce).status, 422) << nonce;
  }
  EXPECT_EQ(get(std::string(130, '0')).status, 422);
  EXPECT_EQ(get(std::string(128, '0')).status, 200);
  EXPECT_EQ(get("0011223344556677").status, 200);
  EXPECT_NE(get(nonce_text).body, get("0011223344556677").body);
}

TEST_F(SessionAttestationTest, IsReadStrictly) {
  const std::string body = get(nonce_text).body;
  EXPECT_FALSE(certificate::decode_session_attestation(bytes_of(body + " ")));
  for (std::size_t length = 0; length < body.size(); length += 97) {
    EXPECT_FALSE(certificate::decode_session_attestation(
        bytes_of(std::string_view(body).substr(0, length))));
  }
  std::string other = body;
  other.replace(other.find("mayfly/session/v1"), 17, "mayfly/session/v2");
  EXPECT_FALSE(certificate::decode_session_attestation(bytes_of(other)));
  other = body;
  other.replace(other.find("\"tee\":"), 6, "\"tei\":");
  EXPECT_FALSE(certificate::decode_session_attestation(bytes_of(other)));
}

TEST(BindSession, ChangesWithEveryInputAndTakesNoOtherSizes) {
  using attest::bind_session;
  const Bytes signer(32, 1);
  const Bytes upload(32, 2);
  const Bytes nonce(16, 3);
  const Bytes manifest{'m'};
  const auto all = bind_session(manifest, signer, upload, nonce).value();
  EXPECT_NE(all, bind_session(Bytes{'n'}, signer, upload, nonce).value());
  EXPECT_NE(all, bind_session(manifest, Bytes(32, 9), upload, nonce).value());
  EXPECT_NE(all, bind_session(manifest, signer, Bytes(32, 9), nonce).value());
  EXPECT_NE(all, bind_session(manifest, signer, {}, nonce).value());
  EXPECT_NE(all, bind_session(manifest, signer, upload, Bytes(16, 9)).value());
  // No key and a nonce that begins like one is not the key.
  Bytes shifted = upload;
  shifted.insert(shifted.end(), nonce.begin(), nonce.end());
  EXPECT_NE(all, bind_session(manifest, signer, {}, shifted).value());
  EXPECT_FALSE(bind_session(manifest, Bytes(31, 1), upload, nonce));
  EXPECT_FALSE(bind_session(manifest, signer, Bytes(31, 1), nonce));
  EXPECT_FALSE(bind_session(manifest, signer, upload, Bytes(65, 1)));
}

}  // namespace
}  // namespace mayfly::api
