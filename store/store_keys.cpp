#include "store/store_keys.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"
#include "crypto/locked_file.hpp"
#include "crypto/sealed_bytes.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::store {
namespace {

constexpr std::size_t key_digits = 2 * crypto::sealing_key_bytes;
constexpr std::size_t id_bytes = 8;
constexpr std::string_view id_domain("mayfly/store-key/v1\0", 20);

int digit_value(std::uint8_t digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

std::unexpected<Error> bad_line(std::size_t line) {
  return fail(ErrorCode::malformed,
              "line " + std::to_string(line) +
                  " is not one key of 64 lower-case hex digits; openssl rand -hex 32 makes one");
}

std::string id_of(ByteView secret) {
  crypto::Sha256Hasher hasher;
  hasher.update(bytes_of(id_domain));
  hasher.update(secret);
  const crypto::Sha256 digest = std::move(hasher).finish();
  return hex_encode(ByteView(digest.bytes).first(id_bytes));
}

Result<StoreKey> parse_key(ByteView digits, std::size_t line) {
  if (digits.size() != key_digits) return bad_line(line);
  TRY(auto secret, crypto::LockedSecret::allocate(crypto::sealing_key_bytes));
  for (std::size_t i = 0; i < crypto::sealing_key_bytes; ++i) {
    const int high = digit_value(digits[2 * i]);
    const int low = digit_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) return bad_line(line);
    secret.bytes()[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  std::string id = id_of(secret.view());
  return StoreKey{std::move(id), std::move(secret)};
}

}  // namespace

Result<StoreKeys> StoreKeys::parse(ByteView text) {
  StoreKeys out;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::ranges::find(text, std::uint8_t{'\n'});
    const auto size = static_cast<std::size_t>(end - text.begin());
    TRY(StoreKey key, parse_key(text.first(size), line));
    text = text.subspan(std::min(size + 1, text.size()));
    if (out.find(key.id) != nullptr) {
      return fail(ErrorCode::malformed, "line " + std::to_string(line) + " repeats a key");
    }
    if (out.keys_.size() == store_keys_max) {
      return fail(ErrorCode::malformed, "more than " + std::to_string(store_keys_max) + " keys");
    }
    out.keys_.push_back(std::move(key));
  }
  if (out.empty()) return bad_line(1);
  return out;
}

Result<StoreKeys> StoreKeys::read(const std::filesystem::path& file) {
  constexpr std::size_t text_bytes_max = store_keys_max * (key_digits + 1);
  TRY(const auto text, crypto::read_locked_file(file.string(), text_bytes_max));
  auto keys = parse(text.view());
  if (!keys) return std::unexpected(std::move(keys).error().while_doing(file.string()));
  return keys;
}

const StoreKey* StoreKeys::find(std::string_view id) const {
  const auto found = std::ranges::find(keys_, id, &StoreKey::id);
  return found == keys_.end() ? nullptr : &*found;
}

}  // namespace mayfly::store
