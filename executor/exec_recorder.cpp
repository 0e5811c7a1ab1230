#include "executor/exec_recorder.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/read_through.hpp"
#include "executor/image.hpp"
#include "executor/proc_files.hpp"
#include "executor/seccomp_policy.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

// A process may be killed at any time, also while it is stopped for us: the call then says ESRCH,
// and its end is the next thing that wait4 tells.
Result<void> trace(int request, pid_t pid, unsigned long data) {
  if (::ptrace(static_cast<__ptrace_request>(request), pid, nullptr, data) == 0) return {};
  if (errno == ESRCH) return {};
  return fail_errno("tracing the job");
}

Result<unsigned long> event_message(pid_t pid) {
  unsigned long message = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &message) != 0 && errno != ESRCH) {
    return fail_errno("asking what a process of the job did");
  }
  return message;
}

bool is_stopped(pid_t pid) {
  unsigned long message = 0;
  return ::ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &message) == 0;
}

constexpr int restart_always = 513;  // ERESTARTNOINTR, of include/linux/errno.h

struct SystemCall {
  long number = 0;
  unsigned long first_argument = 0;
  unsigned long second_argument = 0;
  long result = 0;  // at its end
};

// About to run a signal's handler in the middle of a call that was waiting for the file recorder:
// the calls that it answers are never interrupted by the kernel itself, so the job must not see
// EINTR. The call begins anew when the handler is done, whatever SA_RESTART says.
void begin_recorded_call_anew(pid_t pid) {
  constexpr int restart_if_wanted = 512;  // ERESTARTSYS, of include/linux/errno.h
  user_regs_struct registers{};
  iovec area{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &area) != 0) return;
#if defined(__x86_64__)
  const bool waited = static_cast<std::int64_t>(registers.rax) == -restart_if_wanted &&
                      is_recorded_call(static_cast<long>(registers.orig_rax));
  registers.rax = static_cast<unsigned long long>(-std::int64_t{restart_always});
#elif defined(__aarch64__)
  const bool waited = static_cast<std::int64_t>(registers.regs[0]) == -restart_if_wanted &&
                      is_recorded_call(static_cast<long>(registers.regs[8]));
  registers.regs[0] = static_cast<unsigned long long>(-std::int64_t{restart_always});
#endif
  if (waited) ::ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &area);
}

// The call that a stopped process is in, or was killed for.
std::optional<SystemCall> system_call_of(pid_t pid) {
  user_regs_struct registers{};
  iovec into{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &into) != 0) return std::nullopt;
#if defined(__x86_64__)
  return SystemCall{static_cast<long>(registers.orig_rax), registers.rdi, registers.rsi,
                    static_cast<long>(registers.rax)};
#elif defined(__aarch64__)
  return SystemCall{static_cast<long>(registers.regs[8]), registers.regs[0], registers.regs[1],
                    static_cast<long>(registers.regs[0])};
#endif
}

// Word by word: a traced process can always be read this way. Cut where its memory ends.
std::string text_in(pid_t pid, unsigned long address) {
  std::string text;
  while (text.size() < PATH_MAX) {
    errno = 0;
    const unsigned long start = address & ~(sizeof(long) - 1);
    const long word = ::ptrace(PTRACE_PEEKDATA, pid, start, nullptr);
    if (word == -1 && errno != 0) return text;
    std::array<char, sizeof word> bytes;
    std::memcpy(bytes.data(), &word, sizeof word);
    for (std::size_t i = address - start; i < bytes.size(); ++i, ++address) {
      if (bytes[i] == '\0') return text;
      text.push_back(bytes[i]);
    }
  }
  return text;
}

// What execve(2) or execveat(2) asks for.
std::string asked_program(pid_t pid, const SystemCall& call) {
  if (call.number == SYS_execve) return text_in(pid, call.first_argument);
  const std::string path = text_in(pid, call.second_argument);
  const int directory = static_cast<int>(call.first_argument);
  if (path.starts_with('/') || directory == AT_FDCWD) return path;
  return "descriptor " + std::to_string(directory) + (path.empty() ? "" : "/" + path);
}

// Of clone(2); clone3 does not exist for a job. By its flags, because a short thread may be gone
// again before we hear of its start.
bool is_making_a_thread(pid_t pid) {
  const auto call = system_call_of(pid);
  return call && call->number == SYS_clone && (call->first_argument & CLONE_THREAD) != 0;
}

std::int32_t exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool is_stop_signal(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

std::vector<std::string> split_arguments(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// Too long to keep, too telling to drop: its first argument, and a digest of all of it.
Result<std::vector<std::string>> digest_arguments(const UniqueFd& file, std::string_view begin) {
  crypto::Sha256Hasher hasher;
  hasher.update(bytes_of(begin));
  std::uint64_t size = begin.size();
  CHECK_OK(read_through(file, "reading a program's arguments", [&](ByteView bytes) {
    hasher.update(bytes);
    size += bytes.size();
  }));
  const std::size_t first_end = std::min(begin.find('\0'), std::size_t{1024});
  return std::vector<std::string>{
      std::string(begin.substr(0, first_end)),
      "[" + std::to_string(size) + " bytes, " + crypto::to_text(std::move(hasher).finish()) + "]"};
}

Result<std::vector<std::string>> read_arguments(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("opening a program's arguments");
  std::string text(arguments_recorded_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.borrow(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading a program's arguments");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  if (size > arguments_recorded_bytes_max) return digest_arguments(file, text);
  return split_arguments(text);
}

Result<std::string> read_executable_path(pid_t pid) {
  const std::string link = "/proc/" + std::to_string(pid) + "/exe";
  std::string path(text_bytes_max, '\0');
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  if (size < 0) return fail_errno("reading which program a process runs");
  path.resize(static_cast<std::size_t>(size));
  return path;
}

constexpr std::size_t maps_bytes_max = 64 * 1024;

std::size_t bytes_in(const ExecEvent& event) {
  std::size_t bytes = event.path.size();
  for (const std::string& argument : event.argv) bytes += argument.size() + sizeof(std::uint32_t);
  return bytes;
}

}  // namespace

Result<void> ExecRecorder::seize(pid_t job, Clock::time_point started) {
  constexpr unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
                                    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT |
                                    PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;
  if (::ptrace(PTRACE_SEIZE, job, nullptr, options) != 0) {
    Error error = errno_error(errno, "tracing the job's process");
    return fail(ErrorCode::unavailable,
                error.message() +
                    " (sysctl kernel.yama.ptrace_scope must be 0 or 1, and no other "
                    "tracer may hold it)");
  }
  job_ = job;
  started_ = started;
  processes_ = 1;
  live_.insert(job);
  return {};
}

Result<void> ExecRecorder::on_wait(pid_t pid, int status) {
  if (WIFSTOPPED(status)) return on_stop(pid, status);
  on_end(pid, status);
  return {};
}

Result<void> ExecRecorder::on_stop(pid_t pid, int status) {
  const int signal = WSTOPSIG(status);
  switch (status >> 16) {
    case PTRACE_EVENT_SECCOMP: {
      CHECK_OK(on_exec_asked(pid));
      return trace(PTRACE_SYSCALL, pid, 0);  // up to its end
    }
    case PTRACE_EVENT_EXEC: {
      TRY(const unsigned long thread, event_message(pid));  // that asked, and has this number now
      asked_.erase(static_cast<pid_t>(thread));
      CHECK_OK(on_exec(pid));
      if (denied_) return {};  // It stays where it is until everything is killed.
      break;
    }
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE: {
      if (is_making_a_thread(pid)) break;
      TRY(const unsigned long child, event_message(pid));
      ++processes_;
      live_.insert(static_cast<pid_t>(child));
      break;
    }
    case PTRACE_EVENT_EXIT: {
      TRY(const unsigned long ending, event_message(pid));
      const int how = static_cast<int>(ending);
      if (pid == job_ && WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS) {
        if (const auto call = system_call_of(pid)) refused_call_ = call->number;
      }
      break;
    }
    case PTRACE_EVENT_STOP:
      // A group stop: it stays stopped, and a SIGCONT still reaches it.
      if (is_stop_signal(signal)) return trace(PTRACE_LISTEN, pid, 0);
      break;
    default:
      if (signal == (SIGTRAP | 0x80)) {
        CHECK_OK(on_exec_failed(pid));
        break;
      }
      // About to get a signal: let it.
      begin_recorded_call_anew(pid);
      return trace(PTRACE_CONT, pid, static_cast<unsigned long>(signal));
  }
  return trace(PTRACE_CONT, pid, 0);
}

Result<void> ExecRecorder::on_exec(pid_t pid) {
  auto record = read_execution(pid);
  if (!record) {
    if (!is_stopped(pid)) return {};  // Killed meanwhile: no instruction of the program has run.
    if (record.error().code() != ErrorCode::unavailable) {
      return std::unexpected(std::move(record).error());
    }
    deny("exec of a program that could not be recorded: " + record.error().message());
    return {};
  }
  const auto& event = std::get<ExecEvent>(record->event);
  const std::size_t bytes = bytes_in(event);
  if (executions_ == executions_max || recorded_bytes_ + bytes > record_bytes_max) {
    deny("exec: " + std::to_string(executions_) +
         " program executions are recorded, and the record is full");
    return {};
  }
  CHECK_OK(judge(pid, *record));
  if (random_ && !denied_) prepare(pid, event);
  if (const auto before = images_.find(pid); before != images_.end()) {
    recorded_.push_back(
        {.event = ExecEnd{
             .at_us = event.at_us, .pid = before->second, .exit_code = 0, .replaced = true}});
  }
  images_[pid] = event.pid;
  recorded_bytes_ += bytes;
  ++executions_;
  recorded_.push_back(std::move(*record));
  return {};
}

Result<void> ExecRecorder::on_exec_asked(pid_t pid) {
  // Another filter, of the job's own, may send us any call; only these are ours.
  const auto call = system_call_of(pid);
  if (!call || (call->number != SYS_execve && call->number != SYS_execveat)) return {};
  asked_[pid] = asked_program(pid, *call);
  return {};
}

Result<void> ExecRecorder::on_exec_failed(pid_t pid) {
  auto asked = asked_.extract(pid);
  const auto call = system_call_of(pid);
  if (asked.empty() || !call || call->result >= 0) return {};
  if (call->result == -restart_always) return {};  // it begins anew, and is asked for again
  recorded_bytes_ += asked.mapped().size();
  if (attempts_ == executions_max || recorded_bytes_ > record_bytes_max) {
    deny("exec: " + std::to_string(attempts_) +
         " executions that failed are recorded, and the record is full");
    return {};
  }
  ++attempts_;
  FileEvent attempt;
  attempt.at_us = now_us();
  if (const auto status = read_status(pid)) attempt.pid = status->inner;
  attempt.call = FileCall::execute;
  attempt.error = static_cast<std::int32_t>(-call->result);
  attempt.path = std::move(asked.mapped());
  recorded_.push_back({.event = std::move(attempt)});
  return {};
}

Result<ExecRecorder::Record> ExecRecorder::read_execution(pid_t pid) {
  Record record{.event = ExecEvent{}};
  auto& event = std::get<ExecEvent>(record.event);
  event.at_us = now_us();
  TRY(event.path, read_executable_path(pid));
  TRY(event.argv, read_arguments(pid));
  CHECK_OK(check_confined(pid, event));
  return record;
}

void ExecRecorder::prepare(pid_t pid, const ExecEvent& event) {
  std::array<std::uint8_t, 16> bytes{};
  random_->fill(SeededRandom::Source::image, event.pid, bytes);
  const auto prepared = prepare_image(pid, bytes);
  if (!prepared && is_stopped(pid)) {
    deny("exec " + event.path + ": its image could not be seeded: " + prepared.error().message());
  }
}

// What the kernel says of this process, not what we asked for.
Result<void> ExecRecorder::check_confined(pid_t pid, ExecEvent& event) const {
  TRY(const ProcessStatus status, read_status(pid));
  event.pid = status.inner;
  event.parent = 1;  // pid 1 is not traced; everybody else's number is read
  if (pid != job_) {
    // A parent that is gone has left its child to pid 1.
    if (const auto parent = read_status(status.parent)) event.parent = parent->inner;
  }
  std::string lack;
  for (const std::uint32_t uid : status.uids) {
    if (uid != user_.outside_uid) lack = "another user";
  }
  for (const std::uint32_t gid : status.gids) {
    if (gid != user_.outside_gid) lack = "another group";
  }
  if (status.capabilities != 0) lack = "capabilities";
  if (status.no_new_privileges != 1) lack = "no_new_privs unset";
  if (status.seccomp_mode != 2) lack = "no system call filter";
  if (lack.empty()) return {};
  return fail(ErrorCode::internal, "a program of the job was about to run with " + lack);
}

Result<void> ExecRecorder::judge(pid_t pid, Record& record) {
  auto& event = std::get<ExecEvent>(record.event);
  const std::string path = "/proc/" + std::to_string(pid) + "/exe";
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.borrow(), &status) != 0) {
    event.denied = true;
    deny("exec " + event.path + ": not readable, so it could not be recorded");
    return {};
  }
  event.size_bytes = static_cast<std::uint64_t>(status.st_size);
  if (!tools_.allows(status)) {
    event.denied = true;
    deny("exec " + event.path + ": not among the tools");
  }
  TRY(record.digest, digests_.add(std::move(file), status));
  if (is_of_image(event.path)) note_image_file(event.path, event.size_bytes, *record.digest);
  if (!looked_into_.insert(*record.digest).second) return {};
  return note_interpreter(pid, event.path);
}

// At the EXEC stop a process has its program and its interpreter mapped, and nothing else of a
// file.
Result<void> ExecRecorder::note_interpreter(pid_t pid, const std::string& program) {
  TRY(const std::string maps, read_proc(pid, "maps", maps_bytes_max));
  std::string_view rest = maps;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t at = line.find('/');
    if (at == std::string_view::npos) continue;
    const std::string path(line.substr(at));
    if (path == program || interpreters_.contains(path)) continue;
    const std::string from_here = "/proc/" + std::to_string(pid) + "/root" + path;
    UniqueFd file(::open(from_here.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || ::fstat(file.borrow(), &status) != 0) {
      deny("exec " + program + ": its interpreter is not readable, so it could not be recorded");
      return {};
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    TRY(const ProgramDigests::Slot slot, digests_.add(std::move(file), status));
    interpreters_.insert(path);
    note_image_file(path, size, slot);
  }
  return {};
}

void ExecRecorder::note_image_file(const std::string& path, std::uint64_t size,
                                   ProgramDigests::Slot digest) {
  image_files_.emplace(std::pair(path, digest), size);
  if (image_files_.size() > image_files_max) {
    deny("exec " + path + ": more files of the image were executed than can be recorded");
  }
}

void ExecRecorder::deny(const std::string& what) {
  if (!denied_) denied_ = Denied{what.substr(0, text_bytes_max)};
}

void ExecRecorder::on_end(pid_t pid, int status) {
  live_.erase(pid);
  asked_.erase(pid);
  if (pid == job_) job_status_ = status;
  if (const auto image = images_.find(pid); image != images_.end()) {
    recorded_.push_back(
        {.event =
             ExecEnd{.at_us = now_us(), .pid = image->second, .exit_code = exit_code_of(status)}});
    images_.erase(image);
  }
}

std::int64_t ExecRecorder::now_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_).count();
}

Result<std::vector<ImageFile>> ExecRecorder::finish() {
  CHECK_OK(digests_.finish());
  for (const auto& [pid, inner] : std::exchange(images_, {})) {
    recorded_.push_back({.event = ExecEnd{.at_us = now_us(), .pid = inner, .exit_code = -SIGKILL}});
  }
  std::vector<ImageFile> files;
  files.reserve(image_files_.size());
  for (const auto& [file, size] : image_files_) {
    files.push_back({file.first, digests_.digest(file.second), size});
  }
  return files;
}

}  // namespace mayfly::executor
