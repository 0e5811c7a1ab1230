// What the service must know after a restart: tokens, runs, keys, owners, the audit log.
#include "store/service_database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/audit_log.hpp"
#include "store/run_ledger.hpp"
#include "store/store.hpp"
#include "store/token_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::store {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}
void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().message());
}

crypto::Sha256 hash(std::string_view text) {
  return crypto::sha256(bytes_of(text));
}

class ServiceDatabaseTest : public testing::Test {
 protected:
  void reopen() { database_ = must(ServiceDatabase::open(file())); }
  std::string file() const { return dir_.path() / "service.db"; }
  static RunRow run(std::string id, std::string client = "lab", std::int64_t at = 1'000) {
    return {
        .run_id = std::move(id), .client = std::move(client), .state = {}, .submitted_at = {at}};
  }
  static RunKey key(std::string client, std::string_view name, std::string_view body) {
    return {.client = std::move(client), .key_hash = hash(name), .body_hash = hash(body)};
  }

  mayfly::test::TempDir dir_;
  ServiceDatabase database_ = must(ServiceDatabase::open(file()));
};

TEST_F(ServiceDatabaseTest, KeepsTokensAndRemembersThatThereWereAny) {
  const TokenStore tokens(database_);
  EXPECT_FALSE(must(tokens.any()));
  const TokenRow row{.token_id = "a1",
                     .tenant = "lab",
                     .scopes = "execute read",
                     .secret_hash = hash("s"),
                     .created_at = {5},
                     .expires_at = UnixMillis{9}};
  must(tokens.add(row));
  EXPECT_FALSE(tokens.add(row)) << "an id is one token's";
  EXPECT_TRUE(must(tokens.revoke("a1", {7})));
  EXPECT_FALSE(must(tokens.revoke("a1", {8})));
  EXPECT_FALSE(must(tokens.revoke("a2", {8})));
  reopen();
  const TokenStore again(database_);
  const auto found = must(again.find("a1"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, "lab");
  EXPECT_EQ(found->secret_hash, hash("s"));
  EXPECT_EQ(found->expires_at, UnixMillis{9});
  EXPECT_EQ(found->revoked_at, UnixMillis{7});
  EXPECT_EQ(must(again.list()).size(), 1U);
  EXPECT_TRUE(must(again.any())) << "revoking the last one does not open the door";
  EXPECT_FALSE(must(again.find("a2")));
}

TEST_F(ServiceDatabaseTest, AKeyIsOneRequestOfOneClientForADay) {
  const RunLedger ledger(database_);
  const auto accept = [&](const RunRow& row, const RunKey& used) {
    return must(ledger.accept(row, used));
  };
  EXPECT_TRUE(std::holds_alternative<RunLedger::Accepted>(accept(run("1"), key("lab", "k", "b"))));
  const auto again = accept(run("2"), key("lab", "k", "b"));
  ASSERT_TRUE(std::holds_alternative<RunLedger::KnownAs>(again));
  EXPECT_EQ(std::get<RunLedger::KnownAs>(again).run_id, "1");
  EXPECT_FALSE(must(ledger.find("2", "lab"))) << "a run that was not accepted is not noted";
  EXPECT_TRUE(std::holds_alternative<RunLedger::OtherBody>(accept(run("3"), key("lab", "k", "c"))));
  EXPECT_TRUE(std::holds_alternative<RunLedger::Accepted>(
      accept(run("4", "other"), key("other", "k", "b"))));
  const auto a_day_later = accept(run("5", "lab", 1'001 + key_lifetime_ms), key("lab", "k", "c"));
  EXPECT_TRUE(std::holds_alternative<RunLedger::Accepted>(a_day_later));
  must(ledger.free_key("5"));
  EXPECT_TRUE(std::holds_alternative<RunLedger::Accepted>(
      accept(run("6", "lab", 1'002 + key_lifetime_ms), key("lab", "k", "d"))));
}

TEST_F(ServiceDatabaseTest, KnowsWhatBecameOfARunAndWhoseItIs) {
  const RunLedger ledger(database_);
  must(ledger.accept(run("1"), std::nullopt));
  must(ledger.accept(run("2"), std::nullopt));
  must(ledger.note_certificate("1", "cert_1", "lab"));
  must(ledger.note_end("1", "finished", {2'000}));
  reopen();
  const RunLedger again(database_);
  const auto found = must(again.find("1", "lab"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->certificate_id, "cert_1");
  EXPECT_EQ(found->state, "finished");
  EXPECT_EQ(found->ended_at, UnixMillis{2'000});
  EXPECT_FALSE(must(again.find("1", "other"))) << "another client's run is not there";
  const auto unfinished = must(again.unfinished());
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(unfinished.front().run_id, "2");
  EXPECT_EQ(must(again.owner_of_private("cert_1")), "lab");
  EXPECT_FALSE(must(again.owner_of_private("cert_2")));
}

TEST_F(ServiceDatabaseTest, NoAuditEntryChangesOrGoes) {
  const AuditLog audit(database_);
  for (const char* const action : {"token.create", "run.accept"}) {
    must(audit.append({.at = {3}, .actor = "a1", .action = action, .subject = "x"}));
  }
  const auto entries = must(audit.after(0));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].number, 2);
  EXPECT_EQ(entries[1].action, "run.accept");
  EXPECT_EQ(must(audit.after(1)).size(), 1U);
  const auto locked = database_.lock();
  for (const char* const sql : {"DELETE FROM audit", "UPDATE audit SET actor = 'b'"}) {
    EXPECT_NE(sqlite3_exec(locked.connection(), sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }
}

TEST_F(ServiceDatabaseTest, IsNoDatabaseOfCertificatesNorTheOtherWayRound) {
  EXPECT_FALSE(Store::open(file()));
  must(Store::open(dir_.path() / "certificates.db"));
  EXPECT_FALSE(ServiceDatabase::open(dir_.path() / "certificates.db"));
}

}  // namespace
}  // namespace mayfly::store
