#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/file_io.hpp"
#include "executor/cgroup.hpp"
#include "executor/channel.hpp"
#include "executor/phases.hpp"
#include "executor/request.hpp"
#include "executor/runner_main.hpp"
#include "executor/sandbox.hpp"
#include "executor/seccomp_policy.hpp"
#include "executor/user_mapping.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

// Above every number that the runner's descriptors get, so that placing one cannot close another.
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
    if (count < 0) return fail_errno("reading mayfly-runner");
    if (count == 0) return std::move(hasher).finish();
    hasher.update(ByteView(buffer).first(static_cast<std::size_t>(count)));
  }
}

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

// A runner that is not needed any more is killed: it takes its sandbox with it.
class RunnerProcess {
 public:
  static Result<RunnerProcess> spawn(const UniqueFd& program) {
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

  RunnerProcess(RunnerProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), channel_(std::move(other.channel_)) {}
  RunnerProcess& operator=(RunnerProcess&&) = delete;
  ~RunnerProcess() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
    // Its control groups outlive it; whatever cannot be removed now, the next client tries again.
    static_cast<void>(sweep_stale_cgroups());
  }

  const Channel& channel() const { return channel_; }

  // The text says how it ended, for an error message.
  std::string wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
    return "exited with " + std::to_string(WEXITSTATUS(status));
  }

 private:
  RunnerProcess(pid_t pid, Channel channel) : pid_(pid), channel_(std::move(channel)) {}
  pid_t pid_;
  Channel channel_;
};

Result<void> send_request(const Channel& runner, const RunRequest& request,
                          const intake::Dataset* dataset) {
  if (dataset) {
    // Copies of the numbers, for the kernel to pass on; the dataset keeps its own.
    std::vector<UniqueFd> files;
    const auto send_files = [&]() -> Result<void> {
      auto sent = send_frame(runner, FrameType::dataset, {}, files);
      files.clear();
      return sent;
    };
    for (const intake::SealedFile& file : dataset->files()) {
      TRY(UniqueFd copy, move_up(file.fd()));
      files.push_back(std::move(copy));
      if (files.size() == message_descriptors_max) CHECK_OK(send_files());
    }
    if (!files.empty()) CHECK_OK(send_files());
  }
  return send_frame(runner, FrameType::request, encode_request(request));
}

RunRequest make_request(const SandboxSpec& spec, const intake::Dataset* dataset) {
  RunRequest request{spec, {}};
  if (!dataset) return request;
  for (const intake::SealedFile& file : dataset->files()) {
    request.dataset_names.push_back(file.name());
  }
  return request;
}

// Frames from the runner, until the report.
class Conversation {
 public:
  Conversation(const Channel& runner, const Runner::Watch& watch, std::int64_t output_bytes_max)
      : runner_(runner),
        watch_(watch),
        output_bytes_max_(static_cast<std::size_t>(output_bytes_max)),
        cancel_fd_(watch.cancel_fd) {}

  // Absent: the runner ended without one.
  Result<std::optional<RunReport>> listen() {
    for (;;) {
      CHECK_OK(wait());
      TRY(auto message, runner_.receive());
      if (!message) return std::optional<RunReport>();
      TRY(auto frame, frames_.accept(std::move(*message)));
      if (!frame) continue;
      TRY(const bool done, take(*frame));
      if (done) return std::optional(std::move(report_));
    }
  }

 private:
  // Until there is something from the runner; passes a cancellation on meanwhile.
  Result<void> wait() {
    for (;;) {
      pollfd waiting[] = {{runner_.fd().borrow(), POLLIN, 0}, {cancel_fd_, POLLIN, 0}};
      const int ready = ::poll(waiting, 2, -1);
      if (ready < 0 && errno != EINTR) return fail_errno("waiting for the runner");
      if (ready <= 0) continue;
      if (waiting[1].revents != 0) {
        cancel_fd_ = -1;
        // A runner that has just ended cannot be told; what it said is still to be read.
        static_cast<void>(send_frame(runner_, FrameType::cancel, {}));
      }
      if (waiting[0].revents != 0) return {};
    }
  }

  Result<bool> take(Frame& frame) {
    switch (frame.type) {
      case FrameType::loopback_listener: {
        if (!watch_.on_loopback_listener || frame.descriptors.size() != 1) {
          return fail(ErrorCode::internal, "the runner sent a listener that nobody asked for");
        }
        CHECK_OK(watch_.on_loopback_listener(std::move(frame.descriptors.front())));
        return false;
      }
      case FrameType::stdout_bytes: keep(frame.payload, stdout_, watch_.on_stdout); return false;
      case FrameType::stderr_bytes: keep(frame.payload, stderr_, watch_.on_stderr); return false;
      case FrameType::failure: {
        TRY(Error error, decode_failure(frame.payload));
        return std::unexpected(std::move(error));
      }
      case FrameType::report: {
        TRY(report_, decode_report(frame.payload));
        report_.stdout_bytes = std::move(stdout_);
        report_.stderr_bytes = std::move(stderr_);
        return true;
      }
      default: return fail(ErrorCode::internal, "the runner said something unexpected");
    }
  }

  // The bound is for the record; whoever watches gets all of it.
  void keep(const Bytes& bytes, Bytes& into, const std::function<void(ByteView)>& callback) const {
    const std::size_t kept = std::min(bytes.size(), output_bytes_max_ - into.size());
    into.insert(into.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept));
    if (callback) callback(bytes);
  }

  const Channel& runner_;
  const Runner::Watch& watch_;
  std::size_t output_bytes_max_;
  int cancel_fd_;
  FrameReader frames_{report_bytes_max};
  RunReport report_;
  Bytes stdout_;
  Bytes stderr_;
};

}  // namespace

Result<intake::JobIdentity> job_identity() {
  TRY(const UserMapping mapping, choose_user_mapping());
  return mapping.identity;
}

Result<PolicyId> policy_in_use(const SandboxSpec&) {
  TRY(CompiledPolicy policy, compile_default_policy());
  return PolicyId{std::move(policy.name), policy.hash};
}

Result<Runner> Runner::open(const std::filesystem::path& program) {
  std::filesystem::path path = program;
  if (path.empty()) {
    std::error_code error;
    path = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "mayfly-runner";
    if (error) return fail(ErrorCode::unavailable, "finding this program: " + error.message());
  }
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.borrow(), &status) != 0) {
    Error error = errno_error(errno, "opening " + path.string());
    return fail(error.code(),
                error.message() + " (mayfly-runner belongs beside mayfly; install it there)");
  }
  if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0) {
    return fail(ErrorCode::unavailable, path.string() + " is not an executable file");
  }
  TRY(const crypto::Sha256 digest, digest_of(file));
  // Of runners that were killed together with their clients, which could not clean up after them.
  static_cast<void>(sweep_stale_cgroups());
  TRY(UniqueFd kept, move_up(file));
  return Runner(path, digest, std::make_shared<const UniqueFd>(std::move(kept)));
}

Result<RunReport> Runner::run(const SandboxSpec& spec, const intake::Dataset* dataset,
                              const Watch& watch) const {
  Phases phases;
  phases.mark("asked");
  const std::vector<Phase> asked = phases.take();
  const RunRequest request = make_request(spec, dataset);
  CHECK_OK(check_request(request));
  TRY(RunnerProcess runner, RunnerProcess::spawn(*opened_));
  Conversation conversation(runner.channel(), watch, spec.limits.output_bytes);
  // A runner that dies while it is being told shows up as the end of the conversation.
  const auto sent = send_request(runner.channel(), request, dataset);
  TRY(auto report, conversation.listen());
  const std::string end = runner.wait();
  if (!report) {
    static_cast<void>(sweep_stale_cgroups());
    return fail(ErrorCode::internal, "mayfly-runner ended without a report (" + end + ")" +
                                         (sent ? std::string() : ": " + sent.error().message()));
  }
  if (end != "exited with 0") {
    return fail(ErrorCode::internal, "mayfly-runner " + end + " after its report");
  }
  report->phases.insert(report->phases.begin(), asked.front());
  phases.mark("runner gone");
  report->phases.push_back(phases.take().front());
  return std::move(*report);
}

}  // namespace mayfly::executor
