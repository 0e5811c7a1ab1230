#include "crypto/secret_stream.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mayfly::crypto {
namespace {

const Bytes stream_key(32, 7);

struct Sealed {
  SecretStreamHeader header;
  std::vector<Bytes> pieces;
};

Sealed sealed(const std::vector<std::pair<Bytes, StreamTag>>& pieces) {
  auto stream = SealingStream::begin(stream_key).value();
  Sealed out{.header = stream.header(), .pieces = {}};
  for (const auto& [piece, tag] : pieces) {
    Bytes bytes(piece.size() + secret_stream_piece_overhead_bytes);
    stream.seal(piece, tag, bytes);
    out.pieces.push_back(std::move(bytes));
  }
  return out;
}

Result<StreamTag> open(OpeningStream& stream, const Bytes& piece, Bytes& out) {
  out.assign(piece.size(), 0xee);
  return stream.open(piece, out);
}

const std::vector<std::pair<Bytes, StreamTag>> three = {{Bytes(100, 1), StreamTag::message},
                                                        {Bytes(200, 2), StreamTag::push},
                                                        {Bytes(), StreamTag::final}};

TEST(SecretStream, OpensWhatWasSealedWithItsTags) {
  const Sealed message = sealed(three);
  auto stream = OpeningStream::begin(stream_key, message.header).value();
  for (std::size_t i = 0; i < three.size(); ++i) {
    Bytes out;
    const auto tag = open(stream, message.pieces[i], out);
    ASSERT_TRUE(tag) << tag.error().message();
    EXPECT_EQ(*tag, three[i].second);
    out.resize(three[i].first.size());
    EXPECT_EQ(out, three[i].first);
  }
}

TEST(SecretStream, OpensNothingThatIsNotTheNextPiece) {
  const Sealed message = sealed(three);
  const auto refuses_second = [&](const Bytes& piece) {
    auto stream = OpeningStream::begin(stream_key, message.header).value();
    Bytes out;
    EXPECT_TRUE(open(stream, message.pieces[0], out));
    const auto tag = open(stream, piece, out);
    return !tag && tag.error().code() == ErrorCode::rejected && out == Bytes(piece.size(), 0xee);
  };
  EXPECT_TRUE(refuses_second(message.pieces[0])) << "repeated";
  EXPECT_TRUE(refuses_second(message.pieces[2])) << "left out";
  EXPECT_TRUE(refuses_second(sealed(three).pieces[1])) << "of another stream under this key";
  for (std::size_t at = 0; at < message.pieces[1].size(); ++at) {
    Bytes changed = message.pieces[1];
    changed[at] ^= 0x10;
    EXPECT_TRUE(refuses_second(changed)) << at;
  }
  Bytes cut = message.pieces[1];
  cut.pop_back();
  EXPECT_TRUE(refuses_second(cut));
}

TEST(SecretStream, TakesNoOtherSizes) {
  EXPECT_FALSE(SealingStream::begin(Bytes(31, 7)));
  EXPECT_FALSE(OpeningStream::begin(Bytes(33, 7), Bytes(24, 0)));
  EXPECT_FALSE(OpeningStream::begin(stream_key, Bytes(23, 0)));
  auto stream = OpeningStream::begin(stream_key, Bytes(24, 0)).value();
  Bytes out(100);
  const auto tag = stream.open(Bytes(16, 0), out);
  ASSERT_FALSE(tag);
  EXPECT_EQ(tag.error().code(), ErrorCode::malformed);
}

}  // namespace
}  // namespace mayfly::crypto
