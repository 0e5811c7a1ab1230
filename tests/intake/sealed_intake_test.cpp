// Goal: exactly what was sealed to this session comes out, once, or nothing and a reason. Method: a
// valid envelope of which one thing is changed.
#include "intake/sealed_intake.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "intake/envelope_writer.hpp"
#include "intake/sealed_reply.hpp"
#include "tests/intake/sealed_pieces.hpp"

namespace mayfly::intake {
namespace {

using crypto::StreamTag;
using test::bytes_from;
using test::SealedPieces;

constexpr std::size_t rest_max = std::size_t{1} << 16;
const std::string sealed_request = R"({"dataset":{"format":"csv"},"sandbox":{}})";

struct SealedOutcome {
  bool opened = false;
  std::optional<SealFault> fault{};
  ErrorCode code = ErrorCode::internal;
  std::string rest{};
  std::optional<std::string> data{};
};

class SealedIntakeTest : public testing::Test {
 protected:
  SealedPieces seal(const test::Clear& clear) const {
    return test::seal_pieces(session_.public_key(), session_.id(), clear);
  }
  SealedPieces three() const {
    return seal({{bytes_from(sealed_request), StreamTag::push},
                 {Bytes(100, 'a'), StreamTag::message},
                 {Bytes(50, 'b'), StreamTag::message},
                 {Bytes(), StreamTag::final}});
  }

  SealedOutcome open(ByteView bytes, std::size_t step = std::string::npos) {
    auto intake = SealedIntake::begin(session_, limits_, JobIdentity::separate_user, rest_max);
    EXPECT_TRUE(intake);
    while (!bytes.empty()) {
      const ByteView part = bytes.first(std::min(step, bytes.size()));
      if (auto appended = intake->append(part); !appended) {
        return {.fault = intake->fault(), .code = appended.error().code()};
      }
      bytes = bytes.subspan(part.size());
    }
    auto opened = intake->finish();
    if (!opened) return {.fault = intake->fault(), .code = opened.error().code()};
    SealedOutcome out{.opened = true, .rest = opened->parts.rest_json};
    if (opened->parts.data) out.data = std::string(text_of(opened->parts.data->view()));
    return out;
  }

  UploadSession session_{crypto::X25519PrivateKey::generate().value(),
                         crypto::sha256(bytes_of("a manifest"))};
  IntakeLimits limits_;
};

TEST_F(SealedIntakeTest, TakesTheRequestAndTheDatasetBytewise) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    const SealedOutcome out = open(three().all(), step);
    ASSERT_TRUE(out.opened) << step;
    EXPECT_EQ(out.rest, sealed_request);
    EXPECT_EQ(out.data, std::string(100, 'a') + std::string(50, 'b'));
  }
}

TEST_F(SealedIntakeTest, TellsNoDatasetFromAnEmptyOne) {
  const SealedOutcome none = open(seal({{bytes_from(sealed_request), StreamTag::final}}).all());
  EXPECT_TRUE(none.opened);
  EXPECT_FALSE(none.data);
  const SealedOutcome empty =
      open(seal({{bytes_from(sealed_request), StreamTag::push}, {{}, StreamTag::final}}).all());
  EXPECT_TRUE(empty.opened);
  EXPECT_EQ(empty.data, "");
}

TEST_F(SealedIntakeTest, TakesWhatTheWriterWrites) {
  std::string large = sealed_request;
  large.append(3 * request_piece_bytes_max - sealed_request.size(), ' ');
  for (const std::string& text : {sealed_request, large, large + " "}) {
    auto writer = EnvelopeWriter::begin(session_.public_key(), session_.id()).value();
    Bytes sent = writer.header();
    const auto send = [&](ByteView part) { sent.insert(sent.end(), part.begin(), part.end()); };
    send(writer.request(bytes_of(text), EnvelopeWriter::Next::dataset));
    send(writer.dataset(Bytes(piece_bytes_max, 'x')));
    send(writer.dataset(Bytes(1, 'y')));
    send(writer.end());
    const SealedOutcome out = open(sent);
    ASSERT_TRUE(out.opened);
    EXPECT_EQ(out.rest, text);
    EXPECT_EQ(out.data, std::string(piece_bytes_max, 'x') + "y");
  }
}

TEST_F(SealedIntakeTest, TakesEachEnvelopeOnce) {
  const Bytes sent = three().all();
  EXPECT_TRUE(open(sent).opened);
  EXPECT_EQ(open(sent).fault, SealFault::replayed);
  // Used up by its first piece, whole or not.
  const SealedPieces other = three();
  Bytes half = other.header;
  half.insert(half.end(), other.pieces[0].begin(), other.pieces[0].end());
  EXPECT_EQ(open(half).fault, SealFault::cut_off);
  EXPECT_EQ(open(other.all()).fault, SealFault::replayed);
}

// Otherwise whoever sees a header could spoil the envelope, or fill the memory with nothing.
TEST_F(SealedIntakeTest, RemembersNothingBeforeTheFirstPieceIsGenuine) {
  const SealedPieces sent = three();
  Bytes forged = sent.all();
  forged[sent.header.size() + piece_size_bytes + 3] ^= 1;
  EXPECT_EQ(open(forged).fault, SealFault::broken);
  EXPECT_TRUE(open(sent.all()).opened);
}

TEST_F(SealedIntakeTest, TakesNoMoreThanItCanRemember) {
  UploadSession small(crypto::X25519PrivateKey::generate().value(), session_.id(), 2);
  EnvelopeHeader header;
  EXPECT_EQ(small.use(header), UploadSession::Use::first);
  header.ephemeral[0] = 1;
  EXPECT_EQ(small.use(header), UploadSession::Use::first);
  EXPECT_EQ(small.use(header), UploadSession::Use::again);
  header.ephemeral[0] = 2;
  EXPECT_EQ(small.use(header), UploadSession::Use::no_room);
  header.ephemeral[0] = 1;
  EXPECT_EQ(small.use(header), UploadSession::Use::again);
  const auto sent = test::seal_pieces(small.public_key(), small.id(),
                                      {{bytes_from(sealed_request), StreamTag::final}});
  auto intake = SealedIntake::begin(small, limits_, JobIdentity::separate_user, rest_max);
  ASSERT_TRUE(intake);
  const auto appended = intake->append(sent.all());
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(intake->fault(), SealFault::used_up);
}

TEST_F(SealedIntakeTest, OfOneEnvelopeSentAtOnceTakesOne) {
  const Bytes sent = three().all();
  std::atomic<int> opened = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { opened += open(sent).opened ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened, 1);
}

TEST_F(SealedIntakeTest, RefusesAnotherSessionsEnvelope) {
  const test::Clear clear{{bytes_from(sealed_request), StreamTag::final}};
  auto sent = test::seal_pieces(session_.public_key(), crypto::sha256(bytes_of("another")), clear);
  EXPECT_EQ(open(sent.all()).fault, SealFault::wrong_session);
  // Relabelled, it cannot be opened: the session is in the keys.
  std::ranges::copy(session_.id().bytes, sent.header.begin() + envelope_magic.size());
  EXPECT_EQ(open(sent.all()).fault, SealFault::broken);
  // The same session's name, another key.
  const auto other = crypto::X25519PrivateKey::generate().value();
  sent = test::seal_pieces(other.public_key(), session_.id(), clear);
  EXPECT_EQ(open(sent.all()).fault, SealFault::broken);
}

TEST_F(SealedIntakeTest, RefusesAnEphemeralKeyOfSmallOrder) {
  Bytes sent = three().all();
  std::fill_n(sent.begin() + 40, 32, std::uint8_t{0});
  EXPECT_EQ(open(sent).fault, SealFault::broken);
}

TEST_F(SealedIntakeTest, RefusesEveryChangedByte) {
  const SealedPieces sent = three();
  const Bytes whole = sent.all();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes changed = whole;
    changed[at] ^= 0x40;
    const SealedOutcome out = open(changed);
    ASSERT_FALSE(out.opened) << at;
    if (at < 8) {
      ASSERT_EQ(out.fault, SealFault::malformed) << at;
    } else if (at < 40) {
      ASSERT_EQ(out.fault, SealFault::wrong_session) << at;
    } else if (at < envelope_header_bytes) {
      ASSERT_EQ(out.fault, SealFault::broken) << at;
    }
  }
}

TEST_F(SealedIntakeTest, RefusesPiecesLeftOutMovedOrRepeated) {
  const auto fault_of = [&](const std::vector<std::size_t>& order) {
    const SealedPieces sent = three();
    SealedPieces changed{.header = sent.header, .pieces = {}};
    for (const std::size_t i : order) changed.pieces.push_back(sent.pieces[i]);
    return open(changed.all()).fault;
  };
  EXPECT_EQ(fault_of({0, 1, 2, 3}), std::nullopt);
  EXPECT_EQ(fault_of({0, 2, 1, 3}), SealFault::broken);
  EXPECT_EQ(fault_of({1, 0, 2, 3}), SealFault::broken);
  EXPECT_EQ(fault_of({0, 1, 1, 2, 3}), SealFault::broken);
  EXPECT_EQ(fault_of({0, 1, 3}), SealFault::broken);
  EXPECT_EQ(fault_of({3}), SealFault::broken);
  EXPECT_EQ(fault_of({0, 1, 2}), SealFault::cut_off);
  EXPECT_EQ(fault_of({0, 1, 2, 3, 3}), SealFault::malformed);
  // A piece of another envelope to the same session.
  SealedPieces mixed = three();
  mixed.pieces[1] = three().pieces[1];
  EXPECT_EQ(open(mixed.all()).fault, SealFault::broken);
}

TEST_F(SealedIntakeTest, RefusesEveryTruncation) {
  const Bytes whole = three().all();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    // A new envelope for each: the first piece uses one up.
    const Bytes sent = three().all();
    ASSERT_EQ(open(ByteView(sent).first(length)).fault, SealFault::cut_off) << length;
  }
}

TEST_F(SealedIntakeTest, RefusesOversizedPiecesBeforeTheyCome) {
  const auto size_of = [](std::size_t clear) {
    const std::size_t sealed = clear + crypto::secret_stream_piece_overhead_bytes;
    return Bytes{static_cast<std::uint8_t>(sealed), static_cast<std::uint8_t>(sealed >> 8),
                 static_cast<std::uint8_t>(sealed >> 16), static_cast<std::uint8_t>(sealed >> 24)};
  };
  SealedPieces sent = three();
  sent.pieces = {sent.pieces[0], size_of(piece_bytes_max + 1)};
  EXPECT_EQ(open(sent.all()).code, ErrorCode::limit);
  sent = three();
  sent.pieces = {sent.pieces[0], Bytes(4, 0xff)};
  EXPECT_EQ(open(sent.all()).code, ErrorCode::limit);
  sent = three();
  sent.pieces = {sent.pieces[0], Bytes{16, 0, 0, 0}};
  EXPECT_EQ(open(sent.all()).fault, SealFault::malformed);
  // At the bound, and past it.
  EXPECT_TRUE(open(seal({{bytes_from(sealed_request), StreamTag::push},
                         {Bytes(piece_bytes_max, 'x'), StreamTag::final}})
                       .all())
                  .opened);
  const Bytes page(request_piece_bytes_max, ' ');
  const Bytes more(request_piece_bytes_max + 1, ' ');
  EXPECT_TRUE(
      open(seal({{page, StreamTag::message}, {bytes_from(sealed_request), StreamTag::final}}).all())
          .opened);
  EXPECT_EQ(
      open(seal({{more, StreamTag::message}, {bytes_from(sealed_request), StreamTag::final}}).all())
          .code,
      ErrorCode::limit);
}

TEST_F(SealedIntakeTest, RefusesPiecesThatSayNothing) {
  const Bytes text = bytes_from(sealed_request);
  EXPECT_EQ(open(seal({{{}, StreamTag::message}, {text, StreamTag::final}}).all()).fault,
            SealFault::malformed);
  EXPECT_EQ(open(seal({{text, StreamTag::push}, {{}, StreamTag::message}}).all()).fault,
            SealFault::malformed);
  EXPECT_EQ(open(seal({{text, StreamTag::push}, {Bytes(5, 'x'), StreamTag::push}}).all()).fault,
            SealFault::malformed);
}

TEST_F(SealedIntakeTest, TakesADatasetAtItsBoundAndNotOneByteMore) {
  limits_.dataset_bytes_max = 10'000;
  for (const std::size_t last : {1U, 2U, 5'000U}) {
    const SealedOutcome out = open(seal({{bytes_from(sealed_request), StreamTag::push},
                                         {Bytes(9'999, 'x'), StreamTag::message},
                                         {Bytes(last, 'y'), StreamTag::final}})
                                       .all());
    EXPECT_EQ(out.opened, last == 1) << last;
    if (last > 1) {
      EXPECT_EQ(out.code, ErrorCode::limit) << last;
    }
  }
}

TEST_F(SealedIntakeTest, TakesOneDatasetOnly) {
  const Bytes with_data = bytes_from(R"({"dataset":{"format":"csv","data":"base64:Zm9v"}})");
  EXPECT_EQ(open(seal({{with_data, StreamTag::final}}).all()).data, "foo");
  const SealedOutcome two =
      open(seal({{with_data, StreamTag::push}, {{}, StreamTag::final}}).all());
  EXPECT_FALSE(two.opened);
  EXPECT_EQ(two.code, ErrorCode::malformed);
}

TEST(SealedReply, IsOpenedByItsKeyWholeAndUnchanged) {
  auto key = crypto::LockedSecret::allocate(32).value();
  key.bytes()[0] = 1;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, piece_bytes_max,
                                 piece_bytes_max + 1, 3 * piece_bytes_max}) {
    const Bytes reply(size, 'r');
    const Bytes sealed = seal_reply(key, reply).value();
    EXPECT_EQ(open_reply(key, sealed).value(), reply);
    Bytes longer = sealed;
    longer.push_back(0);
    EXPECT_FALSE(open_reply(key, longer));
  }
  const Bytes sealed = seal_reply(key, Bytes(40, 'r')).value();
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes changed = sealed;
    changed[at] ^= 1;
    EXPECT_FALSE(open_reply(key, changed)) << at;
    EXPECT_FALSE(open_reply(key, ByteView(sealed).first(at))) << at;
  }
  auto other = crypto::LockedSecret::allocate(32).value();
  EXPECT_EQ(open_reply(other, sealed).error().code(), ErrorCode::rejected);
}

TEST(EnvelopeKeys, AreTheSameOnBothSidesAndApartFromEachOther) {
  const auto key = crypto::X25519PrivateKey::generate().value();
  const auto session = crypto::sha256(bytes_of("a manifest"));
  const auto sender = sender_keys(key.public_key(), session).value();
  const EnvelopeHeader header{.session = session, .ephemeral = sender.ephemeral, .stream = {}};
  const auto receiver = receiver_keys(key, header).value();
  EXPECT_TRUE(std::ranges::equal(sender.keys.request.view(), receiver.request.view()));
  EXPECT_TRUE(std::ranges::equal(sender.keys.reply.view(), receiver.reply.view()));
  EXPECT_FALSE(std::ranges::equal(receiver.request.view(), receiver.reply.view()));
}

}  // namespace
}  // namespace mayfly::intake
