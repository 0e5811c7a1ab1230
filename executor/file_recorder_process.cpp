#include "executor/file_recorder_process.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/file_io.hpp"
#include "executor/file_recorder.hpp"
#include "executor/image.hpp"
#include "executor/privileges.hpp"
#include "executor/program_digests.hpp"
#include "executor/recorded_calls.hpp"
#include "executor/seccomp_policy.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

// Linux 6.6; headers of Debian 12 are older. With it the kernel wakes us on the caller's processor.
constexpr unsigned long notif_set_flags = _IOW('!', 4, std::uint64_t);
constexpr std::uint64_t notif_sync_wake_up = 1;

constexpr std::size_t unhashed_files_max = 128;
constexpr std::size_t known_threads_max = 4096;
constexpr std::size_t told_bytes = std::size_t{24} * 1024;  // events are told so many at a time

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Result<void> keep_only_ptrace() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  constexpr std::uint32_t ptrace = 1U << CAP_SYS_PTRACE;
  const __user_cap_data_struct kept[2]{{ptrace, ptrace, 0}, {}};
  if (::syscall(SYS_capset, &header, kept) != 0) {
    return fail_errno("dropping the file recorder's capabilities");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("setting no_new_privs");
  return {};
}

// The job's own bound, so that a truncate(2) of ours is one of its; the hard one stays, for the
// record itself.
Result<void> limit_file_size(std::int64_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return fail_errno("reading RLIMIT_FSIZE");
  limit.rlim_cur = std::min(static_cast<rlim_t>(bytes), limit.rlim_max);
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return fail_errno("setting RLIMIT_FSIZE");
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);  // a stream that nobody reads any more
  return {};
}

Result<void> lift_file_size() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return fail_errno("reading RLIMIT_FSIZE");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return fail_errno("setting RLIMIT_FSIZE");
  return {};
}

// The value: /proc of our own pid namespace.
Result<UniqueFd> enter_sandbox(const FileRecorderTask& task) {
  if (::prctl(PR_SET_NAME, "mayfly-recorder") != 0) return fail_errno("naming the file recorder");
  UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return fail_errno("opening /proc");
  const int kept[] = {task.sandbox.borrow(), task.listener.fd().borrow(),
                      task.supervisor.fd().borrow(), task.record.borrow(), proc.borrow()};
  CHECK_OK(close_all_but(kept));
  constexpr int namespaces =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (::setns(task.sandbox.borrow(), namespaces) != 0) {
    return fail_errno("entering the sandbox");
  }
  CHECK_OK(become_job_user(task.user));
  CHECK_OK(keep_only_ptrace());
  // Changing the user has cleared it; and the supervisor may have died before that.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail_errno("binding the recorder to us");
  if (::getppid() != task.parent) return fail(ErrorCode::internal, "the supervisor is gone");
  return proc;
}

struct Ordered {
  RecorderOrder order;
  DigestTable remembered;
};

// Absent: there will be no run.
Result<std::optional<Ordered>> receive_order(const Channel& supervisor) {
  FrameReader frames(request_bytes_max);
  Ordered ordered;
  for (;;) {
    TRY(auto message, supervisor.receive());
    if (!message) return std::optional<Ordered>();
    TRY(auto frame, frames.accept(std::move(*message)));
    if (!frame) continue;
    if (frame->type == FrameType::digests && frame->descriptors.size() == 1) {
      TRY(ordered.remembered, DigestTable::map(frame->descriptors.front()));
      continue;
    }
    TRY(ordered.order, decode_recorder_order(frame->payload));
    return std::optional(std::move(ordered));
  }
}

// Absent: the job's process ended before it could name one.
Result<UniqueFd> take_listener(Channel channel, pid_t job) {
  TRY(const auto message, channel.receive());
  if (!message) return UniqueFd();
  std::int32_t number = -1;
  if (message->bytes.size() != sizeof number) {
    return fail(ErrorCode::internal, "the job's process named no listener");
  }
  std::memcpy(&number, message->bytes.data(), sizeof number);
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, job, 0)));
  if (!process && errno == ESRCH) return UniqueFd();
  UniqueFd listener(static_cast<int>(::syscall(SYS_pidfd_getfd, process.borrow(), number, 0)));
  // EBADF: what an older kernel says of a process that is ending.
  if (!listener && (errno == ESRCH || errno == EBADF)) return UniqueFd();
  if (!listener) return fail_errno("taking the listener of the job's calls");
  // An older kernel has no such call, and is only slower.
  static_cast<void>(::ioctl(listener.borrow(), notif_set_flags, notif_sync_wake_up));
  const std::uint8_t taken = 1;
  CHECK_OK(channel.send({&taken, 1}));
  return listener;
}

class Recording {
 public:
  Recording(const UniqueFd& listener, const Channel& supervisor, const JobPaths& paths,
            RecordedCalls calls, DigestTable remembered)
      : listener_(listener),
        supervisor_(supervisor),
        paths_(paths),
        calls_(std::move(calls)),
        digests_(std::move(remembered)) {}

  Result<void> serve();
  // What has not been told yet.
  Result<void> tell();
  Result<std::vector<ImageFile>> finish() &&;

 private:
  Result<void> on_supervisor();
  Result<void> answer(const NotifiedCall& call, MadeCall made);
  Result<void> write_down(const NotifiedCall& call, const FileEvent& made);
  void encode_last();
  Result<void> digest(const MadeCall& made);
  std::int32_t inner_thread(pid_t thread);

  const UniqueFd& listener_;
  const Channel& supervisor_;
  const JobPaths& paths_;
  RecordedCalls calls_;
  ProgramDigests digests_;
  std::set<std::pair<std::string, ProgramDigests::Slot>> seen_;
  struct Used {
    std::string path;
    std::uint64_t size_bytes;
    ProgramDigests::Slot slot;
  };
  std::vector<Used> used_;
  std::unordered_map<pid_t, std::int32_t> threads_;
  Bytes untold_;
  std::optional<FileEvent> last_;  // not encoded yet: answering it may still fail
  std::uint64_t recorded_ = 0;     // events
  std::uint64_t recorded_bytes_ = 0;
};

Result<void> Recording::serve() {
  for (;;) {
    pollfd waiting[] = {{listener_.borrow(), POLLIN, 0},
                        {calls_.blocking().ready().borrow(), POLLIN, 0},
                        {supervisor_.fd().borrow(), POLLIN, 0}};
    const int ready = ::poll(waiting, 3, digests_.work_left() ? 0 : -1);
    if (ready < 0 && errno != EINTR) return fail_errno("waiting for calls of the job");
    if (ready == 0) CHECK_OK(digests_.work());
    if (ready <= 0) continue;
    if (waiting[2].revents != 0) CHECK_OK(on_supervisor());
    if ((waiting[1].revents & POLLIN) != 0) {
      for (auto& [call, made] : calls_.blocking().take()) {
        CHECK_OK(answer(call, std::move(made)));
      }
    }
    if ((waiting[0].revents & POLLIN) != 0) {
      TRY(const auto call, NotifiedCall::receive(listener_));
      if (!call) continue;
      TRY(auto made, calls_.make(*call));
      if (made) CHECK_OK(answer(*call, std::move(*made)));
    } else if ((waiting[0].revents & (POLLHUP | POLLERR)) != 0) {
      return {};  // no process is left that could call
    }
  }
}

Result<void> Recording::on_supervisor() {
  TRY(const auto message, supervisor_.receive());
  if (!message) return fail(ErrorCode::internal, "the supervisor is gone");
  return tell();
}

// Written down before it is answered: what the job knows has happened is in the record.
Result<void> Recording::answer(const NotifiedCall& call, MadeCall made) {
  if (made.written_down == MadeCall::WrittenDown::yes) CHECK_OK(write_down(call, made.event));
  if (made.event.error != 0) return call.answer_error(listener_, made.event.error);
  if (!made.opened) return call.answer_value(listener_, made.value);
  CHECK_OK(digest(made));
  const auto given = call.give_descriptor(listener_, made.opened, made.on_exec);
  // Ours is closed before the caller goes on: to the kernel it is the same open file, with its
  // locks, and a program that is open for writing cannot be executed.
  made.opened.reset();
  if (given) return call.answer_value(listener_, *given);
  if (made.written_down == MadeCall::WrittenDown::yes) last_->error = given.error();
  return call.answer_error(listener_, given.error());
}

Result<void> Recording::write_down(const NotifiedCall& call, const FileEvent& made) {
  encode_last();
  if (untold_.size() >= told_bytes) CHECK_OK(tell());
  FileEvent event = made;
  event.at_us = now_us();
  event.pid = inner_thread(call.thread());
  recorded_bytes_ += event.path.size() + event.second.size();
  if (recorded_ == file_events_max || recorded_bytes_ > file_record_bytes_max) {
    return fail(ErrorCode::limit, std::to_string(recorded_) +
                                      " calls that name a file are recorded, and the record is "
                                      "full");
  }
  ++recorded_;
  last_ = std::move(event);
  return {};
}

void Recording::encode_last() {
  if (last_) append_event(Event(*std::exchange(last_, std::nullopt)), untold_);
}

// A supervisor that is busy makes us wait, and so the job.
Result<void> Recording::tell() {
  encode_last();
  Bytes message{static_cast<std::uint8_t>(RecorderWord::events)};
  const auto until = static_cast<std::uint64_t>(now_us());
  for (std::size_t i = 0; i < sizeof until; ++i) {
    message.push_back(static_cast<std::uint8_t>(until >> (8 * i)));
  }
  message.insert(message.end(), untold_.begin(), untold_.end());
  untold_.clear();
  return supervisor_.send(message);
}

Result<void> Recording::digest(const MadeCall& made) {
  if (!is_of_image(made.event.path)) return {};
  struct stat status{};
  if (::fstat(made.opened.borrow(), &status) != 0) return fail_errno("looking at an opened file");
  if (!S_ISREG(status.st_mode)) return {};
  auto slot = digests_.find(status);
  if (!slot) {
    // An open of our own: the job's has its offset and its flags.
    auto own = paths_.open_again(made.opened, O_RDONLY);
    if (!own) return fail(ErrorCode::internal, made.event.path + " cannot be read to be hashed");
    TRY(slot, digests_.add(std::move(*own), status));
    while (digests_.waiting() > unhashed_files_max) CHECK_OK(digests_.work());
  }
  if (!seen_.emplace(made.event.path, *slot).second) return {};
  if (used_.size() == image_files_max) {
    return fail(ErrorCode::limit, "more files of the image were opened than can be recorded");
  }
  used_.push_back({made.event.path, static_cast<std::uint64_t>(status.st_size), *slot});
  return {};
}

// By the number we know it by: it is not used again while the job runs, short of four million
// processes.
std::int32_t Recording::inner_thread(pid_t thread) {
  if (const auto known = threads_.find(thread); known != threads_.end()) return known->second;
  const auto numbers = paths_.numbers(thread);
  if (!numbers) return 0;
  if (threads_.size() == known_threads_max) threads_.clear();
  threads_.emplace(thread, numbers->thread);
  return numbers->thread;
}

Result<std::vector<ImageFile>> Recording::finish() && {
  CHECK_OK(digests_.finish());
  std::vector<ImageFile> files;
  files.reserve(used_.size());
  for (Used& used : used_) {
    files.push_back({std::move(used.path), digests_.digest(used.slot), used.size_bytes});
  }
  return files;
}

Result<void> record_files(FileRecorderTask& task) {
  TRY(UniqueFd proc, enter_sandbox(task));
  const auto ready = static_cast<std::uint8_t>(RecorderWord::ready);
  CHECK_OK(task.supervisor.send({&ready, 1}));
  TRY(auto ordered, receive_order(task.supervisor));
  if (!ordered) return {};
  RecorderOrder& order = ordered->order;
  CHECK_OK(limit_file_size(order.file_bytes_max));
  // Before the job's process is answered, which then waits for nothing but us.
  std::set<long> refused = calls_refused_by_the_recorder(order.policy);
  const JobPaths paths(std::move(proc));
  TRY(BlockingCalls blocking, BlockingCalls::create());
  TRY(const UniqueFd listener, take_listener(std::move(task.listener), order.job));
  if (!listener) return {};
  Recording recording(listener, task.supervisor, paths,
                      RecordedCalls(listener, paths,
                                    {.known = std::move(order.known),
                                     .loopback_port = order.loopback_port,
                                     .refused = std::move(refused),
                                     .seed = order.seed},
                                    std::move(blocking)),
                      std::move(ordered->remembered));
  const auto served = recording.serve();
  // A record that is full ends the job, and is kept as far as it goes.
  if (!served && served.error().code() != ErrorCode::limit) return served;
  CHECK_OK(recording.tell());
  TRY(const std::vector<ImageFile> files, std::move(recording).finish());
  CHECK_OK(lift_file_size());
  CHECK_OK(write_all(task.record, encode_image_files(files)));
  return served;
}

}  // namespace

void run_file_recorder(FileRecorderTask task) {
  const auto recorded = record_files(task);
  if (!recorded) {
    Bytes message{static_cast<std::uint8_t>(RecorderWord::failure)};
    const Bytes error = encode_failure(recorded.error());
    message.insert(message.end(), error.begin(), error.end());
    static_cast<void>(task.supervisor.send(message));
  }
  ::_exit(recorded ? 0 : 1);
}

}  // namespace mayfly::executor
