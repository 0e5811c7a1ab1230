#include "intake/piece_reader.hpp"

#include <algorithm>

namespace mayfly::intake {
namespace {

constexpr std::size_t sealed_piece_bytes_max =
    piece_bytes_max + crypto::secret_stream_piece_overhead_bytes;

}  // namespace

PieceReader::PieceReader(std::size_t header_bytes)
    : buffer_(std::max(header_bytes, sealed_piece_bytes_max)), wanted_(header_bytes) {}

Result<std::size_t> PieceReader::take(ByteView bytes) {
  if (whole_ != Whole::nothing) {
    whole_ = Whole::nothing;
    part_ = Part::size;
    size_filled_ = 0;
  }
  if (part_ == Part::size) return take_size(bytes);
  const std::size_t count = std::min(bytes.size(), wanted_ - filled_);
  std::ranges::copy(bytes.first(count), buffer_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += count;
  if (filled_ == wanted_) whole_ = part_ == Part::header ? Whole::header : Whole::piece;
  return count;
}

Result<std::size_t> PieceReader::take_size(ByteView bytes) {
  const std::size_t count = std::min(bytes.size(), size_.size() - size_filled_);
  std::ranges::copy(bytes.first(count), size_.begin() + static_cast<std::ptrdiff_t>(size_filled_));
  size_filled_ += count;
  if (size_filled_ < size_.size()) return count;
  std::size_t size = 0;
  for (std::size_t i = size_.size(); i > 0; --i) size = size << 8U | size_[i - 1];
  if (size < crypto::secret_stream_piece_overhead_bytes) {
    return fail(ErrorCode::malformed, "a sealed piece is shorter than its seal");
  }
  if (size > sealed_piece_bytes_max) {
    return fail(ErrorCode::limit, "a sealed piece is larger than " +
                                      std::to_string(piece_bytes_max) +
                                      " bytes (piece_bytes_max): send smaller ones");
  }
  part_ = Part::piece;
  wanted_ = size;
  filled_ = 0;
  return count;
}

}  // namespace mayfly::intake
