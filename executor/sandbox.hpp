// Runs one job, confined and recorded, in a fresh mayfly-runner process.
//
// Shapes    SandboxSpec in, RunReport out. The executor has never heard of certificates.
// Errors    unavailable: this machine lacks a mechanism (the message names it and the way out).
//           malformed: a spec that cannot be run (empty argv, a script name that leaves /work).
//           internal: the runner died or broke the protocol. A job that fails is not an error: it
//           is an Outcome.
// Threads   run() may be called from several threads at once.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"
#include "intake/dataset.hpp"

namespace mayfly::executor {

struct Limits {
  std::int64_t wall_ms = 300'000;
  std::int64_t cpu_ms = 300'000;
  std::int64_t memory_bytes = std::int64_t{512} * 1024 * 1024;
  std::int64_t pids = 128;
  std::int64_t open_files = 1024;
  std::int64_t disk_bytes = std::int64_t{100} * 1024 * 1024;  // /work and /tmp together, in memory
  std::int64_t disk_inodes = 16'384;
  std::int64_t output_bytes = std::int64_t{1024} * 1024;  // stdout; stderr separately, same bound
};

struct ScriptFile {
  std::string name;  // below /work, '/' between parts
  Bytes contents;
};

// Whether the files that a job leaves in /work come back with its report.
enum class LeftFiles : std::uint8_t { destroyed, taken };

// Layout the job sees: /usr (with /bin /lib ... links) and a few files of /etc read-only; /work
// (its working directory, scripts inside) and /tmp on tmpfs; /data/<name> for each dataset file;
// minimal /dev and /proc; nothing else. DATASET_PATH in the environment is set by the caller.
struct SandboxSpec {
  std::vector<std::string> argv;         // argv[0] is looked up in the image's PATH
  std::vector<std::string> environment;  // complete: nothing is inherited
  std::vector<ScriptFile> scripts;
  std::vector<std::string> tools;  // names from tools.hpp; empty = any program of the image
  std::string policy = "default";  // which system calls it may make: seccomp_policy.hpp
  // With it, what a job draws at random and its calendar are a function of this: seeded.hpp.
  std::optional<crypto::Sha256> seed{};
  Limits limits;
  LeftFiles left_files = LeftFiles::destroyed;
  // With it the job can reach 127.0.0.1 at this port, and nothing else: whoever takes
  // Watch::on_loopback_listener answers there. Absent: it reaches nothing.
  std::optional<std::uint16_t> loopback_port{};
};

struct Exited {
  int code = 0;
};
struct Signalled {
  int signal = 0;
};
struct TimedOut {};  // wall clock
enum class LimitKind : std::uint8_t { memory, cpu, pids, disk };
struct LimitHit {
  LimitKind kind = LimitKind::memory;
};
struct Denied {
  std::string what;
};  // "exec /usr/bin/curl: not among the tools", "system call 310"
struct NotStarted {
  std::string why;
};  // command not found, not executable
using Outcome = std::variant<Exited, Signalled, TimedOut, LimitHit, Denied, NotStarted>;

struct ExecEvent {         // One program execution, read from the kernel at the EXEC stop.
  std::int64_t at_us = 0;  // since execution_started
  std::int32_t pid = 0;    // inside the job's pid namespace if known, else outside; never claimed
  std::int32_t parent = 0;
  std::string path;       // of the executed object, as the kernel names it
  crypto::Sha256 digest;  // of its bytes
  std::uint64_t size_bytes = 0;
  std::vector<std::string> argv;
  bool denied = false;  // killed before its first instruction: not among the tools
  // As its ExecEnd says. Known in a report; not yet when the event is told.
  std::int32_t exit_code = 0;
  bool replaced = false;
};

// How the program that was executed last in this process ended.
struct ExecEnd {
  std::int64_t at_us = 0;
  std::int32_t pid = 0;
  std::int32_t exit_code = 0;  // 0..255, or minus the signal
  bool replaced = false;       // by a later exec of the same process
};

enum class FileCall : std::uint8_t {
  read,
  write,
  create,  // an open that may create: whether the file was there before is not told
  make_directory,
  make_node,
  remove,
  rename,
  link,
  symlink,
  truncate,
  connect,
  bind,
  refuse,   // no file: a call that the run's policy refuses; `path` is its name
  execute,  // an execution that failed, by the text given; one that succeeds is an ExecEvent
  send,     // a datagram to an address, without connect
};

// One call that names a file or an address, as the file recorder made it in the job's place.
struct FileEvent {
  std::int64_t at_us = 0;  // since execution_started
  std::int32_t pid = 0;    // of the calling thread, inside the job's pid namespace
  FileCall call = FileCall::read;
  std::int32_t error = 0;  // the errno it was answered with; 0: done
  // Of the opened object, or of its directory and its name, as the kernel names it; when the call
  // failed before that was known, the text given. "inet 192.0.2.1:80" for an address.
  std::string path{};
  std::string second{};  // rename, link: the new name; symlink: what it points to
};

// The first event of a run: times are since then.
struct RunStarted {
  UnixMillis at;
};
using Event = std::variant<RunStarted, ExecEvent, ExecEnd, FileEvent>;

// A file of the image that was executed, that the job opened, or that the kernel opened to run a
// program for it.
struct ImageFile {
  std::string path;
  crypto::Sha256 digest;
  std::uint64_t size_bytes = 0;
};

struct FileRecord {
  std::vector<FileEvent> events;  // in the order they were answered; see Watch::on_event
  std::vector<ImageFile> image_files;
};

struct Usage {
  std::int64_t cpu_ms = 0;
  std::int64_t wall_ms = 0;
  std::int64_t peak_memory_bytes = 0;
  std::int64_t processes = 0;
};

struct Teardown {  // Looked at after the job, not assumed. All zero when clean.
  std::int64_t processes_left = 0;
  std::int64_t mounts_left = 0;
  std::int64_t cgroups_left = 0;
  std::vector<std::string> scanned;
};

// A step of the run and when it was done, by this machine's steady clock. For measuring alone.
struct Phase {
  std::string name;
  std::int64_t at_us = 0;
};

struct RunReport {
  Outcome outcome;
  std::vector<ExecEvent> executions;  // see Watch::on_event
  FileRecord files;
  Usage usage;
  // With LeftFiles::taken, of a job that ended with exit code 0; left_files.hpp says which.
  std::vector<ScriptFile> left;
  Bytes stdout_bytes;  // at most Limits::output_bytes
  Bytes stderr_bytes;
  std::uint64_t stdout_total = 0;  // what the job wrote
  std::uint64_t stderr_total = 0;
  UnixMillis execution_started;
  UnixMillis execution_completed;
  std::map<std::string, std::string> confinement;  // mechanism -> what was in force
  std::map<std::string, std::string> coverage;     // Trace::coverage of the certificate
  std::string policy_name;                         // seccomp policy in force
  crypto::Sha256 policy_hash;
  Teardown teardown;
  std::vector<Phase> phases;  // in order
};

// What the run needs to know about identity before a dataset is taken in.
Result<intake::JobIdentity> job_identity();

// Digest and name of the seccomp policy a run would use: part of the sandbox description.
struct PolicyId {
  std::string name;
  crypto::Sha256 hash;
};
Result<PolicyId> policy_in_use(const SandboxSpec& spec);

// How many sandboxes are held ready for runs to come: built before anything of the run is known,
// used once, then replaced. Each is a process group of about 3 MB that waits.
struct ReadySandboxes {
  std::size_t count = 0;
};
inline constexpr std::size_t ready_sandboxes_max = 64;

class Runner {
 public:
  // `program` is mayfly-runner; by default beside the current executable. limit: `ready` over
  // ready_sandboxes_max.
  static Result<Runner> open(const std::filesystem::path& program, ReadySandboxes ready = {});

  // `dataset` may be null. `cancel_fd` readable means: stop the job now (outcome
  // Signalled{SIGKILL}). Called while the job runs, with the job's output as it comes (for
  // pass-through); may be empty.
  struct Watch {
    std::function<void(ByteView)> on_stdout;
    std::function<void(ByteView)> on_stderr;
    int cancel_fd = -1;
    // Once, before the job runs, if SandboxSpec::loopback_port is set: a socket that listens in the
    // job's own network. An error ends the run.
    std::function<Result<void>(UniqueFd)> on_loopback_listener{};
    // Each event of the record, in the order of their times, while the job runs: then nobody holds
    // them, and the report has none. An error ends the run. Absent: they are in the report.
    std::function<Result<void>(const Event&)> on_event{};
  };
  Result<RunReport> run(const SandboxSpec& spec, const intake::Dataset* dataset,
                        const Watch& watch) const;

  const crypto::Sha256& program_digest() const { return digest_; }

 private:
  struct Held;  // what all copies share
  Runner(const crypto::Sha256& digest, std::shared_ptr<Held> held)
      : digest_(digest), held_(std::move(held)) {}
  crypto::Sha256 digest_;
  std::shared_ptr<Held> held_;
};

}  // namespace mayfly::executor
