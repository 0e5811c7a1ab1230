#include "store/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/file_io.hpp"
#include "base/unique_fd.hpp"
#include "store/log_key.hpp"
#include "store/schema.hpp"
#include "tests/store/rows.hpp"
#include "tests/support/race_rounds.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/transparency/log_keys.hpp"

namespace mayfly::store {
namespace {

using transparency::IntentEntry;
using transparency::KeyType;
using transparency::leaf_of;
using transparency::LogEntry;
using transparency::test::hash_of;
using transparency::test::intent_of;
using transparency::test::result_of;

class LogTest : public testing::Test {
 protected:
  std::filesystem::path database() const { return dir_.path() / "certificates.db"; }
  std::filesystem::path key_file() const { return dir_.path() / "log.key"; }
  Result<Log> try_open() const {
    TRY(auto signer, open_key_file(key_file(), "log.example", KeyType::ed25519));
    return Log::open(database(), std::move(signer));
  }
  Log open() const {
    auto log = try_open();
    EXPECT_TRUE(log) << log.error().message();
    return std::move(*log);
  }
  // What SQLite says to a statement of somebody else.
  std::string run(const std::string& sql) const {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(database().c_str(), &raw), SQLITE_OK);
    const int code = sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr);
    std::string said = code == SQLITE_OK ? "" : sqlite3_errmsg(raw);
    sqlite3_close(raw);
    return said;
  }
  test::TempDir dir_;
};

IntentEntry logged_intent(const Appended& appended) {
  return std::get<IntentEntry>(appended.entry);
}

TEST_F(LogTest, AnAppendedEntryIsProvedByItsCheckpoint) {
  Log log = open();
  EXPECT_EQ(*log.checkpoint(), std::nullopt);
  for (std::uint64_t number = 0; number < 5; ++number) {
    const auto appended = log.append(intent_of(number));
    ASSERT_TRUE(appended) << appended.error().message();
    EXPECT_EQ(appended->index, number);
    EXPECT_EQ(appended->checkpoint.checkpoint.size, number + 1);
    EXPECT_TRUE(verify_log_signature(appended->checkpoint, log.key()));
    const auto proof = log.prove(appended->index, appended->checkpoint);
    ASSERT_TRUE(proof) << proof.error().message();
    EXPECT_TRUE(verify_inclusion(*proof, appended->leaf));
    EXPECT_EQ(appended->leaf, leaf_of(appended->entry));
  }
}

TEST_F(LogTest, AnIntentNamesTheNewestCheckpointBeforeIt) {
  Log log = open();
  const auto first = log.append(intent_of(1));
  const auto second = log.append(intent_of(2));
  EXPECT_EQ(logged_intent(*first).log_size, 0U);
  EXPECT_EQ(logged_intent(*second).log_size, 1U);
  EXPECT_EQ(logged_intent(*second).log_root, first->checkpoint.checkpoint.root);
}

TEST_F(LogTest, EverythingIsThereAgainAfterReopening) {
  std::optional<transparency::SignedCheckpoint> before;
  IntentEntry intent;
  {
    Log log = open();
    intent = logged_intent(*log.append(intent_of(1)));
    ASSERT_TRUE(log.append(intent_of(2)));
    ASSERT_TRUE(log.append(result_of(intent)));
    before = *log.checkpoint();
  }
  Log log = open();
  EXPECT_EQ((*log.checkpoint())->checkpoint, before->checkpoint);
  const auto attempt = log.attempt(intent.run_id);
  ASSERT_TRUE(attempt) << attempt.error().message();
  EXPECT_EQ(attempt->counts, (transparency::AttemptCounts{
                                 .number = 1, .dataset_total = 2, .same_input = 2, .open = 1}));
  EXPECT_EQ(attempt->size, 3U);
  EXPECT_EQ(attempt->root, before->checkpoint.root);
}

TEST_F(LogTest, AReusedIntentIsRefusedBesideOthersThatAreTaken) {
  Log log = open();
  ASSERT_TRUE(log.append(intent_of(1)));
  const IntentEntry intent = logged_intent(*log.append(intent_of(2)));
  EXPECT_EQ(log.append(intent_of(2)).error().code(), ErrorCode::rejected);
  EXPECT_EQ(log.append(result_of(intent_of(2))).error().code(), ErrorCode::rejected)
      << "an intent with another leaf";
  ASSERT_TRUE(log.append(result_of(intent)));
  EXPECT_EQ(log.append(result_of(intent)).error().code(), ErrorCode::rejected);
  EXPECT_EQ((*log.checkpoint())->checkpoint.size, 3U);
}

TEST_F(LogTest, TwoProcessesSeeEachOthersEntries) {
  Log one = open();
  Log other = open();
  const IntentEntry intent = logged_intent(*one.append(intent_of(1)));
  EXPECT_EQ(other.append(intent_of(1)).error().code(), ErrorCode::rejected);
  ASSERT_TRUE(other.append(result_of(intent)));
  ASSERT_TRUE(one.append(intent_of(2)));
  EXPECT_EQ((*one.checkpoint())->checkpoint, (*other.checkpoint())->checkpoint);
  EXPECT_EQ(other.attempt(intent.run_id)->counts.dataset_total, 2U);
}

TEST_F(LogTest, ManyThreadsShareCommitsAndEachGetsItsOwnEntry) {
  Log log = open();
  constexpr std::uint64_t threads_count = 16;
  constexpr std::uint64_t each = 40;
  std::vector<std::vector<Appended>> appended(threads_count);
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < each; ++i) {
        auto done = log.append(intent_of(thread * 1000 + i));
        ASSERT_TRUE(done) << done.error().message();
        appended[thread].push_back(std::move(*done));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::uint64_t> indices;
  std::set<std::uint64_t> sizes;
  for (const auto& list : appended) {
    for (const Appended& one : list) {
      indices.insert(one.index);
      sizes.insert(one.checkpoint.checkpoint.size);
      EXPECT_TRUE(verify_inclusion(*log.prove(one.index, one.checkpoint), one.leaf));
    }
  }
  EXPECT_EQ(indices.size(), threads_count * each);
  EXPECT_EQ(*indices.rbegin(), threads_count * each - 1);
  EXPECT_LT(sizes.size(), indices.size()) << "no two appends shared a commit";
}

TEST_F(LogTest, TheSchemaLetsNothingBeChangedAndOneSizeHaveOneRoot) {
  {
    Log log = open();
    ASSERT_TRUE(log.append(intent_of(1)));
    ASSERT_TRUE(log.append(intent_of(2)));
  }
  EXPECT_NE(run("UPDATE log_entry SET entry = x'00' WHERE idx = 0"), "");
  EXPECT_NE(run("DELETE FROM log_entry WHERE idx = 1"), "");
  EXPECT_NE(run("UPDATE log_checkpoint SET root = zeroblob(32)"), "");
  EXPECT_NE(run("DELETE FROM log_checkpoint"), "");
  EXPECT_NE(run("INSERT INTO log_checkpoint VALUES (2, zeroblob(32), 'x')"), "");
  EXPECT_NE(run("INSERT OR REPLACE INTO log_checkpoint VALUES (2, zeroblob(32), 'x')"), "");
  EXPECT_NE(run("INSERT INTO log_checkpoint VALUES (3, zeroblob(32), 'x')"), "");
  EXPECT_NE(run("INSERT INTO log_entry VALUES (3, x'00')"), "") << "a gap";
  EXPECT_NE(run("INSERT OR REPLACE INTO log_entry VALUES (0, x'00')"), "");
  EXPECT_TRUE(try_open());
}

TEST_F(LogTest, ADatabaseThatContradictsItsCheckpointIsRefused) {
  {
    Log log = open();
    ASSERT_TRUE(log.append(intent_of(1)));
    ASSERT_TRUE(log.append(intent_of(2)));
  }
  const auto refusal_after = [this](const std::string& change) {
    EXPECT_EQ(
        run("DROP TRIGGER IF EXISTS log_entry_stays_u; UPDATE log_entry SET entry = " + change),
        "");
    const auto log = try_open();
    EXPECT_FALSE(log);
    return log ? Error(ErrorCode::internal, "opened") : log.error();
  };
  const Error changed = refusal_after(
      "CAST(replace(CAST(entry AS TEXT), 'log-size 0', 'log-size 1') AS BLOB) WHERE idx = 0");
  EXPECT_EQ(changed.code(), ErrorCode::malformed);
  EXPECT_NE(changed.message().find("do not lead to its own checkpoint"), std::string::npos);
  const Error repeated = refusal_after("(SELECT entry FROM log_entry WHERE idx = 1) WHERE idx = 0");
  EXPECT_EQ(repeated.code(), ErrorCode::malformed);
  EXPECT_NE(repeated.message().find("contradict one another"), std::string::npos);
}

TEST_F(LogTest, AnotherKeyCannotGoOnWithALog) {
  {
    ASSERT_TRUE(open().append(intent_of(1)));
  }
  std::filesystem::remove(key_file());
  const auto log = try_open();
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code(), ErrorCode::rejected);
  EXPECT_NE(log.error().message().find("another key"), std::string::npos);
}

TEST_F(LogTest, CosignaturesAreKeptWithTheirCheckpoint) {
  const auto witness = transparency::test::signer_of("w.example", KeyType::cosignature_v1);
  Log log = open();
  const auto appended = log.append(intent_of(1));
  const auto cosignature = witness.cosign(appended->checkpoint.note.text, 7).value();
  ASSERT_TRUE(log.add_cosignatures(1, {cosignature}));
  ASSERT_TRUE(log.add_cosignatures(1, {cosignature})) << "twice is once";
  EXPECT_EQ((*log.checkpoint())->note.signatures.size(), 2U);
  EXPECT_FALSE(log.add_cosignatures(9, {cosignature})) << "no such checkpoint";
  ASSERT_TRUE(log.append(intent_of(2)));
  EXPECT_EQ((*log.checkpoint())->note.signatures.size(), 1U);
}

TEST_F(LogTest, TilesHoldEveryEntryAndHash) {
  Log log = open();
  for (std::uint64_t number = 0; number < 3; ++number) ASSERT_TRUE(log.append(intent_of(number)));
  const auto bundle = log.tile({.level = std::nullopt, .index = 0, .width = 3});
  ASSERT_TRUE(bundle && *bundle);
  const auto entries = transparency::parse_entry_bundle(**bundle, 3).value();
  const auto hashes =
      transparency::parse_tile(**log.tile({.level = 0, .index = 0, .width = 3}), 3).value();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(transparency::leaf_hash(entries[i]), hashes[i]);
  }
  EXPECT_EQ(*log.tile({.level = 0, .index = 0, .width = 4}), std::nullopt);
  EXPECT_EQ(*log.tile({.level = 0, .index = 0, .width = 256}), std::nullopt);
  EXPECT_EQ(*log.tile({.level = std::nullopt, .index = 1, .width = 1}), std::nullopt);
  EXPECT_TRUE(*log.tile({.level = 0, .index = 0, .width = 2})) << "an earlier size had it";
}

// The first migration as it was released, before there was a log.
TEST_F(LogTest, ADatabaseOfSchemaOneKeepsItsCertificatesAndGetsALog) {
  {
    const auto store = Store::open(database());
    ASSERT_TRUE(store);
  }
  const std::string drop =
      "DROP INDEX certificate_by_key; ALTER TABLE certificate DROP COLUMN key_id;"
      "DROP TABLE log_cosignature; DROP TABLE log_checkpoint; DROP TABLE log_entry;"
      "PRAGMA user_version = 1";
  ASSERT_EQ(run(drop), "");
  {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &raw), SQLITE_OK);
    const std::string insert = "INSERT INTO certificate VALUES ('" + id_of(7) +
                               "', 'sha256:claim', 'sha256:dataset', 'sha256:sandbox',"
                               " 'succeeded', 'simulated-tdx', 7, CAST('" +
                               body_of(7) + "' AS BLOB))";
    ASSERT_EQ(sqlite3_exec(raw, insert.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }
  Log log = open();
  EXPECT_TRUE(log.append(intent_of(1)));
  const auto store = Store::open(database());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_TRUE(holds_number(*store, 7));
}

// What a writer acknowledged: an entry, and the root of the checkpoint that covers it.
struct Acknowledged {
  std::uint64_t index;
  std::uint64_t size;
  crypto::Sha256 leaf;
  crypto::Sha256 root;
};

[[noreturn]] void append_until_killed(const std::function<Result<Log>()>& try_open,
                                      std::uint64_t first, const UniqueFd& acknowledgements) {
  auto log = try_open();
  if (!log) ::_exit(3);
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t number = first + thread;; number += 3) {
        const auto appended = log->append(intent_of(number));
        if (!appended) ::_exit(4);
        const Acknowledged told{.index = appended->index,
                                .size = appended->checkpoint.checkpoint.size,
                                .leaf = appended->leaf,
                                .root = appended->checkpoint.checkpoint.root};
        // One write of less than PIPE_BUF bytes is never torn.
        if (::write(acknowledgements.borrow(), &told, sizeof told) != sizeof told) ::_exit(5);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(6);
}

std::vector<Acknowledged> kill_appender_after(const std::function<Result<Log>()>& try_open,
                                              std::uint64_t first, std::size_t wanted) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) append_until_killed(try_open, first, writer);
  writer.reset();
  std::vector<Acknowledged> acknowledged;
  Acknowledged told{};
  while (::read(reader.borrow(), &told, sizeof told) == sizeof told) {
    acknowledged.push_back(told);
    if (acknowledged.size() == wanted) ::kill(child, SIGKILL);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return acknowledged;
}

// Goal: what append() returned stays, and no size ever gets a second root. Method: many appenders,
// each killed somewhere else; the next one to open the log must find every acknowledged leaf in its
// place and lead to every acknowledged root.
TEST_F(LogTest, NoAcknowledgedEntryIsLostToKill9AndNoSizeGetsASecondRoot) {
  std::vector<Acknowledged> all;
  const auto rounds = static_cast<std::uint64_t>(test::race_rounds(50));
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const auto more =
        kill_appender_after([this] { return try_open(); }, round * 100'000, 1 + round % 9);
    ASSERT_FALSE(more.empty());
    all.insert(all.end(), more.begin(), more.end());
    Log log = open();
    const auto newest = *log.checkpoint();
    for (const Acknowledged& told : all) {
      const auto proof = log.prove(told.index, *newest);
      ASSERT_TRUE(proof) << "round " << round << ": " << proof.error().message();
      ASSERT_TRUE(verify_inclusion(*proof, told.leaf)) << "round " << round;
      const transparency::Consistency claim{.size1 = told.size,
                                            .size2 = newest->checkpoint.size,
                                            .root1 = told.root,
                                            .root2 = newest->checkpoint.root};
      ASSERT_TRUE(verify_consistency(claim, *log.consistency(told.size, claim.size2)))
          << "round " << round << ": size " << told.size << " has another root";
    }
  }
}

class LogKeyTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir_.path() / "state" / "log.key"; }
  Result<transparency::NoteSigner> open(std::string_view name = "log.example") const {
    return open_key_file(file(), name, KeyType::ed25519);
  }
  test::TempDir dir_;
};

TEST_F(LogKeyTest, IsMadeOnceForItsOwnerAlone) {
  const auto first = open();
  ASSERT_TRUE(first) << first.error().message();
  struct stat facts{};
  ASSERT_EQ(::stat(file().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  EXPECT_EQ(open("another name")->key(), first->key());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file().parent_path()),
                          std::filesystem::directory_iterator()),
            1)
      << "something is left beside the key";
}

TEST_F(LogKeyTest, HasARandomNameWithoutOne) {
  EXPECT_TRUE(open("")->key().name.starts_with("mayfly.invalid/"));
}

TEST_F(LogKeyTest, ThatOthersMayReadIsRefused) {
  ASSERT_TRUE(open());
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U}) {
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
    EXPECT_EQ(open().error().code(), ErrorCode::rejected) << mode;
  }
}

TEST_F(LogKeyTest, ThatIsNoKeyIsRefusedWithoutQuotingIt) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(write_file(file(), bytes_of("PRIVATE+KEY+secret")));
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message().find("secret"), std::string::npos);
}

TEST_F(LogKeyTest, IsOneKeyForAllWhoMakeItAtTheSameMoment) {
  std::vector<std::string> keys(8);
  std::vector<std::thread> threads;
  for (std::string& key : keys) {
    threads.emplace_back([&] {
      const auto signer = open();
      if (signer) key = to_text(signer->key());
    });
  }
  for (auto& thread : threads) thread.join();
  for (const std::string& key : keys) EXPECT_EQ(key, keys[0]);
  EXPECT_NE(keys[0], "");
}

}  // namespace
}  // namespace mayfly::store
