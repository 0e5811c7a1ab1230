// The reader of sealed uploads. As they come: it takes what it says it takes, keeps to its bounds,
// and nothing that was not sealed to this session is opened. And sealed by us from the input: with
// true seals it reaches what lies behind them, and gives back exactly the dataset.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "intake/sealed_intake.hpp"
#include "intake/sealed_reply.hpp"
#include "tests/intake/sealed_pieces.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::intake;
using crypto::StreamTag;

void require(bool holds) {
  if (!holds) std::abort();
}

UploadSession& session() {
  static UploadSession one(crypto::X25519PrivateKey::generate().value(), crypto::Sha256{});
  return one;
}

Result<SealedIntake::Opened> open(ByteView bytes, std::size_t step) {
  constexpr std::size_t rest_bytes_max = std::size_t{1} << 16;
  TRY(auto intake, SealedIntake::begin(session(), {.dataset_bytes_max = 1U << 16U},
                                       JobIdentity::separate_user, rest_bytes_max));
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(step, bytes.size()));
    CHECK_OK(intake.append(part));
    bytes = bytes.subspan(part.size());
  }
  return intake.finish();
}

void read_pieces(ByteView bytes) {
  PieceReader reader(envelope_header_bytes);
  while (!bytes.empty()) {
    const auto taken = reader.take(bytes);
    if (!taken) return;
    require(*taken > 0 && *taken <= bytes.size());
    bytes = bytes.subspan(*taken);
    if (reader.whole() == PieceReader::Whole::piece) {
      require(reader.bytes().size() >= crypto::secret_stream_piece_overhead_bytes &&
              reader.bytes().size() <=
                  piece_bytes_max + crypto::secret_stream_piece_overhead_bytes);
    }
  }
}

// Two bytes say how long each piece is and what it is, and its bytes follow.
void open_what_we_sealed(ByteView input) {
  test::Clear clear;
  std::string after_request;
  bool in_dataset = false;
  while (input.size() >= 2 && clear.size() < 16) {
    const std::size_t size = std::min<std::size_t>(input[0], input.size() - 2);
    const auto tag = static_cast<StreamTag>(input[1] % 3U);
    const ByteView bytes = input.subspan(2, size);
    clear.emplace_back(Bytes(bytes.begin(), bytes.end()), tag);
    if (in_dataset) after_request += text_of(bytes);
    in_dataset = in_dataset || tag == StreamTag::push;
    input = input.subspan(2 + size);
  }
  const auto sealed = test::seal_pieces(session().public_key(), session().id(), clear);
  const auto opened = open(sealed.all(), 1 + clear.size() * 7);
  if (opened && in_dataset) require(text_of(opened->parts.data->view()) == after_request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1U << 16U) return 0;
  const ByteView input(data, size);
  read_pieces(input);
  require(!open(input, 1 + size % 37U));
  static const auto key = crypto::LockedSecret::allocate(32).value();
  require(!open_reply(key, input));
  open_what_we_sealed(input);
  return 0;
}
