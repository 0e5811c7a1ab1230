// One call of the job that waits for the file recorder: what was asked, and the answer.
//
// Source    seccomp_unotify(2). A caller may be gone at any time; then nothing reaches it.
// Shapes    Everything the arguments point to is read once, into our own memory: what is done and
//           written down is that copy, whatever another thread of the job changes meanwhile.
// Errors    An errno (OrErrno) is what the job's call is answered with. Result is for ourselves.
// Threads   Plain values; answers from any thread.
#pragma once
#include <linux/seccomp.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::executor {

template <class T>
using OrErrno = std::expected<T, int>;

class NotifiedCall {
 public:
  // Absent: the caller is gone again.
  static Result<std::optional<NotifiedCall>> receive(const UniqueFd& listener);

  pid_t thread() const { return thread_; }  // in our pid namespace
  int number() const { return number_; }
  std::uint64_t argument(std::size_t index) const { return arguments_[index]; }
  int int_argument(std::size_t index) const { return static_cast<int>(arguments_[index]); }

  // Of the caller's memory. ESRCH: the caller is gone, and what was read may be another's.
  OrErrno<void> read_memory(const UniqueFd& listener, std::size_t index,
                            std::span<std::uint8_t> into) const;
  OrErrno<void> write_memory(const UniqueFd& listener, std::size_t index,
                             std::span<const std::uint8_t> from) const;
  OrErrno<std::string> read_path(const UniqueFd& listener, std::size_t index) const;

  Result<void> answer_value(const UniqueFd& listener, std::int64_t value) const;
  Result<void> answer_error(const UniqueFd& listener, int error_number) const;
  // Gives the caller, which goes on waiting, a descriptor of its own. The value: its number there,
  // or the errno when it cannot take one more.
  enum class OnExec : std::uint8_t { keep, close };
  OrErrno<int> give_descriptor(const UniqueFd& listener, const UniqueFd& fd, OnExec on_exec) const;

 private:
  bool is_waiting(const UniqueFd& listener) const;
  Result<void> send(const UniqueFd& listener, std::int64_t value, int error_number) const;

  std::uint64_t id_ = 0;
  pid_t thread_ = 0;
  int number_ = 0;
  std::array<std::uint64_t, 6> arguments_{};
};

}  // namespace mayfly::executor
