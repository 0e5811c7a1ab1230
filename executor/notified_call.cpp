#include "executor/notified_call.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mayfly::executor {
namespace {

constexpr std::uint64_t page_bytes = 4096;

}  // namespace

Result<std::optional<NotifiedCall>> NotifiedCall::receive(const UniqueFd& listener) {
  // A newer kernel may write a larger one.
  union {
    seccomp_notif notification;
    std::uint8_t room[512];
  } taken{};
  if (::ioctl(listener.borrow(), SECCOMP_IOCTL_NOTIF_RECV, &taken.notification) != 0) {
    if (errno == ENOENT || errno == EINTR) return std::optional<NotifiedCall>();
    return fail_errno("receiving a call of the job");
  }
  NotifiedCall call;
  call.id_ = taken.notification.id;
  call.thread_ = static_cast<pid_t>(taken.notification.pid);
  call.number_ = taken.notification.data.nr;
  std::ranges::copy(taken.notification.data.args, call.arguments_.begin());
  return std::optional(call);
}

bool NotifiedCall::is_waiting(const UniqueFd& listener) const {
  return ::ioctl(listener.borrow(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id_) == 0;
}

OrErrno<void> NotifiedCall::read_memory(const UniqueFd& listener, std::size_t index,
                                        std::span<std::uint8_t> into) const {
  iovec ours{into.data(), into.size()};
  iovec theirs{reinterpret_cast<void*>(arguments_[index]), into.size()};
  const ssize_t count = ::process_vm_readv(thread_, &ours, 1, &theirs, 1, 0);
  if (!is_waiting(listener)) return std::unexpected(ESRCH);
  if (count != static_cast<ssize_t>(into.size())) return std::unexpected(EFAULT);
  return {};
}

OrErrno<void> NotifiedCall::write_memory(const UniqueFd& listener, std::size_t index,
                                         std::span<const std::uint8_t> from) const {
  if (!is_waiting(listener)) return std::unexpected(ESRCH);
  iovec ours{const_cast<std::uint8_t*>(from.data()), from.size()};
  iovec theirs{reinterpret_cast<void*>(arguments_[index]), from.size()};
  const ssize_t count = ::process_vm_writev(thread_, &ours, 1, &theirs, 1, 0);
  if (count != static_cast<ssize_t>(from.size())) return std::unexpected(EFAULT);
  return {};
}

OrErrno<std::string> NotifiedCall::read_path(const UniqueFd& listener, std::size_t index) const {
  std::string path(PATH_MAX, '\0');
  std::size_t size = 0;
  while (size < path.size()) {
    // Page by page: the string may end just before memory that is not there.
    const std::uint64_t address = arguments_[index] + size;
    const std::size_t wanted =
        std::min<std::size_t>(path.size() - size, page_bytes - address % page_bytes);
    iovec ours{path.data() + size, wanted};
    iovec theirs{reinterpret_cast<void*>(address), wanted};
    const ssize_t count = ::process_vm_readv(thread_, &ours, 1, &theirs, 1, 0);
    if (count <= 0) return std::unexpected(is_waiting(listener) ? EFAULT : ESRCH);
    if (const void* end = std::memchr(path.data() + size, '\0', static_cast<std::size_t>(count))) {
      if (!is_waiting(listener)) return std::unexpected(ESRCH);
      path.resize(static_cast<std::size_t>(static_cast<const char*>(end) - path.data()));
      return path;
    }
    size += static_cast<std::size_t>(count);
  }
  return std::unexpected(ENAMETOOLONG);
}

Result<void> NotifiedCall::send(const UniqueFd& listener, std::int64_t value,
                                int error_number) const {
  seccomp_notif_resp response{};
  response.id = id_;
  response.val = value;
  response.error = -error_number;
  if (::ioctl(listener.borrow(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0) return {};
  if (errno == ENOENT) return {};  // it was killed
  return fail_errno("answering a call of the job");
}

Result<void> NotifiedCall::answer_value(const UniqueFd& listener, std::int64_t value) const {
  return send(listener, value, 0);
}

Result<void> NotifiedCall::answer_error(const UniqueFd& listener, int error_number) const {
  return send(listener, 0, error_number);
}

OrErrno<int> NotifiedCall::give_descriptor(const UniqueFd& listener, const UniqueFd& fd,
                                           OnExec on_exec) const {
  seccomp_notif_addfd request{};
  request.id = id_;
  request.srcfd = static_cast<std::uint32_t>(fd.borrow());
  request.newfd_flags = on_exec == OnExec::close ? O_CLOEXEC : 0;
  const int number = ::ioctl(listener.borrow(), SECCOMP_IOCTL_NOTIF_ADDFD, &request);
  if (number < 0) return std::unexpected(errno == ENOENT ? ESRCH : errno);
  return number;
}

}  // namespace mayfly::executor
