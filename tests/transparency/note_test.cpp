#include "transparency/note.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "tests/transparency/log_keys.hpp"
#include "transparency/note_signer.hpp"

namespace mayfly::transparency {
namespace {

std::string note_vector(const std::string& name) {
  return std::string(
      text_of(read_file(std::string(MAYFLY_VECTORS "/note/") + name, 1 << 20).value()));
}

const std::string text = "a line\n\nafter an empty one\n";

std::string signed_text(const NoteSigner& signer) {
  return to_text(Note{.text = text, .signatures = {signer.sign(text).value()}});
}

TEST(Note, OfTheSpecificationIsVerifiedByItsKey) {
  const auto note = parse_note(bytes_of(note_vector("c2sp_signed_note_example.txt")));
  ASSERT_TRUE(note) << note.error().message();
  EXPECT_EQ(note->text, "This is an example message.\n");
  const auto key =
      parse_verifier_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  ASSERT_TRUE(key) << key.error().message();
  const auto verified = verify_note(*note, std::span(&*key, 1));
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->at(0).key.name, "example.com/foo");
}

class GoNotes : public testing::Test {
 protected:
  GoNotes() : cases_(nlohmann::json::parse(note_vector("golang_note_cases.json"))) {
    text_ = cases_.at("text").get<std::string>();
    for (const auto& line : cases_.at("sigs")) signatures_.push_back(line.get<std::string>());
    for (const auto& key : cases_.at("keys")) {
      keys_.push_back(parse_verifier_key(key.get<std::string>()).value());
    }
  }
  // What the published case says must come of it.
  void expect(const std::string& note, std::span<const VerifierKey> keys, bool is_accepted) {
    const auto parsed = parse_note(bytes_of(note));
    EXPECT_EQ(parsed && verify_note(*parsed, keys), is_accepted) << note.substr(0, 200);
  }
  nlohmann::json cases_;
  std::string text_;
  std::vector<std::string> signatures_;
  std::vector<VerifierKey> keys_;
};

TEST_F(GoNotes, GoodKeysAreReadAndBadOnesRefused) {
  ASSERT_EQ(keys_.size(), 2U);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    EXPECT_EQ(to_text(keys_[i]), cases_.at("keys")[i].get<std::string>());
  }
  for (const auto& bad : cases_.at("bad_keys")) {
    EXPECT_FALSE(parse_verifier_key(bad.get<std::string>())) << bad;
  }
}

TEST_F(GoNotes, AreJudgedAsPublished) {
  const std::string both = text_ + "\n" + signatures_[0] + signatures_[1];
  const std::span<const VerifierKey> first(keys_.data(), 1);
  expect(both, first, true);
  expect(both, keys_, true);
  expect(both, {}, false);
  std::string many = text_ + "\n";
  for (int i = 0; i < 101; ++i) many += signatures_[0];
  expect(many, first, false);
  many.resize(many.size() - signatures_[0].size());
  expect(many, first, true);
  std::string changed = signatures_[0];
  changed.insert(60, "ABCD");
  expect(text_ + "\n" + changed, first, false);
  expect(text_ + signatures_[0], first, false);  // no empty line
  const std::string one = text_ + "\n" + signatures_[0];
  expect(one.substr(0, one.size() - 1), first, false);
  expect("\x01" + one, first, false);
  expect("\xff" + one, first, false);
  expect(text_ + "\n\u2014 Peter Neumann" + signatures_[0].substr(16), first, false);
  expect(one + "and more\n", first, false);
}

TEST(Note, SignedHereIsVerifiedAndComesBackByteForByte) {
  const NoteSigner signer = test::signer_of("log.example/a", KeyType::ed25519);
  const std::string note = signed_text(signer);
  const auto parsed = parse_note(bytes_of(note));
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->text, text);
  EXPECT_EQ(to_text(*parsed), note);
  EXPECT_TRUE(verify_note(*parsed, std::span(&signer.key(), 1)));
}

// Goal: no other spelling and no other text passes. Method: change one byte after another.
TEST(Note, WithAnyByteChangedIsRefused) {
  const NoteSigner signer = test::signer_of("log.example/a", KeyType::ed25519);
  const std::string note = signed_text(signer);
  for (std::size_t at = 0; at < note.size(); ++at) {
    std::string changed = note;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto parsed = parse_note(bytes_of(changed));
    EXPECT_FALSE(parsed && verify_note(*parsed, std::span(&signer.key(), 1))) << "byte " << at;
  }
  for (std::size_t size = 0; size < note.size(); ++size) {
    EXPECT_FALSE(parse_note(bytes_of(note.substr(0, size)))) << size;
  }
}

TEST(Note, IsRefusedWholeIfAKnownKeyDidNotMakeItsSignature) {
  const NoteSigner good = test::signer_of("log.example/a", KeyType::ed25519);
  const NoteSigner other = test::signer_of("log.example/b", KeyType::ed25519);
  NoteSignature forged = other.sign("something else\n").value();
  const Note note{.text = text, .signatures = {good.sign(text).value(), forged}};
  EXPECT_TRUE(verify_note(note, std::span(&good.key(), 1)));  // the other key is unknown
  const std::vector keys{good.key(), other.key()};
  EXPECT_EQ(verify_note(note, keys).error().code(), ErrorCode::rejected);
}

TEST(Note, CountsAKeyThatSignsTwiceOnce) {
  const NoteSigner witness = test::signer_of("w.example", KeyType::cosignature_v1);
  const Note note{.text = text,
                  .signatures = {witness.cosign(text, 7).value(), witness.cosign(text, 8).value()}};
  EXPECT_EQ(verify_note(note, std::span(&witness.key(), 1))->size(), 1U);
}

TEST(Note, HasNoMoreBytesThanItsBound) {
  const NoteSigner signer = test::signer_of("log.example/a", KeyType::ed25519);
  const auto note_of = [&](std::size_t bytes) {
    const std::string line = signature_line(signer.sign("").value());
    std::string note(bytes - line.size() - 2, 'x');
    return note + "\n\n" + line;
  };
  EXPECT_TRUE(parse_note(bytes_of(note_of(note_bytes_max))));
  EXPECT_EQ(parse_note(bytes_of(note_of(note_bytes_max + 1))).error().code(), ErrorCode::limit);
}

TEST(Cosignature, CarriesItsTimeAndIsBoundToIt) {
  const NoteSigner witness = test::signer_of("w.example", KeyType::cosignature_v1);
  NoteSignature signature = witness.cosign(text, 1'679'315'147).value();
  EXPECT_EQ(cosigned_message("x\n", 1'679'315'147), "cosignature/v1\ntime 1679315147\nx\n");
  const auto verified =
      verify_note({.text = text, .signatures = {signature}}, std::span(&witness.key(), 1));
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->at(0).unix_seconds, 1'679'315'147U);
  signature.signature[7] ^= 1;  // one second
  EXPECT_FALSE(
      verify_note({.text = text, .signatures = {signature}}, std::span(&witness.key(), 1)));
  signature.signature[7] ^= 1;
  signature.signature[0] |= 0x80;  // past 2^63
  EXPECT_FALSE(
      verify_note({.text = text, .signatures = {signature}}, std::span(&witness.key(), 1)));
}

TEST(Cosignature, IsNoPlainSignatureAndTheOtherWayRound) {
  const NoteSigner witness = test::signer_of("w.example", KeyType::cosignature_v1);
  VerifierKey as_log = witness.key();
  as_log.type = KeyType::ed25519;
  NoteSignature plain = witness.sign(text).value();
  plain.key_id = witness.key().id();
  EXPECT_FALSE(verify_note({.text = text, .signatures = {plain}}, std::span(&witness.key(), 1)));
  NoteSignature timed = witness.cosign(text, 1).value();
  timed.key_id = as_log.id();
  EXPECT_FALSE(verify_note({.text = text, .signatures = {timed}}, std::span(&as_log, 1)));
}

TEST(VerifierKey, RefusesWhatIsNotItsOwnSpelling) {
  const VerifierKey key = test::signer_of("log.example/a", KeyType::ed25519).key();
  const std::string good = to_text(key);
  EXPECT_EQ(parse_verifier_key(good).value(), key);
  std::string upper = good;
  const std::size_t id = key.name.size() + 1;
  for (std::size_t i = id; i < id + 8; ++i) upper[i] = static_cast<char>(std::toupper(upper[i]));
  for (const std::string& bad :
       {good + "=", good.substr(0, good.size() - 4), "other" + good, std::string("+") + good,
        std::string("a b+") + good.substr(id), std::string(), std::string("log+00000000+"),
        upper == good ? std::string() : upper}) {
    EXPECT_FALSE(parse_verifier_key(bad)) << bad;
  }
}

TEST(KeyName, RefusesSpacesPlusesAndControlsOfAnyKind) {
  for (const std::string_view bad : {"", "a b", "a+b", "a\tb", "a\nb", "a\u00a0b", "a\u2003b",
                                     "a\u3000b", "\xff", "\xc0\x80", "\xed\xa0\x80", "a\x7f"}) {
    EXPECT_FALSE(check_key_name(bad)) << bad;
  }
  EXPECT_TRUE(check_key_name("example.com/\u00e4"));
  EXPECT_TRUE(check_key_name(std::string(key_name_bytes_max, 'a')));
  EXPECT_EQ(check_key_name(std::string(key_name_bytes_max + 1, 'a')).error().code(),
            ErrorCode::limit);
}

TEST(NoteSigner, ReadsItsOwnPrivateTextAndNothingElse) {
  const std::string private_text = generate_private_text("log.example/a", KeyType::ed25519).value();
  const auto signer = NoteSigner::parse(private_text);
  ASSERT_TRUE(signer) << signer.error().message();
  EXPECT_EQ(signer->key().name, "log.example/a");
  for (const std::string& bad :
       {std::string(), std::string("PRIVATE+KEY+"), private_text + "A", private_text.substr(1),
        "PRIVATE+KEY+b" + private_text.substr(13)}) {
    EXPECT_FALSE(NoteSigner::parse(bad));
  }
  EXPECT_NE(generate_private_text("log.example/a", KeyType::ed25519).value(), private_text);
}

}  // namespace
}  // namespace mayfly::transparency
