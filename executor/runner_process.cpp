#include "executor/runner_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "executor/cgroup.hpp"
#include "executor/runner_main.hpp"

namespace mayfly::executor {
namespace {

constexpr int descriptor_min = 16;

// What posix_spawn needs, freed on every path.
class SpawnOptions {
 public:
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  // Nothing of the client but its stderr (where a dying libc writes), the socket, the program.
  int fill(int socket, int program) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    // A process group of its own: Ctrl-C is for the client, which then cancels the run.
    constexpr short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    for (const int error_number :
         {::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0),
          ::posix_spawn_file_actions_adddup2(&actions_, 0, 1),
          ::posix_spawn_file_actions_adddup2(&actions_, socket, runner_socket),
          ::posix_spawn_file_actions_adddup2(&actions_, program, runner_program),
          ::posix_spawn_file_actions_addclosefrom_np(&actions_, runner_program + 1),
          ::posix_spawnattr_setsigmask(&attributes_, &none),
          ::posix_spawnattr_setsigdefault(&attributes_, &all),
          ::posix_spawnattr_setpgroup(&attributes_, 0),
          ::posix_spawnattr_setflags(&attributes_, flags)}) {
      if (error_number != 0) return error_number;
    }
    return 0;
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<UniqueFd> move_up(const UniqueFd& fd) {
  UniqueFd moved(::fcntl(fd.borrow(), F_DUPFD_CLOEXEC, descriptor_min));
  if (!moved) return fail_errno("moving a descriptor");
  return moved;
}

Result<RunnerProcess> RunnerProcess::spawn(const UniqueFd& program) {
  TRY(auto ends, Channel::pair());
  TRY(const UniqueFd socket, move_up(ends.second.fd()));
  SpawnOptions options;
  int error_number = options.fill(socket.borrow(), program.borrow());
  const std::string path = "/proc/self/fd/" + std::to_string(runner_program);
  char name[] = "mayfly-runner";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = 0;
  if (error_number == 0) {
    error_number = ::posix_spawn(&pid, path.c_str(), options.actions(), options.attributes(),
                                 arguments, environment);
  }
  if (error_number != 0) {
    return std::unexpected(errno_error(error_number, "starting mayfly-runner"));
  }
  return RunnerProcess(pid, std::move(ends.first));
}

RunnerProcess::~RunnerProcess() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait());
  // Its control groups outlive it; whatever cannot be removed now, the next client tries again.
  static_cast<void>(sweep_stale_cgroups());
}

bool RunnerProcess::is_silent() const {
  pollfd said{channel_.fd().borrow(), POLLIN, 0};
  return ::poll(&said, 1, 0) == 0;
}

void RunnerProcess::hang_up() {
  static_cast<void>(Channel(std::move(channel_)));
}

std::string RunnerProcess::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exited with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace mayfly::executor
