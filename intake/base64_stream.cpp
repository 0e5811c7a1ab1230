#include "intake/base64_stream.hpp"

#include <string.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>

namespace mayfly::intake {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t no_character = 0xFF00'0000;
constexpr std::size_t quanta_per_step = std::size_t{256} * 1024 / 3;

using Table = std::array<std::uint32_t, 256>;

// For each of the four characters of a quantum: where its six bits go in the three bytes, read as a
// little-endian number. Four lookups and three ORs decode a quantum, and one test rejects it.
static_assert(std::endian::native == std::endian::little);
constexpr std::array<Table, 4> make_tables() {
  std::array<Table, 4> tables{};
  for (Table& table : tables) table.fill(no_character);
  for (std::uint32_t value = 0; value < alphabet.size(); ++value) {
    const auto character = static_cast<std::uint8_t>(alphabet[value]);
    tables[0][character] = value << 2U;
    tables[1][character] = value >> 4U | (value & 0xFU) << 12U;
    tables[2][character] = (value >> 2U) << 8U | (value & 0x3U) << 22U;
    tables[3][character] = value << 16U;
  }
  return tables;
}
constexpr std::array<Table, 4> tables = make_tables();

std::uint32_t quantum_at(const std::uint8_t* in) {
  return tables[0][in[0]] | tables[1][in[1]] | tables[2][in[2]] | tables[3][in[3]];
}

// Decodes until a quantum holds anything but the alphabet; returns how many it did.
// Precondition: `out` has room for 3 * quanta + 1 bytes (each store is four bytes wide).
std::size_t decode_quanta(const std::uint8_t* in, std::size_t quanta, std::uint8_t* out) {
  std::size_t done = 0;
  for (; done < quanta; ++done) {
    const std::uint32_t decoded = quantum_at(in + 4 * done);
    if (decoded >= no_character) break;
    ::memcpy(out + 3 * done, &decoded, sizeof(decoded));
  }
  return done;
}

std::unexpected<Error> fail_at(std::uint64_t position, std::string_view what) {
  return fail(ErrorCode::malformed,
              "base64 character " + std::to_string(position) + ": " + std::string(what));
}

}  // namespace

Base64Stream::~Base64Stream() {
  ::explicit_bzero(&bits_, sizeof(bits_));
}

Result<std::size_t> Base64Stream::append(ByteView text, FileIntake& into) {
  std::size_t taken = 0;
  while (taken < text.size()) {
    if (characters_ == 0) {
      TRY(const std::size_t fast, append_quanta(text.subspan(taken), into));
      taken += fast;
      if (fast > 0) continue;
    }
    const std::uint8_t character = text[taken];
    if (character != '=' && tables[0][character] == no_character) break;
    CHECK_OK(append_one(character, into));
    ++position_;
    ++taken;
  }
  return taken;
}

Result<std::size_t> Base64Stream::append_quanta(ByteView text, FileIntake& into) {
  const std::size_t wanted = std::min(text.size() / 4, quanta_per_step);
  if (wanted == 0) return std::size_t{0};
  TRY(const auto space, into.room(3 * wanted + 1));
  // Less than asked for only at the dataset's bound; append_one() then reports it.
  const std::size_t quanta = std::min(wanted, (space.size() - 1) / 3);
  const std::size_t done = decode_quanta(text.data(), quanta, space.data());
  CHECK_OK(into.commit(3 * done));
  position_ += 4 * done;
  return 4 * done;
}

Result<void> Base64Stream::append_one(std::uint8_t character, FileIntake& into) {
  if (character == '=') return pad(into);
  if (padding_ > 0) return fail_at(position_, "text after the padding");
  bits_ = bits_ << 6U | tables[0][character] >> 2U;
  ++characters_;
  if (characters_ < 4) return {};
  characters_ = 0;
  return emit(3, into);
}

Result<void> Base64Stream::pad(FileIntake& into) {
  if (characters_ < 2 || characters_ + padding_ >= 4) {
    return fail_at(position_, "padding where none belongs");
  }
  ++padding_;
  if (padding_ > 1) return {};
  const std::size_t bytes = characters_ - 1;
  const std::uint32_t unused_bits = characters_ == 2 ? 4 : 2;
  if ((bits_ & ((1U << unused_bits) - 1)) != 0) {
    return fail_at(position_, "the unused bits before the padding are not zero");
  }
  bits_ <<= 6U * (4 - characters_);
  return emit(bytes, into);
}

Result<void> Base64Stream::emit(std::size_t bytes, FileIntake& into) {
  std::array<std::uint8_t, 3> decoded{static_cast<std::uint8_t>(bits_ >> 16U),
                                      static_cast<std::uint8_t>(bits_ >> 8U),
                                      static_cast<std::uint8_t>(bits_)};
  auto appended = into.append(ByteView(decoded).first(bytes));
  ::explicit_bzero(decoded.data(), decoded.size());
  bits_ = 0;
  return appended;
}

Result<void> Base64Stream::finish() const {
  if (characters_ == 0 || characters_ + padding_ == 4) return {};
  return fail_at(position_, "the text ends within a group of four: padding with '=' is required");
}

}  // namespace mayfly::intake
