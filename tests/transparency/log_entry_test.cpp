#include "transparency/log_entry.hpp"

#include <gtest/gtest.h>

#include "tests/transparency/log_keys.hpp"
#include "transparency/attempt_index.hpp"

namespace mayfly::transparency {
namespace {

RevocationEntry revocation(RevokedThing kind, std::string value,
                           std::string reason = "key-compromised") {
  return {.kind = kind, .value = std::move(value), .reason = std::move(reason)};
}

std::vector<LogEntry> one_of_each() {
  IntentEntry intent = test::intent_of(1);
  IntentEntry in_a_study = test::intent_of(2);
  in_a_study.study = test::hash_of("study");
  in_a_study.dataset_hash = "none";
  IntentEntry keyed = test::intent_of(3);
  keyed.dataset_hash = "hmac-" + keyed.dataset_hash;
  const std::string study_id = "study_" + std::string(32, 'a');
  return {intent,
          in_a_study,
          keyed,
          test::result_of(intent),
          AbortEntry{.run_id = intent.run_id, .intent = leaf_of(intent), .reason = "wipe-residue"},
          StudyEntry{.study_id = study_id,
                     .plan = test::hash_of("plan"),
                     .dataset_hash = intent.dataset_hash,
                     .runs = 3},
          StudyCloseEntry{.study_id = study_id, .study = test::hash_of("study")},
          revocation(RevokedThing::certificate, "cert_" + std::string(64, 'a')),
          revocation(RevokedThing::key, std::string(64, 'b')),
          revocation(RevokedThing::key, std::string(128, 'c')),
          revocation(RevokedThing::measurement, "sha256:" + std::string(64, 'd'))};
}

TEST(LogEntry, OfEveryKindComesBackByteForByte) {
  for (const LogEntry& entry : one_of_each()) {
    const std::string text = to_text(entry);
    const auto parsed = parse_log_entry(bytes_of(text));
    ASSERT_TRUE(parsed) << text << parsed.error().message();
    EXPECT_EQ(*parsed, entry);
    EXPECT_EQ(to_text(*parsed), text);
    EXPECT_EQ(leaf_of(entry), leaf_hash(bytes_of(text)));
  }
}

TEST(LogEntry, RefusesEveryTruncationAndAnythingAfterIt) {
  for (const LogEntry& entry : one_of_each()) {
    const std::string text = to_text(entry);
    for (std::size_t size = 0; size < text.size(); ++size) {
      const auto parsed = parse_log_entry(bytes_of(text.substr(0, size)));
      // Without its last line, an intent of a study is one of none.
      EXPECT_TRUE(!parsed || std::holds_alternative<IntentEntry>(*parsed)) << text.substr(0, size);
    }
    EXPECT_FALSE(parse_log_entry(bytes_of(text + "\n")));
    EXPECT_FALSE(parse_log_entry(bytes_of(text + "more x\n")));
    EXPECT_FALSE(parse_log_entry(bytes_of("\n" + text)));
  }
}

TEST(LogEntry, PinsTheSpellingOfARevocation) {
  EXPECT_EQ(to_text(revocation(RevokedThing::measurement, "sha256:" + std::string(64, '0'), "bug")),
            "mayfly/log/revocation/v1\nkind measurement\nvalue sha256:" + std::string(64, '0') +
                "\nreason bug\n");
}

TEST(LogEntry, RefusesARevocationOfNothingThatThereCanBe) {
  for (const RevocationEntry& entry :
       {revocation(RevokedThing::certificate, "cert_" + std::string(63, 'a')),
        revocation(RevokedThing::certificate, std::string(64, 'a')),
        revocation(RevokedThing::key, std::string(64, 'B')),
        revocation(RevokedThing::key, std::string(96, 'b')), revocation(RevokedThing::key, ""),
        revocation(RevokedThing::measurement, std::string(64, 'd')),
        revocation(RevokedThing::key, std::string(64, 'b'), ""),
        revocation(RevokedThing::key, std::string(64, 'b'), "two words"),
        revocation(RevokedThing::key, std::string(64, 'b'), std::string(33, 'a'))}) {
    EXPECT_FALSE(check_revocation(entry)) << entry.value << " " << entry.reason;
    EXPECT_FALSE(parse_log_entry(bytes_of(to_text(entry)))) << to_text(entry);
  }
  std::string text = to_text(revocation(RevokedThing::key, std::string(64, 'b')));
  text.replace(text.find("kind key"), 8, "kind dog");
  EXPECT_FALSE(parse_log_entry(bytes_of(text)));
}

TEST(LogEntry, PinsTheSpellingOfAnIntent) {
  EXPECT_EQ(to_text(test::intent_of(7)),
            "mayfly/log/intent/v1\n"
            "run run_00000000000000000000000000000007\n"
            "dataset sha256:" +
                crypto::to_text(test::hash_of("people.csv")).substr(7) +
                "\n"
                "input " +
                crypto::to_text(test::hash_of("scan")) +
                "\n"
                "signer 0102030000000000000000000000000000000000000000000000000000000000\n"
                "log-size 0\n"
                "log-root " +
                crypto::to_text(crypto::sha256({})) + "\n");
}

TEST(LogEntry, RefusesValuesOfAnotherForm) {
  const std::string text = to_text(test::intent_of(7));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  for (const std::string& bad :
       {with("intent/v1", "intent/v2"), with("run_0", "run_g"), with("run_0", "run_"),
        with("dataset sha256:", "dataset sha384:"), with("dataset sha256:", "dataset "),
        with("signer 01", "signer "), with("signer 01", "signer 0g"), with("size 0", "size 00"),
        with("log-size", "logsize")}) {
    EXPECT_FALSE(parse_log_entry(bytes_of(bad))) << bad;
  }
}

class Attempts : public testing::Test {
 protected:
  Result<void> add(const LogEntry& entry) { return index_.add(next_++, entry); }
  AttemptIndex index_;
  std::uint64_t next_ = 0;
};

TEST_F(Attempts, AreCountedByDatasetAndInput) {
  const IntentEntry first = test::intent_of(1);
  const IntentEntry second = test::intent_of(2, "people.csv", "another scan");
  const IntentEntry third = test::intent_of(3);
  const IntentEntry elsewhere = test::intent_of(4, "other.csv", "that scan");
  for (const IntentEntry& intent : {first, second, third, elsewhere}) ASSERT_TRUE(add(intent));
  ASSERT_TRUE(add(test::result_of(second)));
  EXPECT_EQ(index_.counts(first.run_id),
            (AttemptCounts{.number = 1, .dataset_total = 3, .same_input = 2, .open = 1}));
  EXPECT_EQ(index_.counts(third.run_id),
            (AttemptCounts{.number = 3, .dataset_total = 3, .same_input = 2, .open = 1}));
  EXPECT_EQ(index_.counts(second.run_id),
            (AttemptCounts{.number = 2, .dataset_total = 3, .same_input = 1, .open = 2}));
  EXPECT_EQ(index_.counts(elsewhere.run_id),
            (AttemptCounts{.number = 1, .dataset_total = 1, .same_input = 1, .open = 0}));
  EXPECT_EQ(index_.counts(test::run_id_of(9)), std::nullopt);
}

TEST_F(Attempts, AnAbortClosesARunAndStaysCounted) {
  const IntentEntry first = test::intent_of(1);
  const IntentEntry second = test::intent_of(2);
  ASSERT_TRUE(add(first));
  ASSERT_TRUE(add(AbortEntry{first.run_id, leaf_of(first), "run"}));
  ASSERT_TRUE(add(second));
  EXPECT_EQ(index_.counts(second.run_id),
            (AttemptCounts{.number = 2, .dataset_total = 2, .same_input = 2, .open = 0}));
  EXPECT_EQ(index_.run(first.run_id)->end, RunEnd::abort);
}

TEST_F(Attempts, ARunIsAnnouncedOnceAndEndsOnce) {
  const IntentEntry intent = test::intent_of(1);
  EXPECT_EQ(add(test::result_of(intent)).error().code(), ErrorCode::rejected);
  ASSERT_TRUE(add(intent));
  EXPECT_EQ(add(intent).error().code(), ErrorCode::rejected);
  IntentEntry again = intent;
  again.input_hash = test::hash_of("another input");
  EXPECT_EQ(add(again).error().code(), ErrorCode::rejected);
  ResultEntry foreign = test::result_of(intent);
  foreign.intent = test::hash_of("another intent");
  EXPECT_EQ(add(foreign).error().code(), ErrorCode::rejected);
  ASSERT_TRUE(add(test::result_of(intent)));
  EXPECT_EQ(add(test::result_of(intent)).error().code(), ErrorCode::rejected);
  EXPECT_EQ(add(AbortEntry{intent.run_id, leaf_of(intent), "run"}).error().code(),
            ErrorCode::rejected);
}

TEST_F(Attempts, AStudyCountsItsRunsUntilItIsClosed) {
  const StudyEntry study{.study_id = "study_" + std::string(32, '1'),
                         .plan = test::hash_of("accuracy, the mean of all"),
                         .dataset_hash = test::intent_of(1).dataset_hash,
                         .runs = 2};
  IntentEntry first = test::intent_of(1);
  first.study = leaf_of(study);
  EXPECT_FALSE(add(first)) << "the study is not there yet";
  ASSERT_TRUE(add(study));
  EXPECT_FALSE(add(study));
  ASSERT_TRUE(add(first));
  ASSERT_TRUE(add(test::result_of(first)));
  EXPECT_EQ(index_.study(leaf_of(study)),
            (StudyCounts{.planned = 2, .started = 1, .finished = 1, .is_closed = false}));
  IntentEntry elsewhere = test::intent_of(2, "other.csv");
  elsewhere.study = leaf_of(study);
  EXPECT_FALSE(add(elsewhere)) << "the study is about another dataset";
  const StudyCloseEntry close{.study_id = study.study_id, .study = leaf_of(study)};
  ASSERT_TRUE(add(close));
  EXPECT_FALSE(add(close));
  IntentEntry late = test::intent_of(3);
  late.study = leaf_of(study);
  EXPECT_FALSE(add(late)) << "the study is closed";
  EXPECT_TRUE(index_.study(leaf_of(study))->is_closed);
}

}  // namespace
}  // namespace mayfly::transparency
