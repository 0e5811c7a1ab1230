#include "executor/program_digests.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

namespace mayfly::executor {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t slice_bytes = 256 * 1024;

}  // namespace

Result<bool> ProgramDigests::hash_some(Unhashed& unhashed, std::size_t bytes_max) {
  std::array<std::uint8_t, read_bytes> buffer;
  while (bytes_max > 0) {
    const std::size_t wanted = std::min(bytes_max, buffer.size());
    const ssize_t count = ::read(unhashed.file.borrow(), buffer.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading an executed program");
    if (count == 0) return true;
    const auto size = static_cast<std::size_t>(count);
    unhashed.hasher.update(ByteView(buffer).first(size));
    bytes_max -= size;
  }
  return false;
}

Result<void> ProgramDigests::check_unchanged(const Unhashed& unhashed) {
  struct stat status{};
  if (::fstat(unhashed.file.borrow(), &status) != 0) return fail_errno("looking at a program");
  if (identity_of(status) == unhashed.identity) return {};
  return fail(ErrorCode::internal,
              "an executed program was changed on this machine while it was recorded; run again");
}

std::optional<ProgramDigests::Slot> ProgramDigests::find(const struct stat& status) const {
  const auto known = known_.find(identity_of(status));
  if (known == known_.end()) return std::nullopt;
  return known->second;
}

bool ProgramDigests::is_known(Slot slot) const {
  return std::ranges::none_of(queue_, [slot](const Unhashed& one) { return one.slot == slot; });
}

Result<ProgramDigests::Slot> ProgramDigests::add(UniqueFd file, const struct stat& status) {
  struct statvfs mount{};
  if (::fstatvfs(file.borrow(), &mount) != 0) return fail_errno("looking at a program's mount");
  const bool job_can_write_it = (mount.f_flag & ST_RDONLY) == 0;
  const FileIdentity identity = identity_of(status);
  if (const auto known = known_.find(identity); known != known_.end() && !job_can_write_it) {
    return known->second;
  }
  const Slot slot = digests_.size();
  digests_.emplace_back();
  if (const auto remembered = remembered_.find(identity); remembered && !job_can_write_it) {
    digests_[slot] = *remembered;
    known_.emplace(identity, slot);
    return slot;
  }
  Unhashed unhashed{std::move(file), identity, slot, crypto::Sha256Hasher()};
  if (!job_can_write_it) {
    known_.emplace(identity, slot);
    queue_.push_back(std::move(unhashed));
    return slot;
  }
  TRY([[maybe_unused]] const bool whole,
      hash_some(unhashed, std::numeric_limits<std::size_t>::max()));
  CHECK_OK(check_unchanged(unhashed));
  digests_[slot] = std::move(unhashed.hasher).finish();
  return slot;
}

Result<void> ProgramDigests::work() {
  if (queue_.empty()) return {};
  Unhashed& next = queue_.front();
  TRY(const bool whole, hash_some(next, slice_bytes));
  if (!whole) return {};
  CHECK_OK(check_unchanged(next));
  digests_[next.slot] = std::move(next.hasher).finish();
  queue_.pop_front();
  return {};
}

Result<void> ProgramDigests::finish() {
  while (work_left()) CHECK_OK(work());
  return {};
}

}  // namespace mayfly::executor
