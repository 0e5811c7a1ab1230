#include "executor/digest_table.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/file_io.hpp"

namespace mayfly::executor {
namespace {

constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size_bytes = status.st_size,
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

Result<DigestTable> DigestTable::map(const UniqueFd& memory) {
  struct stat status{};
  if (::fcntl(memory.borrow(), F_GET_SEALS) != seals || ::fstat(memory.borrow(), &status) != 0) {
    return fail(ErrorCode::malformed, "a table of digests is not sealed memory");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size % sizeof(Row) != 0 || size / sizeof(Row) > digest_table_rows_max) {
    return fail(ErrorCode::malformed, "a table of digests has another length than its rows");
  }
  DigestTable table;
  if (size == 0) return table;
  void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, memory.borrow(), 0);
  if (begin == MAP_FAILED) return fail_errno("mapping a table of digests");
  table.mapping_ = {begin, [size](const void* at) { ::munmap(const_cast<void*>(at), size); }};
  table.rows_ = {static_cast<const Row*>(begin), size / sizeof(Row)};
  return table;
}

std::optional<crypto::Sha256> DigestTable::find(const FileIdentity& file) const {
  const auto row = std::ranges::lower_bound(rows_, file, {}, &Row::file);
  if (row == rows_.end() || row->file != file) return std::nullopt;
  return row->digest;
}

Result<UniqueFd> make_digest_table(const std::map<FileIdentity, crypto::Sha256>& digests) {
  if (digests.size() > digest_table_rows_max) {
    return fail(ErrorCode::limit, "more digests than a table holds");
  }
  static_assert(sizeof(DigestTable::Row) == sizeof(FileIdentity) + sizeof(crypto::Sha256));
  std::vector<DigestTable::Row> rows;
  rows.reserve(digests.size());
  for (const auto& [file, digest] : digests) rows.push_back({file, digest});
  UniqueFd memory(
      static_cast<int>(::memfd_create("mayfly-digests", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (!memory) return fail_errno("making memory for a table of digests");
  const auto* begin = reinterpret_cast<const std::uint8_t*>(rows.data());
  CHECK_OK(write_all(memory, {begin, rows.size() * sizeof(DigestTable::Row)}));
  if (::fcntl(memory.borrow(), F_ADD_SEALS, seals) != 0) {
    return fail_errno("sealing a table of digests");
  }
  return memory;
}

}  // namespace mayfly::executor
