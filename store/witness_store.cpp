#include "store/witness_store.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "crypto/sha2.hpp"
#include "store/connect.hpp"

namespace mayfly::store {

Result<WitnessStore> WitnessStore::open(const std::filesystem::path& folder) {
  CHECK_OK(make_folder(folder));
  UniqueFd lock(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return fail_errno("opening " + (folder / "lock").string());
  // Two processes of one witness could cosign two trees of one log.
  if (::flock(lock.borrow(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno("locking " + folder.string());
    return fail(ErrorCode::unavailable,
                "another process is this witness already: " + folder.string() + " is locked");
  }
  return WitnessStore(folder, std::move(lock));
}

std::filesystem::path WitnessStore::file_of(std::string_view origin) const {
  return folder_ / hex_encode(crypto::sha256(bytes_of(origin)).view());
}

Result<std::optional<transparency::WitnessedTree>> WitnessStore::seen(
    std::string_view origin) const {
  const auto bytes = read_file(file_of(origin), transparency::note_bytes_max);
  if (!bytes && bytes.error().error_number() == ENOENT) {
    return std::optional<transparency::WitnessedTree>();
  }
  if (!bytes) return std::unexpected(bytes.error());
  TRY(const auto known, transparency::parse_signed_checkpoint(*bytes));
  return std::optional(
      transparency::WitnessedTree{.size = known.checkpoint.size, .root = known.checkpoint.root});
}

Result<void> WitnessStore::record(const transparency::SignedCheckpoint& checkpoint) {
  return write_file(file_of(checkpoint.checkpoint.origin), bytes_of(to_text(checkpoint.note)));
}

}  // namespace mayfly::store
