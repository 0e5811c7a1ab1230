#include "cli/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/locked_file.hpp"

namespace mayfly::cli {

Result<crypto::LockedSecret> read_secret_file(std::string_view option, const std::string& path,
                                              std::size_t bytes_max) {
  // A new line, and a carriage return before it, do not count.
  auto read = crypto::read_locked_file(path, bytes_max + 2);
  if (!read && read.error().code() != ErrorCode::limit) {
    return std::unexpected(std::move(read).error().while_doing(option));
  }
  ByteView word = read ? read->view() : ByteView();
  while (!word.empty() && (word.back() == '\n' || word.back() == '\r')) {
    word = word.first(word.size() - 1);
  }
  const auto is_printable = [](std::uint8_t byte) { return byte > 0x20 && byte < 0x7f; };
  if (word.empty() || word.size() > bytes_max || !std::ranges::all_of(word, is_printable)) {
    return fail(ErrorCode::malformed,
                fmt::format("{} {}: it must hold one key of 1 to {} printable bytes", option, path,
                            bytes_max));
  }
  TRY(crypto::LockedSecret key, crypto::LockedSecret::allocate(word.size()));
  std::ranges::copy(word, key.bytes().begin());
  return key;
}

}  // namespace mayfly::cli
