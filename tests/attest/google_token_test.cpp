// Attestation tokens of Google's: a real one, and made-up ones in which one thing is changed.
#include <gtest/gtest.h>

#include <algorithm>

#include "attest/verify/google_token_verify.hpp"
#include "base/text_encoding.hpp"
#include "tests/attest/token_forge.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

// Google's, for Confidential Space.
constexpr std::string_view root_sha256 =
    "148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39";
constexpr UnixMillis real_issued_at{1'750'688'551'000};

GoogleTokenPolicy policy_of_the_real_one() {
  crypto::Sha256 root;
  std::ranges::copy(hex_decode(root_sha256).value(), root.bytes.begin());
  return {.roots = {root},
          .keys = {},
          .time = GoogleTokenCurrent{},
          .audience = "https://echo.oak.dev",
          .nonce = "a nonce between 10 and 74 characters",
          .hardware = std::vector<std::string>{"GCP_AMD_SEV"},
          .secure_boot = GoogleSecureBoot{},
          .support = Any{"a debug image has none"},
          .images = std::vector<std::string>{"sha256:313b8a83d3c8bfc9abcffee4f5384244"
                                             "73e2705383a7e46f16d159faf0e5ef34"}};
}

TEST(GoogleTokenVectors, ARealTokenOfADebugImageIsRefusedForThatAlone) {
  const Bytes token = read_attest_vector("google/oak_debug_pki.jwt");
  const auto appraisal = appraise_google_token(token, policy_of_the_real_one(), real_issued_at);
  EXPECT_EQ(failed_checks(appraisal), Names{"debug_off"});
  ASSERT_TRUE(appraisal.verified);
  EXPECT_EQ(appraisal.verified->software_version, "250301");
  EXPECT_EQ(appraisal.verified->debug_status, "enabled");
  GoogleTokenPolicy other_root = policy_of_the_real_one();
  other_root.roots[0].bytes[0] ^= 1;
  const auto unanchored = appraise_google_token(token, other_root, real_issued_at);
  EXPECT_EQ(failed_checks(unanchored), (Names{"chain_anchor", "debug_off"}));
  EXPECT_FALSE(unanchored.verified);
  const UnixMillis later{real_issued_at.value + 3'600'001};
  EXPECT_EQ(failed_checks(appraise_google_token(token, policy_of_the_real_one(), later)),
            (Names{"token_time", "debug_off"}));
}

TEST(GoogleTokenVectors, NoChangedByteOfARealTokenIsGenuine) {
  const Bytes genuine = read_attest_vector("google/oak_debug_pki.jwt");
  const GoogleTokenPolicy policy = policy_of_the_real_one();
  for (std::size_t i = 0; i < genuine.size(); i += 11) {
    Bytes changed = genuine;
    changed[i] ^= 0x01U;
    EXPECT_FALSE(appraise_google_token(changed, policy, real_issued_at).verified) << i;
  }
  Bytes longer = genuine;
  longer.push_back('\n');
  EXPECT_FALSE(appraise_google_token(longer, policy, real_issued_at).verified);
}

TEST(AppraiseGoogleToken, AcceptsAWholeToken) {
  const auto appraisal = TokenForge().appraise();
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  EXPECT_EQ(appraisal.verified->support, (Names{"LATEST", "STABLE", "USABLE"}));
}

TEST(AppraiseGoogleToken, NamesEveryDefectByItsOwnCheck) {
  const std::vector<std::tuple<const char*, const char*, const char*>> changes{
      {"iss", R"("https://accounts.google.com")", "token_issuer"},
      {"exp", "1", "token_time"},
      {"aud", R"("other")", "audience"},
      {"eat_nonce", R"("another nonce of some length")", "nonce"},
      {"dbgstat", R"("enabled")", "debug_off"},
      {"swname", R"("GCE")", "software"},
      {"hwmodel", R"("GCP_SHIELDED_VM")", "hardware"},
      {"secboot", "false", "secure_boot"},
      {"submods", R"({"container":{"image_digest":"sha256:00"}})", "support"},
      {"submods",
       R"({"confidential_space":{"support_attributes":"STABLE"},"container":{"image_digest":"x"}})",
       "image"}};
  for (const auto& [name, json, check] : changes) {
    TokenForge forge;
    forge.set(name, json);
    const auto appraisal = forge.appraise();
    EXPECT_EQ(failed_checks(appraisal), Names{check}) << json;
    EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected);
  }
}

TEST(AppraiseGoogleToken, HoldsTheChainToItsRoot) {
  TokenForge forge;
  std::swap(forge.chain[0], forge.chain[1]);
  EXPECT_FALSE(forge.appraise().verified);
  forge = TokenForge();
  const GoogleTokenPolicy policy = forge.policy();
  forge.chain.pop_back();
  EXPECT_FALSE(forge.appraise(policy).verified);
  EXPECT_TRUE(forge.appraise(forge.policy()).verified) << "the policy names the authority itself";
  forge = TokenForge();
  forge.chain.resize(1);
  EXPECT_FALSE(forge.appraise(forge.policy()).verified) << "a chain of one";
  forge = TokenForge();
  forge.chain[0].pop_back();
  EXPECT_EQ(failed_checks(forge.appraise(policy)), Names{"chain_readable"});
}

TEST(AppraiseGoogleToken, TakesAListedKeyForAToken) {
  const TokenForge forge;
  const std::string token = forge.oidc_token();
  GoogleTokenPolicy policy = forge.policy();
  const auto judge = [&] {
    return appraise_google_token(bytes_of(token), policy, token_forge_now);
  };
  EXPECT_EQ(failed_checks(judge()), Names{"chain_anchor"}) << "no key is listed";
  policy.keys = {forge.key()};
  EXPECT_EQ(judge().verdict, EvidenceVerdict::accepted);
  policy.keys[0].modulus[100] ^= 1U;
  EXPECT_EQ(failed_checks(judge()), Names{"token_signature"});
  policy.keys[0] = forge.key();
  policy.keys[0].id = "another";
  EXPECT_FALSE(judge().verified);
}

TEST(AppraiseGoogleToken, TakesNoOtherAlgorithm) {
  const TokenForge forge;
  for (const char* const header :
       {R"({"alg":"none","kid":"a key of the list"})",
        R"({"alg":"HS256","kid":"a key of the list"})",
        R"({"alg":"RS512","kid":"a key of the list"})", R"({"kid":"a key of the list"})",
        R"({"alg":"RS256","crit":["b64"],"kid":"a key of the list"})",
        R"({"alg":"RS256","alg":"none","kid":"a key of the list"})",
        R"({"alg":"RS256","kid":"a key of the list","x5c":[]})"}) {
    GoogleTokenPolicy policy = forge.policy();
    policy.keys = {forge.key()};
    const std::string token = forge.sign(header);
    EXPECT_EQ(appraise_google_token(bytes_of(token), policy, token_forge_now).verdict,
              EvidenceVerdict::malformed)
        << header;
  }
}

TEST(ParseGoogleToken, RefusesWhatIsNoToken) {
  const std::string token = TokenForge().token();
  for (std::size_t length = 0; length < token.size(); length += 13) {
    const auto cut = parse_google_token(bytes_of(token).first(length));
    EXPECT_TRUE(!cut || length > token.rfind('.')) << length;
  }
  EXPECT_FALSE(parse_google_token(bytes_of(token + ".")));
  EXPECT_FALSE(parse_google_token(bytes_of(token + "=")));
  for (const char* const name :
       {"iss", "aud", "sub", "iat", "nbf", "exp", "hwmodel", "swname", "dbgstat", "secboot"}) {
    TokenForge forge;
    forge.remove(name);
    EXPECT_FALSE(parse_google_token(bytes_of(forge.token()))) << name;
    forge.set(name, R"({"a":1})");
    EXPECT_FALSE(parse_google_token(bytes_of(forge.token()))) << name;
  }
  TokenForge forge;
  forge.set("iss", R"("https:\/\/confidentialcomputing.googleapis.com")");
  EXPECT_FALSE(parse_google_token(bytes_of(forge.token()))) << "an escape in what is read";
}

TEST(ParseGoogleToken, IsBounded) {
  TokenForge forge;
  std::string nonces = "[";
  for (std::size_t i = 0; i < google_token_texts_max; ++i) nonces += i == 0 ? R"("n")" : R"(,"n")";
  forge.set("eat_nonce", nonces + "]");
  EXPECT_EQ(parse_google_token(bytes_of(forge.token()))->nonces.size(), google_token_texts_max);
  forge.set("eat_nonce", nonces + R"(,"n"])");
  EXPECT_EQ(parse_google_token(bytes_of(forge.token())).error().code(), ErrorCode::limit);
  const Bytes over(google_token_bytes_max + 1, 'a');
  EXPECT_EQ(parse_google_token(over).error().code(), ErrorCode::limit);
  EXPECT_EQ(parse_google_token(ByteView(over).first(google_token_bytes_max)).error().code(),
            ErrorCode::malformed);
}

}  // namespace
}  // namespace mayfly::attest
