#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace mayfly::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void throw_errno(const char* doing) {
  throw std::system_error(errno, std::generic_category(), doing);
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

[[noreturn]] void exec_child(const std::vector<std::string>& argv, const ProcessOptions& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  for (const std::string& variable : options.environment) {
    ::putenv(const_cast<char*>(variable.c_str()));
  }
  if (options.working_directory.empty() || ::chdir(options.working_directory.c_str()) == 0) {
    ::execvp(pointers[0], pointers.data());
  }
  const std::string why = argv[0] + ": " + std::strerror(errno) + "\n";
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, why.data(), why.size());
  ::_exit(127);
}

void read_some(UniqueFd& fd, std::string& text) {
  std::array<char, 65536> chunk;
  const ssize_t got = ::read(fd.borrow(), chunk.data(), chunk.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    fd.reset();
    return;
  }
  const std::size_t room = process_output_bytes_max - text.size();
  text.append(chunk.data(), std::min(static_cast<std::size_t>(got), room));
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& argv, const ProcessOptions& options)
    : unsent_(options.stdin_text), deadline_(steady_clock::now() + options.timeout) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    ::dup2(in.read_end.borrow(), STDIN_FILENO);
    ::dup2(out.write_end.borrow(), STDOUT_FILENO);
    ::dup2(err.write_end.borrow(), STDERR_FILENO);
    exec_child(argv, options);
  }
  ::setpgid(pid_, pid_);  // Both sides do it: whoever comes first, it is done when we return.
  stdin_ = std::move(in.write_end);
  stdout_ = std::move(out.read_end);
  stderr_ = std::move(err.read_end);
  ::fcntl(stdin_.borrow(), F_SETFL, O_NONBLOCK);
  ::signal(SIGPIPE, SIG_IGN);  // A program that does not read its input must not end the test.
  if (unsent_.empty()) stdin_.reset();
}

ChildProcess::~ChildProcess() {
  if (!status_) {
    send_group(SIGKILL);
    reap(0);
  }
}

void ChildProcess::send(int signal) const {
  if (!status_) ::kill(pid_, signal);
}

void ChildProcess::send_group(int signal) const {
  ::kill(-pid_, signal);
}

void ChildProcess::reap(int wait_options) {
  int status = 0;
  pid_t got = -1;
  do {
    got = ::waitpid(pid_, &status, wait_options);
  } while (got < 0 && errno == EINTR);
  if (got == pid_) status_ = status;
}

bool ChildProcess::ended() const {
  return status_ && !stdout_ && !stderr_;
}

void ChildProcess::pump_once(int timeout_ms) {
  std::array<pollfd, 3> wanted{{{stdin_.borrow(), POLLOUT, 0},
                                {stdout_.borrow(), POLLIN, 0},
                                {stderr_.borrow(), POLLIN, 0}}};  // poll ignores fd -1
  if (::poll(wanted.data(), wanted.size(), timeout_ms) < 0 && errno != EINTR) throw_errno("poll");
  if (wanted[0].revents != 0) {
    const ssize_t put = ::write(stdin_.borrow(), unsent_.data(), unsent_.size());
    if (put > 0) unsent_.erase(0, static_cast<std::size_t>(put));
    if (unsent_.empty() || (put < 0 && errno != EAGAIN && errno != EINTR)) stdin_.reset();
  }
  if (wanted[1].revents != 0) read_some(stdout_, result_.stdout_text);
  if (wanted[2].revents != 0) read_some(stderr_, result_.stderr_text);
  if (!status_) reap(WNOHANG);
}

void ChildProcess::pump_until(Deadline deadline, std::string_view text) {
  while (!ended() && steady_clock::now() < deadline) {
    if (!text.empty() && (result_.stdout_text.find(text) != std::string::npos ||
                          result_.stderr_text.find(text) != std::string::npos)) {
      return;
    }
    // The end of the process wakes no poll when its output is already closed: look often.
    pump_once(/*timeout_ms=*/stdout_ || stderr_ ? 20 : 1);
  }
}

bool ChildProcess::wait_for_text(std::string_view text, milliseconds timeout) {
  pump_until(steady_clock::now() + timeout, text);
  return result_.stdout_text.find(text) != std::string::npos ||
         result_.stderr_text.find(text) != std::string::npos;
}

ProcessResult ChildProcess::wait() {
  pump_until(deadline_, {});
  if (!ended()) {
    result_.timed_out = true;
    send_group(SIGKILL);
    if (!status_) reap(0);
  }
  result_.exit_code = WIFEXITED(*status_) ? WEXITSTATUS(*status_) : -WTERMSIG(*status_);
  return result_;
}

ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options) {
  return ChildProcess(argv, options).wait();
}

}  // namespace mayfly::test
