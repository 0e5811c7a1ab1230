#include "executor/file_recorder.hpp"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "executor/file_recorder_process.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

Result<UniqueFd> make_record() {
  UniqueFd fd(static_cast<int>(::memfd_create("mayfly-record", MFD_CLOEXEC)));
  if (!fd) return fail_errno("making memory for the record of files");
  return fd;
}

Result<FileRecord> read_record(const UniqueFd& fd) {
  const off_t size = ::lseek(fd.borrow(), 0, SEEK_END);
  if (size < 0) return fail_errno("reading the record of files");
  if (size == 0) return FileRecord{};
  const auto length = static_cast<std::size_t>(size);
  void* memory = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd.borrow(), 0);
  if (memory == MAP_FAILED) return fail_errno("reading the record of files");
  auto record = decode_file_record({static_cast<const std::uint8_t*>(memory), length});
  ::munmap(memory, length);
  return record;
}

}  // namespace

Result<FileRecorder> FileRecorder::start(const LiveSandbox& sandbox, Job job) {
  TRY(auto ends, Channel::pair());
  TRY(UniqueFd record, make_record());
  const pid_t parent = ::getpid();
  int pidfd = -1;
  // The system call itself, as for the sandbox: a sanitizer's fork() makes a thread in the child,
  // and a process with threads cannot enter a user namespace.
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<__u64>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return fail_errno("making the file recorder's process");
  if (pid == 0) {
    run_file_recorder({.parent = parent,
                       .sandbox = sandbox.pidfd(),
                       .job = sandbox.job(),
                       .user = job.user,
                       .known = std::move(job.known),
                       .remembered = std::move(job.remembered),
                       .file_bytes_max = job.file_bytes_max,
                       .loopback_port = job.loopback_port,
                       .policy = std::move(job.policy),
                       .seed = job.seed,
                       .listener = std::move(job.listener),
                       .supervisor = std::move(ends.second),
                       .record = record});
  }
  FileRecorder recorder(static_cast<pid_t>(pid), UniqueFd(pidfd), std::move(ends.first),
                        std::move(record));
  static_cast<void>(Channel(std::move(ends.second)));  // or its end would never be seen
  CHECK_OK(recorder.wait_until_ready());
  return recorder;
}

Result<void> FileRecorder::wait_until_ready() const {
  TRY(const auto message, channel_.receive_within(setup_step_ms_max));
  if (!message) return fail(ErrorCode::internal, "the file recorder died while starting");
  if (message->bytes.size() == 1) return {};
  TRY(Error error, decode_failure(message->bytes));
  return std::unexpected(std::move(error).while_doing("recording the job's files"));
}

FileRecorder::FileRecorder(FileRecorder&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      channel_(std::move(other.channel_)),
      record_(std::move(other.record_)) {}

FileRecorder::~FileRecorder() {
  if (pid_ == 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.borrow(), SIGKILL, nullptr, 0);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<void> FileRecorder::on_end(int status) {
  pid_ = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  auto message = channel_.receive_within(0);
  if (message && *message) {
    TRY(Error error, decode_failure((*message)->bytes));
    return std::unexpected(std::move(error).while_doing("recording the job's files"));
  }
  const std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                              : "status " + std::to_string(WEXITSTATUS(status));
  return fail(ErrorCode::internal, "the file recorder ended with " + how);
}

Result<FileRecord> FileRecorder::finish(std::chrono::steady_clock::time_point started) && {
  if (pid_ != 0) {
    pollfd waiting{pidfd_.borrow(), POLLIN, 0};
    int ready = 0;
    while ((ready = ::poll(&waiting, 1, file_record_ms_max)) < 0 && errno == EINTR) {
    }
    if (ready <= 0) return fail(ErrorCode::internal, "the file recorder did not end in time");
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) return fail_errno("waiting for the file recorder");
    CHECK_OK(on_end(status));
  }
  TRY(FileRecord record, read_record(record_));
  const std::int64_t start_us =
      std::chrono::duration_cast<std::chrono::microseconds>(started.time_since_epoch()).count();
  for (FileEvent& event : record.events) event.at_us -= start_us;
  return record;
}

}  // namespace mayfly::executor
