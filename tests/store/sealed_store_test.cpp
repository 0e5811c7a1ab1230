// Goal: with keys, nothing of a certificate lies on the disk in the clear; without the right ones
// nothing is given, and nothing is written in the clear beside what is sealed. Method: look for its
// bytes in every file of the database, and at the table with SQLite itself.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "store/log.hpp"
#include "store/store.hpp"
#include "tests/store/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::store {
namespace {

constexpr std::string_view first_key =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
constexpr std::string_view second_key =
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

StoreKeys keys_of(std::string_view text) {
  return StoreKeys::parse(bytes_of(text)).value();
}
std::string both(std::string_view current, std::string_view older) {
  return std::string(current) + "\n" + std::string(older) + "\n";
}

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

class SealedStore : public testing::Test {
 protected:
  std::filesystem::path folder() const { return dir_.path() / "state"; }
  std::filesystem::path database() const { return folder() / "certificates.db"; }

  Store open(std::string_view keys) const {
    return Store::open(database(), keys.empty() ? StoreKeys() : keys_of(keys)).value();
  }
  Error refusal(std::string_view keys) const {
    auto store = Store::open(database(), keys.empty() ? StoreKeys() : keys_of(keys));
    EXPECT_FALSE(store);
    return store ? Error(ErrorCode::internal, "it opened") : store.error();
  }
  // In the database, its log and whatever else lies there.
  bool disk_shows(std::string_view text) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      if (content_of(entry.path()).find(text) != std::string::npos) return true;
    }
    return false;
  }
  void run_raw(const std::string& sql) const {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection);
    sqlite3_close(connection);
  }

 private:
  test::TempDir dir_;
};

TEST_F(SealedStore, ShowsNothingOfACertificateOnTheDisk) {
  Store store = open(first_key);
  ASSERT_TRUE(put_number(store, 1));
  EXPECT_TRUE(holds_number(store, 1));
  EXPECT_FALSE(disk_shows(body_of(1)));
  EXPECT_TRUE(disk_shows(id_of(1))) << "what a search asks about is not sealed";
}

TEST_F(SealedStore, ShowsItWithoutKeys) {
  Store store = open("");
  ASSERT_TRUE(put_number(store, 1));
  EXPECT_TRUE(disk_shows(body_of(1))) << "the look cannot fail";
}

TEST_F(SealedStore, OpensWithTheRightKeysAlone) {
  {
    Store store = open(first_key);
    ASSERT_TRUE(put_number(store, 1));
  }
  EXPECT_NE(refusal("").message().find("MAYFLY_STORE_KEY"), std::string::npos);
  EXPECT_EQ(refusal(second_key).code(), ErrorCode::malformed);
  EXPECT_TRUE(holds_number(open(both(second_key, first_key)), 1));
}

TEST_F(SealedStore, WritesNothingInTheClearBesideWhatIsSealed) {
  Store forgot = open("");
  {
    Store store = open(first_key);
    ASSERT_TRUE(put_number(store, 1));
  }
  const auto put = put_number(forgot, 2);
  ASSERT_FALSE(put);
  EXPECT_NE(put.error().message().find("was not given"), std::string::npos);
  EXPECT_FALSE(disk_shows(body_of(2)));
}

TEST_F(SealedStore, TakesTheSameTwiceAndNoOtherUnderItsId) {
  Store store = open(first_key);
  ASSERT_TRUE(put_number(store, 1));
  EXPECT_TRUE(put_number(store, 1));
  const auto other = store.put(row_of(1), bytes_of("something else"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::rejected);
}

TEST_F(SealedStore, SeesBytesThatWereChangedOrMoved) {
  {
    Store store = open(first_key);
    ASSERT_TRUE(put_number(store, 1) && put_number(store, 2));
  }
  run_raw("UPDATE certificate SET bytes = (SELECT bytes FROM certificate WHERE certificate_id = '" +
          id_of(1) + "') WHERE certificate_id = '" + id_of(2) + "'");
  const Store store = open(first_key);
  EXPECT_TRUE(holds_number(store, 1));
  const auto moved = store.get(id_of(2));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), ErrorCode::rejected);
  EXPECT_NE(moved.error().message().find(id_of(2)), std::string::npos);
}

TEST_F(SealedStore, SealsWhatWasThereInTheClear) {
  {
    Store store = open("");
    for (std::uint64_t i = 1; i <= 150; ++i) ASSERT_TRUE(put_number(store, i));
  }
  Store store = open(first_key);
  ASSERT_TRUE(holds_number(store, 7)) << "readable before it is sealed";
  EXPECT_EQ(store.reseal().value(), 150);
  EXPECT_EQ(store.reseal().value(), 0);
  for (std::uint64_t i = 1; i <= 150; ++i) EXPECT_TRUE(holds_number(store, i)) << i;
  EXPECT_FALSE(disk_shows("certificate 1")) << "pages that were freed, and the log, are cleaned";
}

TEST_F(SealedStore, TakesOverADatabaseFromBeforeThereWereKeys) {
  {
    Store store = open("");
    ASSERT_TRUE(put_number(store, 1));
  }
  // The third migration taken back.
  run_raw(
      "DROP INDEX certificate_by_key; ALTER TABLE certificate DROP COLUMN key_id;"
      "PRAGMA user_version = 2");
  EXPECT_TRUE(holds_number(open(""), 1));
  EXPECT_EQ(open(first_key).reseal().value(), 1);
  EXPECT_TRUE(holds_number(open(first_key), 1));
}

TEST_F(SealedStore, GoesOverToAnotherKey) {
  {
    Store store = open(first_key);
    ASSERT_TRUE(put_number(store, 1));
  }
  {
    Store store = open(both(second_key, first_key));
    ASSERT_TRUE(put_number(store, 2));
    EXPECT_EQ(store.reseal().value(), 1);
  }
  const Store store = open(second_key);
  EXPECT_TRUE(holds_number(store, 1) && holds_number(store, 2));
  EXPECT_EQ(refusal(first_key).code(), ErrorCode::malformed);
}

TEST_F(SealedStore, IsCopiedAsItIsWhileOthersWrite) {
  Store store = open(first_key);
  ASSERT_TRUE(put_number(store, 1));
  const auto copy = folder() / "backup.db";
  ASSERT_TRUE(store.back_up(copy));
  ASSERT_TRUE(put_number(store, 2));
  const auto again = store.back_up(copy);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::rejected);
  struct stat facts{};
  ASSERT_EQ(::stat(copy.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_EQ(content_of(copy).find(body_of(1)), std::string::npos);
  const auto opened = Store::open(copy, keys_of(first_key));
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_TRUE(holds_number(*opened, 1));
  EXPECT_FALSE(opened->get(id_of(2)).value());
}

TEST_F(SealedStore, SaysWhatIsDamaged) {
  {
    Store store = open("");
    for (std::uint64_t i = 1; i <= 200; ++i) ASSERT_TRUE(put_number(store, i));
    EXPECT_TRUE(store.damage().value().empty());
  }
  // An index of another column than it was made of: SQLite would find nothing by it, silently.
  run_raw(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
      " 'CREATE INDEX certificate_by_status ON certificate (tee, issued_at, certificate_id)'"
      " WHERE name = 'certificate_by_status'");
  const auto damage = open("").damage();
  ASSERT_TRUE(damage) << damage.error().message();
  EXPECT_FALSE(damage->empty());
}

TEST(StoreKeys, RefusesWhatIsNoListOfKeys) {
  const std::string key(first_key);
  for (const std::string& text :
       {std::string(), std::string("\n"), key.substr(1), key + "0", key + "\n\n" + key,
        std::string(second_key).replace(0, 1, "F"), key + "\n" + key, "x" + key.substr(1)}) {
    const auto keys = StoreKeys::parse(bytes_of(text));
    ASSERT_FALSE(keys) << text;
    EXPECT_EQ(keys.error().code(), ErrorCode::malformed);
    EXPECT_EQ(keys.error().message().find(key.substr(0, 8)), std::string::npos) << "it shows a key";
  }
  std::string many;
  for (std::size_t i = 0; i <= store_keys_max; ++i) {
    many += std::to_string(10 + i) + key.substr(2) + "\n";
    EXPECT_EQ(bool(StoreKeys::parse(bytes_of(many))), i < store_keys_max) << i;
  }
}

TEST(StoreKeys, RefusesAFileThatOthersMayRead) {
  const test::TempDir dir;
  const auto file = dir.path() / "store.key";
  std::ofstream(file) << first_key << "\n";
  ::chmod(file.c_str(), 0644);
  const auto readable = StoreKeys::read(file);
  ASSERT_FALSE(readable);
  EXPECT_NE(readable.error().message().find("chmod 600"), std::string::npos);
  ::chmod(file.c_str(), 0600);
  EXPECT_TRUE(StoreKeys::read(file));
  std::ofstream(file) << std::string(2000, 'a');
  EXPECT_FALSE(StoreKeys::read(file));
  EXPECT_FALSE(StoreKeys::read(dir.path() / "none"));
}

}  // namespace
}  // namespace mayfly::store
