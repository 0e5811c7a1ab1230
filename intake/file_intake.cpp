#include "intake/file_intake.hpp"

#include <algorithm>
#include <cstring>

#include "intake/file_name.hpp"

namespace mayfly::intake {
namespace {

constexpr std::string_view disclosure_key_suffix = "mayfly/disclosure-key/v1";
constexpr std::size_t append_step_bytes = std::size_t{1} << 20;

}  // namespace

Result<FileIntake> FileIntake::begin(std::string name, const IntakeLimits& limits,
                                     JobIdentity identity) {
  return begin_next(std::move(name), /*bytes_before=*/0, limits, identity);
}

Result<FileIntake> FileIntake::begin_next(std::string name, std::uint64_t bytes_before,
                                          const IntakeLimits& limits, JobIdentity identity) {
  CHECK_OK(check_file_name(name));
  const std::uint64_t bytes_left =
      limits.dataset_bytes_max - std::min(bytes_before, limits.dataset_bytes_max);
  TRY(auto memory, MemoryFile::create(bytes_left));
  return FileIntake(std::move(name), std::move(memory), bytes_left, limits, identity);
}

FileIntake& FileIntake::operator=(FileIntake&& other) noexcept {
  hash_ = std::move(other.hash_);  // first: the old one stops reading the old memory
  memory_ = std::move(other.memory_);
  name_ = std::move(other.name_);
  bytes_left_ = other.bytes_left_;
  limits_ = other.limits_;
  identity_ = other.identity_;
  return *this;
}

Result<void> FileIntake::append(ByteView bytes) {
  while (!bytes.empty()) {
    TRY(const auto space, room(std::min(bytes.size(), append_step_bytes)));
    std::memcpy(space.data(), bytes.data(), space.size());
    CHECK_OK(commit(space.size()));
    bytes = bytes.subspan(space.size());
  }
  return {};
}

Result<void> FileIntake::commit(std::size_t bytes) {
  memory_.commit(bytes);
  if (memory_.size_bytes() > bytes_left_) {
    return fail(ErrorCode::limit, "the dataset is larger than " +
                                      std::to_string(limits_.dataset_bytes_max) +
                                      " bytes (dataset_bytes_max): raise the limit, or send less");
  }
  hash_.update(memory_.view());
  return {};
}

Result<SealedFile> FileIntake::seal() && {
  crypto::Sha256Hasher hasher = std::move(hash_).finish(memory_.view());
  crypto::Sha256Hasher keyed(hasher);
  keyed.update(bytes_of(disclosure_key_suffix));
  const crypto::Sha256 digest = std::move(hasher).finish();
  const crypto::Sha256 disclosure_key = std::move(keyed).finish();
  CHECK_OK(memory_.seal(identity_));
  return SealedFile(std::move(name_), std::move(memory_), digest, disclosure_key);
}

}  // namespace mayfly::intake
