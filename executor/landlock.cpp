#include "executor/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "base/unique_fd.hpp"

namespace mayfly::executor {
namespace {

using Use = LandlockPlace::Use;

// Younger than the headers of Debian 12, which end with ABI 3.
constexpr std::uint64_t access_truncate = std::uint64_t{1} << 14;   // 3
constexpr std::uint64_t access_ioctl_dev = std::uint64_t{1} << 15;  // 5
constexpr std::uint64_t access_bind_tcp = std::uint64_t{1} << 0;    // 4
constexpr std::uint64_t access_connect_tcp = std::uint64_t{1} << 1;
constexpr std::uint64_t scope_abstract_socket = std::uint64_t{1} << 0;  // 6
constexpr std::uint64_t scope_signal = std::uint64_t{1} << 1;

struct Attributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t scratch_access =
    read_access | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | access_truncate;
// What a directory can be asked for and a file cannot.
constexpr std::uint64_t file_access = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                      LANDLOCK_ACCESS_FS_READ_FILE | access_truncate |
                                      access_ioctl_dev;

std::uint64_t access_of(Use use) {
  switch (use) {
    case Use::read: return read_access;
    case Use::execute: return read_access | LANDLOCK_ACCESS_FS_EXECUTE;
    case Use::device:
      return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate;
    case Use::scratch: return scratch_access;
  }
  return 0;
}

// Device nodes are handled and given nowhere: nothing can make one.
Attributes handled_by(LandlockAbi abi) {
  Attributes handled;
  handled.files = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;
  if (abi.version >= 2) handled.files |= LANDLOCK_ACCESS_FS_REFER;
  if (abi.version >= 3) handled.files |= access_truncate;
  if (abi.version >= 4) handled.network = access_bind_tcp | access_connect_tcp;
  if (abi.version >= 5) handled.files |= access_ioctl_dev;
  if (abi.version >= 6) handled.scoped = scope_abstract_socket | scope_signal;
  return handled;
}

// A kernel refuses a larger one only when what it does not know is set; we say no more than we set.
std::size_t size_for(LandlockAbi abi) {
  if (abi.version >= 6) return sizeof(Attributes);
  return abi.version >= 4 ? offsetof(Attributes, scoped) : offsetof(Attributes, network);
}

std::unexpected<Error> refused(std::string_view step) {
  return fail(ErrorCode::unavailable,
              errno_error(errno, step).message() +
                  ": this kernel has Landlock, and a job is not run without it; in a container, "
                  "use a seccomp profile that allows the landlock_* calls");
}

Result<void> allow(const UniqueFd& ruleset, const LandlockPlace& place, std::uint64_t handled) {
  const UniqueFd at(::open(place.path, O_PATH | O_CLOEXEC));
  if (!at && errno == ENOENT) return {};
  struct stat status{};
  if (!at || ::fstat(at.borrow(), &status) != 0) {
    return fail_errno("opening " + std::string(place.path) + " for Landlock");
  }
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access_of(place.use) & handled;
  if (!S_ISDIR(status.st_mode)) rule.allowed_access &= file_access;
  rule.parent_fd = at.borrow();
  if (::syscall(SYS_landlock_add_rule, ruleset.borrow(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) !=
      0) {
    return refused("adding a Landlock rule for " + std::string(place.path));
  }
  return {};
}

// /bin and its kin are links into /usr, or directories of their own on an older system; a link
// names the same directory once more.
constexpr std::array places = {
    LandlockPlace{"/", Use::read},
    LandlockPlace{"/usr", Use::execute},
    LandlockPlace{"/bin", Use::execute},
    LandlockPlace{"/sbin", Use::execute},
    LandlockPlace{"/lib", Use::execute},
    LandlockPlace{"/lib32", Use::execute},
    LandlockPlace{"/lib64", Use::execute},
    LandlockPlace{"/libx32", Use::execute},
    LandlockPlace{"/work", Use::scratch},
    LandlockPlace{"/tmp", Use::scratch},
    LandlockPlace{"/dev/shm", Use::scratch},
    LandlockPlace{"/dev/null", Use::device},
    LandlockPlace{"/dev/zero", Use::device},
    LandlockPlace{"/dev/full", Use::device},
    LandlockPlace{"/dev/random", Use::device},
    LandlockPlace{"/dev/urandom", Use::device},
};

}  // namespace

Result<LandlockAbi> landlock_abi() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version >= 0) return LandlockAbi{static_cast<int>(version)};
  // Not built in; or built in, and not among the boot option lsm=.
  if (errno == ENOSYS || errno == EOPNOTSUPP) return LandlockAbi{};
  return refused("asking for Landlock");
}

std::span<const LandlockPlace> landlock_places() {
  return places;
}

Result<void> enter_landlock(LandlockAbi abi, std::span<const LandlockPlace> allowed) {
  if (abi.version == 0) return {};
  const Attributes handled = handled_by(abi);
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size_for(abi), 0)));
  if (!ruleset) return refused("making a Landlock ruleset");
  for (const LandlockPlace& place : allowed) CHECK_OK(allow(ruleset, place, handled.files));
  if (::syscall(SYS_landlock_restrict_self, ruleset.borrow(), 0) != 0) {
    return refused("entering the Landlock ruleset");
  }
  return {};
}

std::string describe(LandlockAbi abi) {
  if (abi.version == 0) return "absent: this kernel has none, or it is switched off";
  std::string text = "ABI " + std::to_string(abi.version) + ": file system";
  if (abi.version >= 4) text += ", TCP";
  if (abi.version >= 5) text += ", devices";
  if (abi.version >= 6) text += ", abstract sockets, signals";
  return text;
}

}  // namespace mayfly::executor
