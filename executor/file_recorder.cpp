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
#include <utility>

#include "base/byte_reader.hpp"
#include "executor/file_recorder_process.hpp"

namespace mayfly::executor {
namespace {

Result<UniqueFd> make_record() {
  UniqueFd fd(static_cast<int>(::memfd_create("mayfly-record", MFD_CLOEXEC)));
  if (!fd) return fail_errno("making memory for the record of files");
  return fd;
}

Result<std::vector<ImageFile>> read_record(const UniqueFd& fd) {
  const off_t size = ::lseek(fd.borrow(), 0, SEEK_END);
  if (size < 0) return fail_errno("reading the record of files");
  if (size == 0) return std::vector<ImageFile>();
  const auto length = static_cast<std::size_t>(size);
  void* memory = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd.borrow(), 0);
  if (memory == MAP_FAILED) return fail_errno("reading the record of files");
  auto record = decode_image_files({static_cast<const std::uint8_t*>(memory), length});
  ::munmap(memory, length);
  return record;
}

}  // namespace

Result<FileRecorder> FileRecorder::start(const LiveSandbox& sandbox, const UserMapping& user,
                                         Channel listener) {
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
                       .user = user,
                       .listener = std::move(listener),
                       .supervisor = std::move(ends.second),
                       .record = record});
  }
  FileRecorder recorder(static_cast<pid_t>(pid), UniqueFd(pidfd), std::move(ends.first),
                        std::move(record));
  static_cast<void>(Channel(std::move(ends.second)));  // or its end would never be seen
  return recorder;
}

Result<void> FileRecorder::order(const RecorderOrder& order, const UniqueFd& digests) const {
  if (digests) CHECK_OK(send_frame(channel_, FrameType::digests, {}, {&digests, 1}));
  return send_frame(channel_, FrameType::request, encode_recorder_order(order));
}

Result<void> FileRecorder::wait_until_ready() const {
  TRY(const auto message, channel_.receive_within(setup_step_ms_max));
  if (!message) return fail(ErrorCode::internal, "the file recorder died while starting");
  if (message->bytes.front() == static_cast<std::uint8_t>(RecorderWord::ready)) return {};
  TRY(Error error, decode_failure(ByteView(message->bytes).subspan(1)));
  return std::unexpected(std::move(error).while_doing("recording the job's files"));
}

FileRecorder::FileRecorder(FileRecorder&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      channel_(std::move(other.channel_)),
      record_(std::move(other.record_)),
      failure_(std::move(other.failure_)),
      asked_(other.asked_) {}

FileRecorder::~FileRecorder() {
  if (pid_ == 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.borrow(), SIGKILL, nullptr, 0);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<void> FileRecorder::hear(RecordStream& record) {
  TRY(const auto message, channel_.receive());
  if (!message) {
    static_cast<void>(std::move(channel_).release());
    return {};
  }
  const ByteView bytes = message->bytes;
  switch (static_cast<RecorderWord>(bytes.front())) {
    case RecorderWord::events: {
      asked_ = false;
      ByteReader reader(bytes.subspan(1));
      TRY(const std::uint64_t told_us, reader.take_u64_le());
      return record.add_batch(bytes.subspan(1 + sizeof told_us),
                              static_cast<std::int64_t>(told_us));
    }
    case RecorderWord::failure: {
      TRY(failure_, decode_failure(bytes.subspan(1)));
      return {};
    }
    default: return fail(ErrorCode::internal, "the file recorder said something unexpected");
  }
}

Result<void> FileRecorder::ask_for_events() {
  if (std::exchange(asked_, true)) return {};
  const auto word = static_cast<std::uint8_t>(RecorderWord::tell);
  // One that has just ended cannot be told; what it said is still to be heard.
  static_cast<void>(channel_.send({&word, 1}));
  return {};
}

// A recorder that has something to tell cannot end before it is heard.
Result<void> FileRecorder::hear_all(RecordStream& record) {
  while (told()) {
    pollfd waiting{told().borrow(), POLLIN, 0};
    int ready = 0;
    while ((ready = ::poll(&waiting, 1, file_record_ms_max)) < 0 && errno == EINTR) {
    }
    if (ready <= 0) return fail(ErrorCode::internal, "the file recorder did not end in time");
    CHECK_OK(hear(record));
  }
  return {};
}

Result<void> FileRecorder::on_end(int status, RecordStream& record) {
  pid_ = 0;
  CHECK_OK(hear_all(record));
  record.end_files();
  if (failure_) {
    return std::unexpected(std::move(*failure_).while_doing("recording the job's files"));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                              : "status " + std::to_string(WEXITSTATUS(status));
  return fail(ErrorCode::internal, "the file recorder ended with " + how);
}

Result<std::vector<ImageFile>> FileRecorder::finish(RecordStream& record) {
  if (pid_ != 0) {
    CHECK_OK(hear_all(record));
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) return fail_errno("waiting for the file recorder");
    CHECK_OK(on_end(status, record));
  }
  return read_record(record_);
}

}  // namespace mayfly::executor
