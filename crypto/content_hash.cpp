#include "crypto/content_hash.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {

Result<Sha256> content_hash(std::string_view label, std::vector<ContentEntry> entries) {
  std::ranges::sort(entries, {}, &ContentEntry::name);
  Sha256Hasher hasher;
  hasher.update(bytes_of(label));
  hasher.update(bytes_of("\n"));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ContentEntry& entry = entries[i];
    if (i > 0 && entries[i - 1].name == entry.name) {
      return fail(ErrorCode::malformed, "two entries are named \"" + entry.name + "\"");
    }
    hasher.update(bytes_of(hex_encode(entry.digest.bytes) + " " + std::to_string(entry.size_bytes) +
                           " " + std::to_string(entry.name.size()) + " " + entry.name + "\n"));
  }
  return std::move(hasher).finish();
}

}  // namespace mayfly::crypto
