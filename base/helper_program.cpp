#include "base/helper_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>

namespace mayfly {
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

  int fill(int socket, int program) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    constexpr short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    for (const int error_number :
         {::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0),
          ::posix_spawn_file_actions_adddup2(&actions_, 0, 1),
          ::posix_spawn_file_actions_adddup2(&actions_, socket, helper_socket),
          ::posix_spawn_file_actions_adddup2(&actions_, program, helper_program),
          ::posix_spawn_file_actions_addclosefrom_np(&actions_, helper_program + 1),
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

Result<pid_t> start_helper(const char* name, const UniqueFd& program, const UniqueFd& socket) {
  TRY(const UniqueFd placed, move_up(socket));
  SpawnOptions options;
  int error_number = options.fill(placed.borrow(), program.borrow());
  const std::string path = "/proc/self/fd/" + std::to_string(helper_program);
  std::string first = name;
  char* const arguments[] = {first.data(), nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = 0;
  if (error_number == 0) {
    error_number = ::posix_spawn(&pid, path.c_str(), options.actions(), options.attributes(),
                                 arguments, environment);
  }
  if (error_number != 0) {
    return std::unexpected(errno_error(error_number, "starting " + std::string(name)));
  }
  return pid;
}

bool has_helper_socket() {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(helper_socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_SEQPACKET;
}

std::string wait_for_end(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exited with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace mayfly
