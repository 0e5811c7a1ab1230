#include "store/store.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "tests/store/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::store {
namespace {

class StoreTest : public testing::Test {
 protected:
  Store open() {
    auto store = Store::open(database());
    if (!store) throw std::runtime_error(store.error().message());
    return std::move(*store);
  }
  std::filesystem::path database() const { return dir_.path() / "state" / "certificates.db"; }
  const test::TempDir& dir() const { return dir_; }

 private:
  test::TempDir dir_;
};

unsigned mode_of(const std::filesystem::path& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777 : 0;
}

void run_raw_sql(const std::filesystem::path& database, const char* sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(database.c_str(), &connection), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(connection);
  sqlite3_close(connection);
}

TEST_F(StoreTest, GivesBackTheBytesUnderTheWholeIdAfterReopening) {
  {
    Store store = open();
    ASSERT_TRUE(put_number(store, 1));
  }
  EXPECT_TRUE(holds_number(open(), 1));
}

TEST_F(StoreTest, KeepsBytesThatAreNotText) {
  Store store = open();
  const Bytes bytes = {0, 255, 0, '\'', 128};
  ASSERT_TRUE(store.put(row_of(1), bytes));
  const auto found = store.get(id_of(1));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(**found, bytes);
}

TEST_F(StoreTest, IsReadableByItsOwnerOnly) {
  Store store = open();
  ASSERT_TRUE(put_number(store, 1));
  EXPECT_EQ(mode_of(database()), 0600U);
  EXPECT_EQ(mode_of(database().string() + "-wal"), 0600U);
  EXPECT_EQ(mode_of(database().parent_path()), 0700U);
}

TEST_F(StoreTest, TakesTheSameBytesTwiceAndRefusesOthersUnderOneId) {
  Store store = open();
  ASSERT_TRUE(put_number(store, 1));
  EXPECT_TRUE(put_number(store, 1));
  const auto other = store.put(row_of(1), bytes_of("something else"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::rejected);
  EXPECT_TRUE(holds_number(store, 1));
}

TEST_F(StoreTest, RefusesAnIdThatIsNotOne) {
  Store store = open();
  CertificateRow row = row_of(1);
  row.certificate_id = "cert_abc";
  const auto put = store.put(row, bytes_of("x"));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::malformed);
}

TEST_F(StoreTest, TakesACertificateAtTheBoundAndRefusesOnePastIt) {
  Store store = open();
  Bytes bytes(certificate_bytes_max, 'x');
  EXPECT_TRUE(store.put(row_of(1), bytes));
  bytes.push_back('x');
  const auto put = store.put(row_of(2), bytes);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::limit);
}

TEST_F(StoreTest, FindsAUniquePrefixAndRefusesAnAmbiguousOne) {
  Store store = open();
  ASSERT_TRUE(put_number(store, 0x1));          // cert_0000000000000001aaa...
  ASSERT_TRUE(put_number(store, 0x2));          // cert_0000000000000002aaa...
  ASSERT_TRUE(put_number(store, 0xff0000001));  // cert_0000000ff0000001aaa...
  const auto unique = store.get("cert_0000000ff000");
  ASSERT_TRUE(unique && *unique);
  EXPECT_EQ(text_of(**unique), body_of(0xff0000001));
  const auto ambiguous = store.get("cert_000000000000");
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(ambiguous.error().code(), ErrorCode::rejected);
  const auto none = store.get("cert_0000000fffff");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST_F(StoreTest, RefusesAPrefixThatIsTooShortOrNotHex) {
  const Store store = open();
  for (const std::string id : {"cert_00000000000", "cert_00000000000%", "cert_0000000000'1",
                               "0000000000000000", "", "cert_", "cert_ABCDEFABCDEF"}) {
    const auto got = store.get(id);
    ASSERT_FALSE(got) << id;
    EXPECT_EQ(got.error().code(), ErrorCode::malformed) << id;
  }
}

// Goal: pages neither repeat nor miss a row, also when many rows share one time.
TEST_F(StoreTest, PagesThroughEverythingNewestFirst) {
  Store store = open();
  for (std::uint64_t number = 0; number < 100; ++number) {
    CertificateRow row = row_of(number);
    row.issued_at.value = static_cast<std::int64_t>(number / 10);
    ASSERT_TRUE(store.put(row, bytes_of(body_of(number))));
  }
  Query query;
  query.limit = 7;
  std::vector<CertificateRow> seen;
  for (;;) {
    const auto page = store.search(query);
    ASSERT_TRUE(page) << page.error().message();
    seen.insert(seen.end(), page->rows.begin(), page->rows.end());
    if (!page->next) break;
    ASSERT_EQ(page->rows.size(), 7U);
    query.cursor = page->next;
  }
  ASSERT_EQ(seen.size(), 100U);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    EXPECT_GT(std::tie(seen[i - 1].issued_at, seen[i - 1].certificate_id),
              std::tie(seen[i].issued_at, seen[i].certificate_id));
  }
}

TEST_F(StoreTest, HasNoNextPageWhenTheLastOneIsExactlyFull) {
  Store store = open();
  for (std::uint64_t number = 0; number < 6; ++number) ASSERT_TRUE(put_number(store, number));
  Query query;
  query.limit = 3;
  const auto first = store.search(query);
  ASSERT_TRUE(first && first->next);
  query.cursor = first->next;
  const auto second = store.search(query);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->rows.size(), 3U);
  EXPECT_FALSE(second->next);
}

TEST_F(StoreTest, SearchesByEachColumnAloneAndAllTogether) {
  Store store = open();
  for (std::uint64_t number = 0; number < 16; ++number) {
    CertificateRow row = row_of(number);
    row.claim_hash = (number & 1) != 0 ? "claim-1" : "claim-0";
    row.dataset_hash = (number & 2) != 0 ? "data-1" : "data-0";
    row.sandbox_hash = (number & 4) != 0 ? "sandbox-1" : "sandbox-0";
    row.status = (number & 8) != 0 ? "failed" : "succeeded";
    ASSERT_TRUE(store.put(row, bytes_of(body_of(number))));
  }
  // Every subset of the four filters, each asking for its "1" side.
  for (unsigned chosen = 0; chosen < 16; ++chosen) {
    Query query;
    if ((chosen & 1) != 0) query.claim_hash = "claim-1";
    if ((chosen & 2) != 0) query.dataset_hash = "data-1";
    if ((chosen & 4) != 0) query.sandbox_hash = "sandbox-1";
    if ((chosen & 8) != 0) query.status = "failed";
    const auto page = store.search(query);
    ASSERT_TRUE(page) << page.error().message();
    std::set<std::string> found;
    for (const auto& row : page->rows) found.insert(row.certificate_id);
    std::set<std::string> wanted;
    for (std::uint64_t number = 0; number < 16; ++number) {
      if ((number & chosen) == chosen) wanted.insert(id_of(number));
    }
    EXPECT_EQ(found, wanted) << "filters " << chosen;
  }
}

TEST_F(StoreTest, SinceIsInclusive) {
  Store store = open();
  for (std::uint64_t number = 0; number < 10; ++number) ASSERT_TRUE(put_number(store, number));
  Query query;
  query.since = UnixMillis{7};
  const auto page = store.search(query);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 3U);
  EXPECT_EQ(page->rows.back().issued_at.value, 7);
}

TEST_F(StoreTest, TakesALimitAtEitherBoundAndRefusesOnePastIt) {
  const Store store = open();
  for (const std::size_t limit : {std::size_t{1}, search_limit_max}) {
    Query query;
    query.limit = limit;
    EXPECT_TRUE(store.search(query)) << limit;
  }
  for (const std::size_t limit : {std::size_t{0}, search_limit_max + 1}) {
    Query query;
    query.limit = limit;
    const auto page = store.search(query);
    ASSERT_FALSE(page) << limit;
    EXPECT_EQ(page.error().code(), ErrorCode::limit);
  }
}

TEST_F(StoreTest, RefusesACursorItDidNotWrite) {
  const Store store = open();
  Query query;
  query.cursor = "AAAA";
  const auto page = store.search(query);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), ErrorCode::malformed);
}

TEST_F(StoreTest, TreatsQuotesInAFilterAsText) {
  Store store = open();
  ASSERT_TRUE(put_number(store, 1));
  Query query;
  query.status = "' OR 1=1 --";
  const auto page = store.search(query);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->rows.empty());
}

// Goal: a page costs an index range, not a scan. Method: ask SQLite's planner.
TEST_F(StoreTest, AnswersEachSearchFromAnIndexWithoutSorting) {
  {
    Store store = open();
  }
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(database().c_str(), &connection), SQLITE_OK);
  for (const std::string column : {"claim_hash", "dataset_hash", "sandbox_hash", "status"}) {
    const std::string sql =
        "EXPLAIN QUERY PLAN SELECT certificate_id FROM certificate WHERE 1 AND " + column +
        " = ? AND (issued_at, certificate_id) < (?, ?)"
        " ORDER BY issued_at DESC, certificate_id DESC LIMIT ?";
    sqlite3_stmt* statement = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    std::string plan;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      plan += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
      plan += '\n';
    }
    sqlite3_finalize(statement);
    EXPECT_NE(plan.find("SEARCH certificate USING"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
  }
  sqlite3_close(connection);
}

TEST_F(StoreTest, RefusesAFileThatIsNotADatabase) {
  const auto path = dir().write("notes.txt", std::string(4096, 'n'));
  const auto store = Store::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::malformed);
}

TEST_F(StoreTest, RefusesAFolderInPlaceOfAFile) {
  const auto store = Store::open(dir().path());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::malformed);
}

TEST_F(StoreTest, RefusesAnotherProgramsDatabaseAndLeavesItAsItWas) {
  const auto path = dir().path() / "other.db";
  run_raw_sql(path, "CREATE TABLE t (x); PRAGMA user_version = 1");
  const auto before = std::filesystem::file_size(path);
  const auto store = Store::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::malformed);
  EXPECT_NE(store.error().message().find("another program"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(path), before);
  EXPECT_FALSE(std::filesystem::exists(path.string() + "-wal"));
}

TEST_F(StoreTest, RefusesANewerSchemaAndSaysSo) {
  {
    Store store = open();
  }
  run_raw_sql(database(), "PRAGMA user_version = 999");
  const auto store = Store::open(database());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::malformed);
  EXPECT_NE(store.error().message().find("schema 999"), std::string::npos)
      << store.error().message();
}

TEST_F(StoreTest, UsesWriteAheadLogAndStrictTables) {
  {
    Store store = open();
  }
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(database().c_str(), &connection), SQLITE_OK);
  // A wrong type is refused by the table itself, whoever writes.
  EXPECT_EQ(sqlite3_exec(connection,
                         "INSERT INTO certificate VALUES"
                         " ('cert_x', 'c', 'd', 's', 'ok', 'tee', 'not a number', x'00', '')",
                         nullptr, nullptr, nullptr),
            SQLITE_CONSTRAINT);
  std::string mode;
  sqlite3_exec(
      connection, "PRAGMA journal_mode",
      [](void* out, int, char** values, char**) {
        *static_cast<std::string*>(out) = values[0];
        return 0;
      },
      &mode, nullptr);
  EXPECT_EQ(mode, "wal");
  sqlite3_close(connection);
}

TEST_F(StoreTest, ServesEightThreadsAtOnce) {
  Store store = open();
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&store, thread] {
      for (std::uint64_t i = 0; i < 25; ++i) {
        const std::uint64_t number = thread * 1000 + i;
        EXPECT_TRUE(put_number(store, number));
        EXPECT_TRUE(holds_number(store, number));
        EXPECT_TRUE(store.search({}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  Query query;
  query.limit = search_limit_max;
  const auto page = store.search(query);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 200U);
}

TEST_F(StoreTest, SeveralStoresMayOpenOneNewDatabaseAtTheSameMoment) {
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([this, thread] {
      auto store = Store::open(database());
      ASSERT_TRUE(store) << store.error().message();
      EXPECT_TRUE(put_number(*store, thread));
    });
  }
  for (auto& thread : threads) thread.join();
  const Store store = open();
  for (std::uint64_t number = 0; number < 8; ++number) EXPECT_TRUE(holds_number(store, number));
}

}  // namespace
}  // namespace mayfly::store
