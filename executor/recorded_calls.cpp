#include "executor/recorded_calls.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "executor/seccomp_policy.hpp"
#include "executor/socket_address.hpp"

namespace mayfly::executor {
namespace {

constexpr std::uint64_t datagram_bytes_max = 256 * 1024;    // more than any local socket takes
constexpr std::uint64_t random_call_bytes_max = 64 * 1024;  // a call may return less than it asked
// What open(2) may set on a file and fcntl(2) may change.
constexpr int changeable_flags = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;

// By the socket, not by the address: the kernel takes an address of no family for one of IPv4.
bool is_of_the_internet(const UniqueFd& socket) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(socket.borrow(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 ||
         domain == AF_INET || domain == AF_INET6;
}

// Where the path of a socket is to be looked up from; without one it stands by itself.
bool enter(const UniqueFd& directory) {
  return !directory || ::fchdir(directory.borrow()) == 0;
}

bool may_create(std::uint64_t flags) {
  // O_TMPFILE has the bit of O_DIRECTORY in it.
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

FileCall kind_of(std::uint64_t flags) {
  if (may_create(flags)) return FileCall::create;
  return (flags & O_ACCMODE) == O_RDONLY ? FileCall::read : FileCall::write;
}

MadeCall event_of(FileCall call, int error, std::string path, std::string second = "") {
  MadeCall made;
  made.event.call = call;
  made.event.error = error;
  made.event.path = std::move(path);
  made.event.second = std::move(second);
  return made;
}

int errno_of(int result) {
  return result == 0 ? 0 : errno;
}

// As the job would have opened it, but never waiting; what was added is taken away again.
UniqueFd open_at(long by, int directory, const std::string& path, open_how how) {
  how.flags |= O_CLOEXEC | O_NOCTTY;
  const bool may_wait = (how.flags & O_NONBLOCK) == 0;
  const std::uint64_t asked = how.flags;
  if (may_wait) how.flags |= O_NONBLOCK;
  const long fd = by == SYS_openat2
                      ? ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)
                      : ::syscall(SYS_openat, directory, path.c_str(), static_cast<int>(how.flags),
                                  static_cast<mode_t>(how.mode));
  UniqueFd opened(static_cast<int>(fd));
  if (opened && may_wait) {
    ::fcntl(opened.borrow(), F_SETFL, static_cast<int>(asked) & changeable_flags);
  }
  return opened;
}

}  // namespace

Result<std::optional<MadeCall>> RecordedCalls::make(const NotifiedCall& call) {
  constexpr int here = AT_FDCWD;
  if (refused_.contains(call.number())) {
    return event_of(FileCall::refuse, EPERM, call_name(call.number()));
  }
  if (auto served = serve(call)) return std::move(*served);
  const auto dir = [&](std::size_t index) { return call.int_argument(index); };
  const auto flags = [&](std::size_t index) { return call.int_argument(index); };
  switch (call.number()) {
#if defined(__x86_64__)
    case SYS_open:
    case SYS_creat:
#endif
    case SYS_openat:
    case SYS_openat2: {
      const auto opening = opening_of(call);
      if (!opening) return event_of(FileCall::read, opening.error(), "");
      return open_file(call, *opening);
    }
#if defined(__x86_64__)
    case SYS_mkdir: return make_directory(call, {here, 0}, 1);
    case SYS_mknod: return make_node(call, {here, 0}, 1);
    case SYS_rmdir: return remove(call, {here, 0}, AT_REMOVEDIR);
    case SYS_unlink: return remove(call, {here, 0}, 0);
    case SYS_rename: return rename(call, {here, 0}, {here, 1}, 0);
    case SYS_link: return link(call, {here, 0}, {here, 1}, 0);
    case SYS_symlink: return symlink(call, {here, 1});
#endif
    case SYS_mkdirat: return make_directory(call, {dir(0), 1}, 2);
    case SYS_mknodat: return make_node(call, {dir(0), 1}, 2);
    case SYS_unlinkat: return remove(call, {dir(0), 1}, flags(2));
    case SYS_renameat: return rename(call, {dir(0), 1}, {dir(2), 3}, 0);
    case SYS_renameat2:
      return rename(call, {dir(0), 1}, {dir(2), 3}, static_cast<unsigned>(flags(4)));
    case SYS_linkat: return link(call, {dir(0), 1}, {dir(2), 3}, flags(4));
    case SYS_symlinkat: return symlink(call, {dir(1), 2});
    case SYS_truncate: return truncate(call);
    case SYS_connect: return connect_or_bind(call, FileCall::connect);
    case SYS_bind: return connect_or_bind(call, FileCall::bind);
    case SYS_sendto: return send_to(call);
    // Refused for its arguments. Or recorded, and not known here: then it is not made, either.
    default: return event_of(FileCall::refuse, EPERM, call_name(call.number()));
  }
}

// --- what a seeded run asks for ---

// Absent: it is no such call, or this run is not seeded.
std::optional<MadeCall> RecordedCalls::serve(const NotifiedCall& call) {
  if (!random_) return std::nullopt;
  switch (call.number()) {
    case SYS_getrandom: return serve_random(call);
#if defined(__x86_64__)
    case SYS_time:
#endif
    case SYS_gettimeofday:
    case SYS_clock_gettime: return serve_calendar(call);
    default: return std::nullopt;
  }
}

MadeCall RecordedCalls::serve_random(const NotifiedCall& call) {
  MadeCall made;
  made.written_down = MadeCall::WrittenDown::no;
  const auto numbers = paths_.numbers(call.thread());
  if ((call.argument(2) & ~std::uint64_t{GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE}) != 0) {
    made.event.error = EINVAL;
  } else if (!numbers) {
    made.event.error = numbers.error();
  } else {
    Bytes bytes(std::min<std::uint64_t>(call.argument(1), random_call_bytes_max));
    random_->fill(SeededRandom::Source::call, numbers->thread, bytes);
    const auto written = call.write_memory(listener_, 0, bytes);
    made.event.error = written ? 0 : written.error();
    made.value = static_cast<std::int64_t>(bytes.size());
  }
  return made;
}

// It goes on as fast as ever; only its beginning is the same in every run.
MadeCall RecordedCalls::serve_calendar(const NotifiedCall& call) const {
  using std::chrono::nanoseconds;
  const auto passed =
      std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now() - started_).count();
  const std::int64_t seconds = seeded_clock_origin_s + passed / 1'000'000'000;
  const std::int64_t rest_ns = passed % 1'000'000'000;
  MadeCall made;
  made.written_down = MadeCall::WrittenDown::no;
  const auto give = [&](std::size_t index, std::int64_t first, std::int64_t second,
                        std::size_t count) {
    if (call.argument(index) == 0) return;
    const std::int64_t both[2] = {first, second};
    const auto written = call.write_memory(
        listener_, index, {reinterpret_cast<const std::uint8_t*>(both), count * sizeof first});
    if (!written) made.event.error = written.error();
  };
  switch (call.number()) {
    case SYS_clock_gettime: give(1, seconds, rest_ns, 2); break;
    case SYS_gettimeofday:
      give(0, seconds, rest_ns / 1000, 2);
      give(1, 0, 0, 1);  // struct timezone: two ints
      break;
    default: give(0, seconds, 0, 1); made.value = seconds;
  }
  return made;
}

// In the place of the device that was opened to be read.
void RecordedCalls::serve_random_device(const NotifiedCall& call, std::uint64_t flags,
                                        MadeCall& made) {
  struct stat status{};
  if (!random_ || !made.opened || (flags & O_ACCMODE) == O_WRONLY ||
      ::fstat(made.opened.borrow(), &status) != 0 || !S_ISCHR(status.st_mode)) {
    return;
  }
  constexpr unsigned memory_devices = 1;  // /dev/random is the eighth of them, urandom the ninth
  const unsigned minor_number = minor(status.st_rdev);
  if (major(status.st_rdev) != memory_devices || (minor_number != 8 && minor_number != 9)) return;
  made.opened.reset();
  const auto numbers = paths_.numbers(call.thread());
  auto stream = numbers ? open_random_stream(random_->open_stream(numbers->thread))
                        : Result<UniqueFd>(fail(ErrorCode::internal, "the caller is gone"));
  if (stream) {
    made.opened = std::move(*stream);
  } else {
    made.event.error = EMFILE;
  }
}

// --- opening ---

OrErrno<RecordedCalls::Opening> RecordedCalls::opening_of(const NotifiedCall& call) const {
  const auto plain = [&](At at, std::uint64_t flags, std::size_t mode) {
    Opening opening{at, {}, SYS_openat};
    opening.how.flags = flags & 0xffffffff;
    opening.how.mode = call.argument(mode) & 07777;
    return opening;
  };
  switch (call.number()) {
#if defined(__x86_64__)
    case SYS_open: return plain({AT_FDCWD, 0}, call.argument(1), 2);
    case SYS_creat: return plain({AT_FDCWD, 0}, O_CREAT | O_WRONLY | O_TRUNC, 1);
#endif
    case SYS_openat: return plain({call.int_argument(0), 1}, call.argument(2), 3);
    default: break;
  }
  Opening opening{{call.int_argument(0), 1}, {}, SYS_openat2};
  // A larger structure asks for what we do not know; the kernel says E2BIG to that, too.
  if (call.argument(3) < sizeof(open_how)) return std::unexpected(EINVAL);
  if (call.argument(3) > sizeof(open_how)) return std::unexpected(E2BIG);
  const auto read = call.read_memory(
      listener_, 2, {reinterpret_cast<std::uint8_t*>(&opening.how), sizeof opening.how});
  if (!read) return std::unexpected(read.error());
  // A descriptor without an open file cannot be passed on, and this call cannot be let through as
  // open(2) is: its flags are in memory. Whoever uses it has a way for kernels without it.
  if ((opening.how.flags & O_PATH) != 0) return std::unexpected(ENOSYS);
  return opening;
}

RecordedCalls::Made RecordedCalls::open_file(const NotifiedCall& call, const Opening& opening) {
  const open_how& how = opening.how;
  const auto path = call.read_path(listener_, opening.at.path);
  if (!path) return event_of(kind_of(how.flags), path.error(), "");
  if (path->empty()) return event_of(kind_of(how.flags), ENOENT, "");
  const auto base = paths_.base(call.thread(), opening.at.directory, *path);
  if (!base) return event_of(kind_of(how.flags), base.error(), *path);
  if (may_create(how.flags)) {
    if (const auto taken = take_umask(call); !taken) {
      return event_of(kind_of(how.flags), taken.error(), *path);
    }
  }
  auto made = open_located(call, opening, *base, *path);
  if (!made || !*made || (*made)->event.error != ENOENT || how.resolve != 0) return made;
  const bool keeps_link =
      (how.flags & O_NOFOLLOW) != 0 || (how.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  const auto place =
      paths_.walk(call.thread(), *base, *path, keeps_link ? LastLink::keep : LastLink::follow);
  if (!place) return made;
  return open_located(call, opening, place->directory, place->name);
}

RecordedCalls::Made RecordedCalls::open_located(const NotifiedCall& call, const Opening& opening,
                                                const UniqueFd& base, const std::string& path) {
  const open_how& how = opening.how;
  MadeCall made = event_of(kind_of(how.flags), 0, "");
  made.on_exec =
      (how.flags & O_CLOEXEC) != 0 ? NotifiedCall::OnExec::close : NotifiedCall::OnExec::keep;
  if (pipes_were_made_ && opens_pipe(base, path, how)) {
    return open_pipe(call, std::move(made), base, path, how);
  }
  made.opened = open_at(opening.by, base.borrow(), path, how);
  made.event.error = made.opened ? 0 : errno;
  if (made.opened) {
    made.event.path = name_of(made.opened);
    serve_random_device(call, how.flags, made);
  } else {
    made.event.path = path.starts_with('/') ? path : paths_.path_of(base) + "/" + path;
  }
  return made;
}

bool RecordedCalls::opens_pipe(const UniqueFd& base, const std::string& path,
                               const open_how& how) const {
  if ((how.flags & O_NONBLOCK) != 0 || (how.flags & O_ACCMODE) == O_RDWR) return false;
  const int nofollow = static_cast<int>(how.flags) & O_NOFOLLOW;
  struct stat status{};
  return ::fstatat(base.borrow(), path.c_str(), &status, nofollow ? AT_SYMLINK_NOFOLLOW : 0) == 0 &&
         S_ISFIFO(status.st_mode);
}

RecordedCalls::Made RecordedCalls::open_pipe(const NotifiedCall& call, MadeCall made,
                                             const UniqueFd& base, const std::string& path,
                                             const open_how& how) {
  UniqueFd pipe(::openat(base.borrow(), path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status{};
  if (!pipe || ::fstat(pipe.borrow(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
    made.event.error = EAGAIN;  // replaced meanwhile
    made.event.path = path;
    return made;
  }
  made.event.path = name_of(pipe);
  const int flags = static_cast<int>(how.flags) & ~(O_CREAT | O_EXCL | O_NOFOLLOW | O_TRUNC);
  const auto started = blocking_.start(
      call, std::move(made),
      [&paths = paths_, flags, pipe = std::make_shared<UniqueFd>(std::move(pipe))](MadeCall& done) {
        auto opened = paths.open_again(*pipe, flags);
        done.event.error = opened ? 0 : opened.error();
        if (opened) done.opened = std::move(*opened);
      });
  if (!started) return event_of(kind_of(how.flags), EAGAIN, path);
  return std::nullopt;
}

std::string RecordedCalls::name_of(const UniqueFd& fd) const {
  std::string path = paths_.path_of(fd);
  if (!path.starts_with("/memfd:")) return path;
  struct stat status{};
  if (::fstat(fd.borrow(), &status) != 0) return path;
  const auto known = known_.find({status.st_dev, status.st_ino});
  return known == known_.end() ? path : known->second;
}

OrErrno<void> RecordedCalls::take_umask(const NotifiedCall& call) const {
  const auto numbers = paths_.numbers(call.thread());
  if (!numbers) return std::unexpected(numbers.error());
  ::umask(static_cast<mode_t>(numbers->umask));
  return {};
}

// --- making, moving, removing ---

OrErrno<Place> RecordedCalls::place(const NotifiedCall& call, At at) const {
  const auto path = call.read_path(listener_, at.path);
  if (!path) return std::unexpected(path.error());
  return paths_.place(call.thread(), at.directory, *path);
}

MadeCall RecordedCalls::make_directory(const NotifiedCall& call, At at, std::size_t mode) {
  const auto where = place(call, at);
  if (!where) return event_of(FileCall::make_directory, where.error(), "");
  if (const auto taken = take_umask(call); !taken) {
    return event_of(FileCall::make_directory, taken.error(), paths_.path_of(*where));
  }
  const auto bits = static_cast<mode_t>(call.argument(mode));
  const int error = errno_of(::mkdirat(where->directory.borrow(), where->name.c_str(), bits));
  return event_of(FileCall::make_directory, error, paths_.path_of(*where));
}

MadeCall RecordedCalls::make_node(const NotifiedCall& call, At at, std::size_t mode) {
  const auto where = place(call, at);
  if (!where) return event_of(FileCall::make_node, where.error(), "");
  if (const auto taken = take_umask(call); !taken) {
    return event_of(FileCall::make_node, taken.error(), paths_.path_of(*where));
  }
  // The kinds that the policy lets through have no device number.
  const auto bits = static_cast<mode_t>(call.argument(mode));
  const int error = errno_of(::mknodat(where->directory.borrow(), where->name.c_str(), bits, 0));
  if (error == 0 && S_ISFIFO(bits)) pipes_were_made_ = true;
  return event_of(FileCall::make_node, error, paths_.path_of(*where));
}

MadeCall RecordedCalls::remove(const NotifiedCall& call, At at, int flags) {
  const auto where = place(call, at);
  if (!where) return event_of(FileCall::remove, where.error(), "");
  const int error = errno_of(::unlinkat(where->directory.borrow(), where->name.c_str(), flags));
  return event_of(FileCall::remove, error, paths_.path_of(*where));
}

MadeCall RecordedCalls::rename(const NotifiedCall& call, At from, At to, unsigned flags) {
  const auto old_place = place(call, from);
  if (!old_place) return event_of(FileCall::rename, old_place.error(), "");
  const auto new_place = place(call, to);
  if (!new_place) {
    return event_of(FileCall::rename, new_place.error(), paths_.path_of(*old_place));
  }
  const int error =
      errno_of(::renameat2(old_place->directory.borrow(), old_place->name.c_str(),
                           new_place->directory.borrow(), new_place->name.c_str(), flags));
  return event_of(FileCall::rename, error, paths_.path_of(*old_place), paths_.path_of(*new_place));
}

MadeCall RecordedCalls::link(const NotifiedCall& call, At from, At to, int flags) {
  const auto path = call.read_path(listener_, from.path);
  if (!path) return event_of(FileCall::link, path.error(), "");
  const auto new_place = place(call, to);
  if (!new_place) return event_of(FileCall::link, new_place.error(), *path);
  std::string old_text = *path;
  const int error = link_located(call, from, *path, flags, *new_place, old_text);
  return event_of(FileCall::link, error, std::move(old_text), paths_.path_of(*new_place));
}

// The value: an errno. `path_text`: the linked file, once it is known.
int RecordedCalls::link_located(const NotifiedCall& call, At from, const std::string& path,
                                int flags, const Place& to, std::string& path_text) const {
  constexpr int known_flags = AT_SYMLINK_FOLLOW | AT_EMPTY_PATH;
  if ((flags & ~known_flags) != 0) return EINVAL;
  OrErrno<UniqueFd> file = std::unexpected(ENOENT);
  if (path.empty() && (flags & AT_EMPTY_PATH) != 0) {
    file = from.directory == AT_FDCWD ? paths_.base(call.thread(), AT_FDCWD, "")
                                      : paths_.open_descriptor(call.thread(), from.directory);
  } else {
    const auto base = paths_.base(call.thread(), from.directory, path);
    if (!base) return base.error();
    const bool follow = (flags & AT_SYMLINK_FOLLOW) != 0;
    const int open_flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    UniqueFd direct(::openat(base->borrow(), path.c_str(), open_flags));
    if (direct) {
      file = std::move(direct);
    } else if (errno != ENOENT) {
      return errno;
    } else {
      const auto place =
          paths_.walk(call.thread(), *base, path, follow ? LastLink::follow : LastLink::keep);
      if (!place) return place.error();
      UniqueFd found(::openat(place->directory.borrow(), place->name.c_str(), open_flags));
      if (!found) return errno;
      file = std::move(found);
    }
  }
  if (!file) return file.error();
  path_text = name_of(*file);
  return paths_.link(*file, to);
}

MadeCall RecordedCalls::symlink(const NotifiedCall& call, At at) {
  const auto target = call.read_path(listener_, 0);
  if (!target) return event_of(FileCall::symlink, target.error(), "");
  const auto where = place(call, at);
  if (!where) return event_of(FileCall::symlink, where.error(), "", *target);
  const int error =
      errno_of(::symlinkat(target->c_str(), where->directory.borrow(), where->name.c_str()));
  return event_of(FileCall::symlink, error, paths_.path_of(*where), *target);
}

MadeCall RecordedCalls::truncate(const NotifiedCall& call) {
  const auto path = call.read_path(listener_, 0);
  if (!path) return event_of(FileCall::truncate, path.error(), "");
  const auto base = paths_.base(call.thread(), AT_FDCWD, *path);
  if (!base) return event_of(FileCall::truncate, base.error(), *path);
  UniqueFd file(::openat(base->borrow(), path->c_str(), O_PATH | O_CLOEXEC));
  if (!file && errno == ENOENT) {
    const auto place = paths_.walk(call.thread(), *base, *path, LastLink::follow);
    if (!place) return event_of(FileCall::truncate, place.error(), *path);
    file = UniqueFd(::openat(place->directory.borrow(), place->name.c_str(), O_PATH | O_CLOEXEC));
  }
  if (!file) return event_of(FileCall::truncate, errno, *path);
  const int error = paths_.truncate(file, static_cast<off_t>(call.argument(1)));
  if (error == EFBIG) {
    // What the kernel would have sent to the caller; here it was us, who ignore it.
    const auto numbers = paths_.numbers(call.thread());
    if (numbers) ::syscall(SYS_tgkill, numbers->our_process, call.thread(), SIGXFSZ);
  }
  return event_of(FileCall::truncate, error, name_of(file));
}

// --- addresses ---

OrErrno<RecordedCalls::Address> RecordedCalls::address_of(const NotifiedCall& call,
                                                          std::size_t pointer) const {
  Address address;
  const int size = call.int_argument(pointer + 1);
  if (size < 0 || static_cast<std::size_t>(size) > sizeof address.bytes) {
    return std::unexpected(EINVAL);
  }
  address.size = static_cast<socklen_t>(size);
  const auto read = call.read_memory(
      listener_, pointer, {reinterpret_cast<std::uint8_t*>(&address.bytes), address.size});
  if (!read) return std::unexpected(read.error());
  if (const auto placed = place_socket(call, address); !placed) {
    return std::unexpected(placed.error());
  }
  if (address.text.empty()) address.text = address_text(address.bytes, address.size);
  return address;
}

// A unix socket in the file system: named from its directory, which may be longer than an address.
OrErrno<void> RecordedCalls::place_socket(const NotifiedCall& call, Address& address) const {
  constexpr std::size_t head = offsetof(sockaddr_un, sun_path);
  auto& local = reinterpret_cast<sockaddr_un&>(address.bytes);
  if (address.bytes.ss_family != AF_UNIX || address.size <= head || local.sun_path[0] == '\0') {
    return {};
  }
  if (address.size > sizeof local) return std::unexpected(EINVAL);
  const std::string path(local.sun_path, ::strnlen(local.sun_path, address.size - head));
  auto where = paths_.place(call.thread(), AT_FDCWD, path);
  if (!where) return std::unexpected(where.error());
  address.text = "unix " + paths_.path_of(*where);
  std::memset(local.sun_path, 0, sizeof local.sun_path);
  std::memcpy(local.sun_path, where->name.data(), where->name.size());
  address.size = static_cast<socklen_t>(head + where->name.size() + 1);
  address.directory = std::move(where->directory);
  return {};
}

bool RecordedCalls::is_out_of_reach(const Address& address) const {
  if (!loopback_port_) return false;  // the kernel says so itself
  const auto& inet = reinterpret_cast<const sockaddr_in&>(address.bytes);
  if (address.bytes.ss_family == AF_INET6) return true;
  return address.bytes.ss_family == AF_INET &&
         (address.size < sizeof inet || inet.sin_addr.s_addr != htonl(INADDR_LOOPBACK) ||
          inet.sin_port != htons(*loopback_port_));
}

OrErrno<UniqueFd> RecordedCalls::socket_of(const NotifiedCall& call) const {
  const auto numbers = paths_.numbers(call.thread());
  if (!numbers) return std::unexpected(numbers.error());
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, numbers->our_process, 0)));
  if (!process) return std::unexpected(ESRCH);
  UniqueFd socket(
      static_cast<int>(::syscall(SYS_pidfd_getfd, process.borrow(), call.int_argument(0), 0)));
  if (!socket) return std::unexpected(errno);
  return socket;
}

RecordedCalls::Made RecordedCalls::connect_or_bind(const NotifiedCall& call, FileCall what) {
  auto socket = socket_of(call);
  if (!socket) return event_of(what, socket.error(), "");
  auto address = address_of(call, 1);
  if (!address) return event_of(what, address.error(), "");
  const auto target = [](const Address& to) {
    return reinterpret_cast<const sockaddr*>(&to.bytes);
  };
  MadeCall made = event_of(what, 0, address->text);
  if (what == FileCall::bind) {
    const bool ready = take_umask(call) && enter(address->directory);
    made.event.error =
        ready ? errno_of(::bind(socket->borrow(), target(*address), address->size)) : EACCES;
    return made;
  }
  if (is_out_of_reach(*address)) {
    made.event.error = ENETUNREACH;
    return made;
  }
  if ((::fcntl(socket->borrow(), F_GETFL) & O_NONBLOCK) != 0) {
    made.event.error = enter(address->directory)
                           ? errno_of(::connect(socket->borrow(), target(*address), address->size))
                           : EACCES;
    return made;
  }
  struct Connecting {
    UniqueFd socket;
    Address address;
  };
  auto both = std::make_shared<Connecting>(std::move(*socket), std::move(*address));
  const auto started = blocking_.start(call, std::move(made), [both, target](MadeCall& done) {
    // A working directory of this thread's own.
    const bool ready = ::unshare(CLONE_FS) == 0 && enter(both->address.directory);
    done.event.error =
        ready
            ? errno_of(::connect(both->socket.borrow(), target(both->address), both->address.size))
            : EACCES;
  });
  if (!started) return event_of(what, EAGAIN, both->address.text);
  return std::nullopt;
}

// A datagram leaves without a connection that could be refused, so it is refused itself; to a
// socket of the job's own files or names it goes.
RecordedCalls::Made RecordedCalls::send_to(const NotifiedCall& call) {
  auto socket = socket_of(call);
  if (!socket) return event_of(FileCall::send, socket.error(), "");
  auto address = address_of(call, 4);
  if (!address) return event_of(FileCall::send, address.error(), "");
  MadeCall made = event_of(FileCall::send, 0, address->text);
  if (is_of_the_internet(*socket)) {
    made.event.error = ENETUNREACH;
    return made;
  }
  struct Sending {
    UniqueFd socket;
    Address address;
    Bytes data;
  };
  if (call.argument(2) > datagram_bytes_max) {
    made.event.error = EMSGSIZE;
    return made;
  }
  Bytes data(call.argument(2));
  if (const auto read = call.read_memory(listener_, 1, data); !data.empty() && !read) {
    made.event.error = read.error();
    return made;
  }
  const auto all =
      std::make_shared<Sending>(std::move(*socket), std::move(*address), std::move(data));
  const auto send = [all](MadeCall& done, int flags) {
    const Address& to = all->address;
    if (!enter(to.directory)) {
      done.event.error = EACCES;
      return;
    }
    const ssize_t sent =
        ::sendto(all->socket.borrow(), all->data.data(), all->data.size(), flags | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to.bytes), to.size);
    done.event.error = sent < 0 ? errno : 0;
    done.value = sent;
  };
  const int flags = call.int_argument(3);
  send(made, flags | MSG_DONTWAIT);
  const bool may_wait =
      (flags & MSG_DONTWAIT) == 0 && (::fcntl(all->socket.borrow(), F_GETFL) & O_NONBLOCK) == 0;
  if (made.event.error != EAGAIN || !may_wait) return made;
  const auto started = blocking_.start(call, std::move(made), [send, flags](MadeCall& done) {
    // A working directory of this thread's own.
    if (::unshare(CLONE_FS) == 0) {
      send(done, flags);
    } else {
      done.event.error = EACCES;
    }
  });
  if (!started) return event_of(FileCall::send, EAGAIN, all->address.text);
  return std::nullopt;
}

}  // namespace mayfly::executor
