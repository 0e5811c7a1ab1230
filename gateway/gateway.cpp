#include "gateway/gateway.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/text_encoding.hpp"
#include "crypto/random.hpp"
#include "gateway/gateway_main.hpp"

namespace mayfly::gateway {
namespace {

// Above every number that the gateway's descriptors get, so that placing one cannot close another.
constexpr int descriptor_min = 16;

Result<UniqueFd> move_up(const UniqueFd& fd) {
  UniqueFd moved(::fcntl(fd.borrow(), F_DUPFD_CLOEXEC, descriptor_min));
  if (!moved) return fail_errno("moving a descriptor");
  return moved;
}

Result<crypto::Sha256> digest_of(const UniqueFd& file) {
  crypto::Sha256Hasher hasher;
  std::array<std::uint8_t, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(file.borrow(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading mayfly-gateway");
    if (count == 0) return std::move(hasher).finish();
    hasher.update(ByteView(buffer).first(static_cast<std::size_t>(count)));
  }
}

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

  // Nothing of ours but stderr, the socket, the program; a process group of its own, so that Ctrl-C
  // is for us, who then end the run.
  int fill(int socket, int program) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    constexpr short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    for (const int error_number :
         {::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0),
          ::posix_spawn_file_actions_adddup2(&actions_, 0, 1),
          ::posix_spawn_file_actions_adddup2(&actions_, socket, gateway_socket),
          ::posix_spawn_file_actions_adddup2(&actions_, program, gateway_program),
          ::posix_spawn_file_actions_addclosefrom_np(&actions_, gateway_program + 1),
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

Result<GatewayProgram> GatewayProgram::open(const std::filesystem::path& program) {
  std::filesystem::path path = program;
  if (path.empty()) {
    std::error_code error;
    path = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "mayfly-gateway";
    if (error) return fail(ErrorCode::unavailable, "finding this program: " + error.message());
  }
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.borrow(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(ErrorCode::unavailable,
                path.string() + " cannot be opened; it belongs beside mayfly, install it there");
  }
  TRY(const crypto::Sha256 digest, digest_of(file));
  TRY(UniqueFd kept, move_up(file));
  return GatewayProgram(digest, std::make_shared<const UniqueFd>(std::move(kept)));
}

Result<Gateway> Gateway::start(const GatewayProgram& program, const Settings& settings,
                               ByteView key) {
  TRY(auto ends, ControlChannel::pair());
  TRY(const UniqueFd socket, move_up(ends.second.fd()));
  SpawnOptions options;
  int error_number = options.fill(socket.borrow(), program.file().borrow());
  const std::string path = "/proc/self/fd/" + std::to_string(gateway_program);
  char name[] = "mayfly-gateway";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = 0;
  if (error_number == 0) {
    error_number = ::posix_spawn(&pid, path.c_str(), options.actions(), options.attributes(),
                                 arguments, environment);
  }
  if (error_number != 0) {
    return std::unexpected(errno_error(error_number, "starting mayfly-gateway"));
  }
  Gateway gateway(pid, std::move(ends.first));
  // With our copy of its end open, its death would not be seen.
  static_cast<void>(ControlChannel(std::move(ends.second)));
  CHECK_OK(gateway.configure(settings, key));
  return gateway;
}

Result<void> Gateway::configure(const Settings& settings, ByteView key) const {
  CHECK_OK(channel_.send(ControlWord::settings, bytes_of(encode_settings(settings))));
  CHECK_OK(channel_.send(ControlWord::key, key));
  TRY(const auto answer, channel_.receive());
  if (!answer) return fail(ErrorCode::internal, "mayfly-gateway ended while it was starting");
  if (answer->word == ControlWord::ready) return {};
  return fail(ErrorCode::malformed, std::string(text_of(answer->rest)));
}

Gateway::Gateway(Gateway&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), channel_(std::move(other.channel_)) {}

Gateway::~Gateway() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait());
}

std::string Gateway::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exited with " + std::to_string(WEXITSTATUS(status));
}

Result<void> Gateway::give_listener(const UniqueFd& listener) const {
  return channel_.send_descriptor(ControlWord::listener, listener);
}

Result<GatewayReport> Gateway::finish() && {
  GatewayReport report;
  CHECK_OK(channel_.send(ControlWord::finish));
  for (;;) {
    TRY(const auto message, channel_.receive());
    if (!message) {
      return fail(ErrorCode::internal, "mayfly-gateway ended without its record (" + wait() + ")");
    }
    if (message->word == ControlWord::record) {
      TRY(CallRecord record, decode_record(text_of(message->rest)));
      report.calls.push_back(std::move(record));
    } else if (message->word == ControlWord::done) {
      report.limits_hit = text_of(message->rest);
      break;
    } else {
      return fail(ErrorCode::internal, "the gateway: " + std::string(text_of(message->rest)));
    }
  }
  if (const std::string end = wait(); end != "exited with 0") {
    return fail(ErrorCode::internal, "mayfly-gateway " + end + " after its record");
  }
  return report;
}

std::string fresh_run_token() {
  std::array<std::uint8_t, 32> random{};
  crypto::fill_random(random);
  return "mayfly-run-" + hex_encode(random);
}

}  // namespace mayfly::gateway
