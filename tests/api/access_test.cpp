// Tokens: what one looks like, what it allows, and when it is no good.
#include "api/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "store/service_database.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::api {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

constexpr UnixMillis now{1'000'000};

class AccessTest : public testing::Test {
 protected:
  FreshToken add(std::string_view tenant, std::string_view scopes,
                 std::optional<UnixMillis> expires_at = std::nullopt) {
    FreshToken token = must(make_token(tenant, must(Scopes::parse(scopes)), now, expires_at));
    EXPECT_TRUE(tokens_.add(token.row));
    return token;
  }
  std::expected<Caller, Problem> call(const std::string& authorization) {
    return access_.caller(authorization, now);
  }

  mayfly::test::TempDir dir_;
  store::ServiceDatabase database_ = must(store::ServiceDatabase::open(dir_.path() / "service.db"));
  store::TokenStore tokens_{database_};
  Access access_{&tokens_};
};

TEST_F(AccessTest, IsOpenUntilThereIsATokenAndNeverAgain) {
  ASSERT_TRUE(call(""));
  EXPECT_TRUE(require(*call(""), Scope::execute));
  const FreshToken token = add("lab", "execute");
  EXPECT_FALSE(require(*call(""), Scope::execute));
  ASSERT_TRUE(tokens_.revoke(token.row.token_id, now));
  EXPECT_FALSE(require(*call(""), Scope::execute));
  EXPECT_FALSE(must(Access(&tokens_).is_open()));
}

TEST_F(AccessTest, KnowsATokenAndWhatItAllows) {
  const FreshToken token = add("lab", "execute read");
  for (const char* const scheme : {"Bearer ", "bearer ", "BEARER   "}) {
    const auto caller = call(scheme + token.text);
    ASSERT_TRUE(caller) << scheme;
    EXPECT_EQ(caller->tenant, "lab");
    EXPECT_EQ(caller->token_id, token.row.token_id);
    EXPECT_TRUE(require(*caller, Scope::read));
    const auto refused = require(*caller, Scope::admin);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ProblemKind::forbidden);
  }
  EXPECT_EQ(require(*call(""), Scope::read).error().kind, ProblemKind::unauthorized);
}

// Goal: nothing but the token itself is taken for it. Method: change each of its characters.
TEST_F(AccessTest, RefusesWhateverIsNotExactlyAToken) {
  const FreshToken token = add("lab", "execute");
  for (std::size_t i = 0; i < token.text.size(); ++i) {
    std::string changed = token.text;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(call("Bearer " + changed)) << i;
    EXPECT_FALSE(call("Bearer " + token.text.substr(0, i))) << i;
  }
  for (const std::string& other :
       {token.text, "Basic " + token.text, "Bearer " + token.text + "0", std::string("Bearer"),
        "Bearer " + token.text + " " + token.text, std::string("x")}) {
    EXPECT_FALSE(call(other)) << other;
  }
}

TEST_F(AccessTest, RefusesAnExpiredAndARevokedTokenAsIfUnknown) {
  const FreshToken expired = add("lab", "execute", now);
  const FreshToken valid = add("lab", "execute", UnixMillis{now.value + 1});
  const FreshToken revoked = add("lab", "execute");
  ASSERT_TRUE(tokens_.revoke(revoked.row.token_id, now));
  EXPECT_TRUE(call("Bearer " + valid.text));
  const auto unknown = call("Bearer mayfly_" + std::string(16, '0') + "_" + std::string(64, '0'));
  ASSERT_FALSE(unknown);
  for (const FreshToken& token : {expired, revoked}) {
    const auto refused = call("Bearer " + token.text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ProblemKind::unauthorized);
    EXPECT_EQ(refused.error().detail, unknown.error().detail);
  }
}

TEST_F(AccessTest, KeepsNoSecret) {
  const FreshToken token = add("lab", "execute");
  const std::string secret = token.text.substr(token.text.rfind('_') + 1);
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    const Bytes bytes = must(read_file(file.path(), std::size_t{16} * 1024 * 1024));
    EXPECT_EQ(text_of(bytes).find(secret), std::string_view::npos) << file.path();
  }
}

TEST(MakeToken, HoldsTheBoundsOfATenant) {
  const Scopes scopes = Scopes::all();
  EXPECT_EQ(scopes.to_text(), "execute read admin metrics");
  EXPECT_TRUE(make_token(std::string(tenant_bytes_max, 'a'), scopes, now, std::nullopt));
  for (const std::string& tenant : {std::string(), std::string(tenant_bytes_max + 1, 'a'),
                                    std::string("A"), std::string("a b")}) {
    EXPECT_FALSE(make_token(tenant, scopes, now, std::nullopt)) << tenant;
  }
  for (const char* const words : {"", " ", "execute ", "root", "execute  read"}) {
    EXPECT_FALSE(Scopes::parse(words)) << words;
  }
}

}  // namespace
}  // namespace mayfly::api
