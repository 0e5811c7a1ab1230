#include "intake/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#ifndef MFD_NOEXEC_SEAL  // Linux 6.3
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MADV_POPULATE_WRITE  // Linux 5.14
#define MADV_POPULATE_WRITE 23
#endif

namespace mayfly::intake {
namespace {

// Populated in steps that double from one page, so that a small file stays small and a large one
// pays one system call per step while the fresh pages are still in the cache.
const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
constexpr std::size_t step_bytes_max = std::size_t{1} << 20;

std::size_t round_up_to_page(std::size_t bytes) {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

UniqueFd open_memfd() {
  constexpr unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create("mayfly-dataset", flags | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create("mayfly-dataset", flags));
  return fd;
}

std::unexpected<Error> fail_descriptors(std::string_view doing) {
  if (errno == EMFILE) {
    return fail(ErrorCode::unavailable,
                std::string(doing) +
                    ": no descriptor left; a dataset needs two per file: raise "
                    "the limit (`ulimit -n`, or LimitNOFILE= of the service)");
  }
  return fail_errno(doing);
}

std::uint64_t count_nonzero(ByteView bytes) {
  static constexpr std::array<std::uint8_t, 4096> zeros{};
  std::uint64_t count = 0;
  while (!bytes.empty()) {
    const ByteView block = bytes.first(std::min(zeros.size(), bytes.size()));
    if (std::memcmp(block.data(), zeros.data(), block.size()) != 0) {
      count += block.size() - static_cast<std::uint64_t>(std::ranges::count(block, std::uint8_t{}));
    }
    bytes = bytes.subspan(block.size());
  }
  return count;
}

}  // namespace

Result<MemoryFile> MemoryFile::create(std::uint64_t bytes_max) {
  MemoryFile file;
  file.fd_ = open_memfd();
  if (!file.fd_) return fail_descriptors("creating a dataset file in memory");
  file.bytes_max_ = bytes_max;
  const std::size_t span = round_up_to_page(static_cast<std::size_t>(bytes_max) + 1);
  void* const mapping =
      ::mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd_.borrow(), 0);
  if (mapping == MAP_FAILED) {
    return fail(ErrorCode::unavailable, "no address space for a dataset of " +
                                            std::to_string(bytes_max) +
                                            " bytes: lower dataset_bytes_max or raise `ulimit -v`");
  }
  file.mapping_ = static_cast<std::uint8_t*>(mapping);
  file.mapped_ = span;
  // A core file or a forked child would be a second place for plaintext.
  if (::madvise(mapping, span, MADV_DONTDUMP) != 0) return fail_errno("MADV_DONTDUMP");
  if (::madvise(mapping, span, MADV_DONTFORK) != 0) return fail_errno("MADV_DONTFORK");
  return file;
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept {
  *this = std::move(other);
}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  if (this == &other) return *this;
  erase();
  fd_ = std::move(other.fd_);
  read_only_ = std::move(other.read_only_);
  mapping_ = std::exchange(other.mapping_, nullptr);
  mapped_ = std::exchange(other.mapped_, 0);
  populated_ = std::exchange(other.populated_, 0);
  size_ = std::exchange(other.size_, 0);
  bytes_max_ = other.bytes_max_;
  shrink_sealed_ = other.shrink_sealed_;
  return *this;
}

Result<std::span<std::uint8_t>> MemoryFile::room(std::size_t wanted) {
  const auto used = static_cast<std::size_t>(size_);
  wanted = std::min(wanted, static_cast<std::size_t>(bytes_max_) + 1 - used);
  if (used + wanted > populated_) {
    const std::size_t step = std::clamp(populated_, page_bytes, step_bytes_max);
    const std::size_t target =
        std::min(round_up_to_page(std::max(used + wanted, populated_ + step)), mapped_);
    if (::ftruncate(fd_.borrow(), static_cast<off_t>(target)) != 0) {
      return fail_errno("growing the dataset in memory");
    }
    // Asked for here, a lack of memory is an error; touched later, it would be SIGBUS.
    if (::madvise(mapping_ + populated_, target - populated_, MADV_POPULATE_WRITE) != 0) {
      const int why = errno;
      return fail(ErrorCode::unavailable,
                  "no memory for more than " + std::to_string(populated_) +
                      " bytes of dataset: a dataset is held in memory only; use a machine or a "
                      "memory limit that holds it (" +
                      std::strerror(why) + ")");
    }
    populated_ = target;
  }
  return std::span(mapping_ + used, wanted);
}

Result<void> MemoryFile::add_seals(JobIdentity identity) {
  int seals = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
  shrink_sealed_ = identity == JobIdentity::same_user;
  if (shrink_sealed_) seals |= F_SEAL_SHRINK;
  if (::fcntl(fd_.borrow(), F_ADD_SEALS, seals) != 0) return fail_errno("sealing the dataset");
  const int in_force = ::fcntl(fd_.borrow(), F_GET_SEALS);
  if (in_force < 0 || (in_force & seals) != seals) {
    return fail(ErrorCode::internal, "sealing the dataset: the kernel did not keep the seals");
  }
  return {};
}

Result<void> MemoryFile::seal(JobIdentity identity) {
  // Whoever wrote into room() may have written past what was committed.
  ::explicit_bzero(mapping_ + size_, populated_ - static_cast<std::size_t>(size_));
  if (::ftruncate(fd_.borrow(), static_cast<off_t>(size_)) != 0) {
    return fail_errno("cutting the dataset to size");
  }
  const std::size_t kept = round_up_to_page(static_cast<std::size_t>(size_));
  populated_ = kept;
  if (mapped_ > kept && ::munmap(mapping_ + kept, mapped_ - kept) != 0) {
    return fail_errno("unmapping what the dataset does not need");
  }
  mapped_ = kept;
  if (kept == 0) mapping_ = nullptr;
  if (::fchmod(fd_.borrow(), 0444) != 0) return fail_errno("fchmod of the dataset");
  const std::string self = "/proc/self/fd/" + std::to_string(fd_.borrow());
  read_only_.reset(::open(self.c_str(), O_RDONLY | O_CLOEXEC));
  if (!read_only_) return fail_descriptors("opening the dataset read-only");
  return add_seals(identity);
}

Erasure MemoryFile::erase() noexcept {
  Erasure done;
  if (!fd_) return done;
  struct stat status{};
  if (::fstat(fd_.borrow(), &status) == 0) {
    done.inode = {.device = status.st_dev, .inode = status.st_ino};
  } else {
    ++done.failed_steps;
  }
  if (mapping_ != nullptr) {
    ::explicit_bzero(mapping_, populated_);
    done.bytes_zeroed = size_;
    done.nonzero_bytes = count_nonzero({mapping_, populated_});
  }
  if (!shrink_sealed_) {
    done.truncated = ::ftruncate(fd_.borrow(), 0) == 0;
    if (!done.truncated) ++done.failed_steps;
  }
  if (mapped_ > 0 && ::munmap(mapping_, mapped_) != 0) ++done.failed_steps;
  mapping_ = nullptr;
  mapped_ = 0;
  populated_ = 0;
  size_ = 0;
  read_only_.reset();
  fd_.reset();
  return done;
}

}  // namespace mayfly::intake
