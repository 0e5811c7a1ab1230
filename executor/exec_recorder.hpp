// Records every program execution of a job, and stops those that are not allowed.
//
// Source    ptrace(2): PTRACE_SEIZE, PTRACE_EVENT_EXEC, "Group-stop", "PTRACE_EVENT stops".
// Shapes    At the EXEC stop the new image is in place, every other thread is gone and no
//           instruction of it has run: what /proc/PID/exe and cmdline say then cannot be forged.
//           Every process the job makes is traced from birth, and dies with the tracer.
//           An execution that fails is an attempt: by the text that was asked for, which another
//           thread may have changed meanwhile; nothing ran.
//           Arguments longer than arguments_recorded_bytes_max are recorded as their digest.
// Errors    internal: a program is about to run less confined than it should be, or a call failed.
// Threads   The thread that seized is the tracer: it alone waits and calls.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "executor/program_digests.hpp"
#include "executor/record_stream.hpp"
#include "executor/sandbox.hpp"
#include "executor/seeded.hpp"
#include "executor/tool_allow_list.hpp"
#include "executor/user_mapping.hpp"

namespace mayfly::executor {

inline constexpr std::size_t arguments_recorded_bytes_max = 16 * 1024;  // of one execution
// Of one run; paths and arguments together. A job that executes more is stopped: an incomplete
// record would claim to be complete.
inline constexpr std::size_t executions_max = 1'000'000;
inline constexpr std::size_t record_bytes_max = std::size_t{1024} * 1024 * 1024;

class ExecRecorder {
 public:
  using Clock = std::chrono::steady_clock;
  // `random`: of a seeded run; what every program finds behind AT_RANDOM is drawn from it.
  ExecRecorder(ToolAllowList tools, const UserMapping& user, DigestTable remembered,
               std::optional<SeededRandom> random)
      : tools_(std::move(tools)),
        user_(user),
        digests_(std::move(remembered)),
        random_(std::move(random)) {}

  // Before `job`, the job's first process, executes anything.
  Result<void> seize(pid_t job, Clock::time_point started);
  // One answer of wait4(2) for a process of the job; lets it go on.
  Result<void> on_wait(pid_t pid, int status);

  ProgramDigests& digests() { return digests_; }
  std::optional<int> job_status() const { return job_status_; }  // as wait(2) gives it
  // When it says so, the job must be killed: the process that was denied waits for that, stopped
  // before its first instruction, and so does whoever waits for it.
  const std::optional<Denied>& denied() const { return denied_; }
  std::optional<long> refused_call() const {
    return refused_call_;
  }  // what the filter killed it for
  std::int64_t processes() const { return processes_; }
  std::set<pid_t>& live() { return live_; }  // processes; some of them may be gone already
  bool has_executed() const { return executions_ > 0; }

  // What was recorded since the last time, in order.
  std::vector<Executed> take_recorded() { return std::exchange(recorded_, {}); }
  // Once everything is dead. What still ran then was ended by us: SIGKILL. The value: executed
  // files of the image, and ELF interpreters, which the kernel opens itself: no call of the job
  // names them.
  Result<std::vector<ImageFile>> finish();

 private:
  using Record = Executed;
  Result<void> on_stop(pid_t pid, int status);
  Result<void> on_exec(pid_t pid);
  Result<void> on_exec_asked(pid_t pid);
  Result<void> on_exec_failed(pid_t pid);
  Result<Record> read_execution(pid_t pid);
  Result<void> judge(pid_t pid, Record& record);
  void prepare(pid_t pid, const ExecEvent& event);
  Result<void> note_interpreter(pid_t pid, const std::string& program);
  Result<void> check_confined(pid_t pid, ExecEvent& event) const;
  void note_image_file(const std::string& path, std::uint64_t size, ProgramDigests::Slot digest);
  std::int64_t now_us() const;
  void on_end(pid_t pid, int status);
  void deny(const std::string& what);

  ToolAllowList tools_;
  UserMapping user_;
  ProgramDigests digests_;
  std::optional<SeededRandom> random_;
  pid_t job_ = 0;
  Clock::time_point started_;
  std::vector<Record> recorded_;
  std::size_t executions_ = 0;
  std::size_t attempts_ = 0;
  std::map<pid_t, std::string> asked_;  // by thread: the program it wants, until it runs or fails
  std::size_t recorded_bytes_ = 0;
  std::set<std::string> interpreters_;  // their paths
  std::map<std::pair<std::string, ProgramDigests::Slot>, std::uint64_t>
      image_files_;                             // their sizes
  std::set<ProgramDigests::Slot> looked_into_;  // programs whose interpreter is noted
  std::map<pid_t, std::int32_t> images_;  // processes that run a program -> their inner numbers
  std::set<pid_t> live_;
  std::int64_t processes_ = 0;
  std::optional<int> job_status_;
  std::optional<Denied> denied_;
  std::optional<long> refused_call_;
};

}  // namespace mayfly::executor
