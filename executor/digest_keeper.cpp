#include "executor/digest_keeper.hpp"

#include <fcntl.h>
#include <chrono>

#include "base/read_through.hpp"
#include "executor/image.hpp"

namespace mayfly::executor {
namespace {

constexpr std::int64_t file_bytes_max = std::int64_t{512} * 1024 * 1024;
// The kernel's clock for files ticks up to every 10 ms: two versions of a file
// that is changed right now could have one time. Of a file that has been at
// rest they cannot.
constexpr std::int64_t at_rest_ns = 2'000'000'000;

struct Measured {
  FileIdentity file;
  crypto::Sha256 digest;
};

bool is_at_rest(const FileIdentity& file) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return std::max(file.modified_ns, file.changed_ns) + at_rest_ns < now_ns;
}

std::optional<FileIdentity> look_at(const UniqueFd& file) {
  struct stat status{};
  if (::fstat(file.borrow(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return identity_of(status);
}

std::optional<Measured> measure(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  const auto before = look_at(file);
  if (!before || before->size_bytes > file_bytes_max || !is_at_rest(*before)) return std::nullopt;
  crypto::Sha256Hasher hasher;
  const auto read = read_through(file, "reading a file of the image",
                                 [&](ByteView bytes) { hasher.update(bytes); });
  if (!read) return std::nullopt;
  if (look_at(file) != before) return std::nullopt;
  return Measured{*before, std::move(hasher).finish()};
}

}  // namespace

DigestKeeper::~DigestKeeper() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (reader_.joinable()) reader_.join();
}

UniqueFd DigestKeeper::table() {
  const std::lock_guard lock(mutex_);
  if (!to_read_.empty() && !reader_.joinable()) {
    reader_ = std::thread([this] { keep_reading(); });
  }
  if (!table_) return {};
  return UniqueFd(::fcntl(table_.borrow(), F_DUPFD_CLOEXEC, 3));
}

void DigestKeeper::note(const RunReport& report) {
  {
    const std::lock_guard lock(mutex_);
    for (const ImageFile& file : report.files.image_files) note_file(file.path, file.digest);
  }
  changed_.notify_all();
}

void DigestKeeper::note_file(const std::string& path, const crypto::Sha256& digest) {
  if (!is_of_image(path) || noted_.size() == digest_table_rows_max) return;
  if (noted_.emplace(path, digest).second) to_read_.push_back(path);
}

void DigestKeeper::keep_reading() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (to_read_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const std::string path = std::move(to_read_.front());
    to_read_.pop_front();
    lock.unlock();
    const auto measured = measure(path);
    lock.lock();
    if (measured && known_.size() < digest_table_rows_max) {
      known_.insert_or_assign(measured->file, measured->digest);
    }
    if (!to_read_.empty()) continue;
    // An older table serves as well, for what it knows.
    if (auto table = make_digest_table(known_)) table_ = std::move(*table);
  }
}

}  // namespace mayfly::executor
