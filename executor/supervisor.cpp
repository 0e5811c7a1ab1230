#include "executor/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <thread>

#include "executor/cgroup.hpp"
#include "executor/dataset_view.hpp"
#include "executor/digest_table.hpp"
#include "executor/exec_recorder.hpp"
#include "executor/file_recorder.hpp"
#include "executor/left_files.hpp"
#include "executor/live_sandbox.hpp"
#include "executor/outcome.hpp"
#include "executor/output_relay.hpp"
#include "executor/process_sampler.hpp"
#include "executor/record_stream.hpp"
#include "executor/teardown.hpp"

namespace mayfly::executor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr Clock::time_point never = Clock::time_point::max();
constexpr milliseconds cpu_check_min{5};

UnixMillis now_unix() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<milliseconds>(now).count()};
}

ResourceLimits resource_limits(const Limits& limits, const RunCgroup& cgroup) {
  using Backstop = ResourceLimits::Backstop;
  const auto in_force = cgroup.in_force();
  const auto backstop = [&](const char* controller) {
    const auto found = in_force.find(controller);
    const bool absent = found == in_force.end() || found->second == "not enforced";
    return absent ? Backstop::absent : Backstop::present;
  };
  return {limits, backstop("cgroup_memory"), backstop("cgroup_pids")};
}

// Dataset files are memfds: the names that the job knows them by.
Result<KnownFiles> names_of(const std::vector<std::string>& names,
                            const std::vector<UniqueFd>& dataset) {
  KnownFiles known;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    struct stat status{};
    if (::fstat(dataset[i].borrow(), &status) != 0) return fail_errno("looking at a dataset file");
    known[{status.st_dev, status.st_ino}] = std::string(data_directory) + "/" + names[i];
  }
  return known;
}

// What is still needed of a request once its job runs.
struct Kept {
  UniqueFd work;  // /work of the sandbox
  LeftFiles left_files = LeftFiles::destroyed;
  std::optional<std::uint16_t> loopback_port;
  std::optional<crypto::Sha256> seed;
};

class Supervisor {
 public:
  Supervisor(BuiltSandbox built, ResourceLimits limits, Kept kept, ToolAllowList tools,
             DigestTable remembered, const Channel& client, Phases& phases)
      : plan_(std::move(built.plan)),
        policy_(std::move(built.policy)),
        resource_limits_(limits),
        limits_(limits.job),
        cgroup_(std::move(built.cgroup)),
        sandbox_(std::move(built.sandbox)),
        files_(std::move(built.files)),
        client_(client),
        phases_(phases),
        signals_(std::move(built.signals)),
        recorder_(std::move(tools), plan_.user, std::move(remembered),
                  kept.seed.transform([](const auto& seed) { return SeededRandom(seed); })),
        stdout_(std::move(built.stdout_end), FrameType::stdout_bytes),
        stderr_(std::move(built.stderr_end), FrameType::stderr_bytes),
        kept_(std::move(kept)) {}

  Result<RunReport> run();

 private:
  Result<void> release();
  Result<void> wait_for_event();
  Result<void> pass_record_on();
  Result<void> take_signals();
  Result<void> on_client();
  Result<void> reap_children();
  Result<void> hear_why_not_started();
  Result<void> check_deadlines();
  Result<void> check_cpu(Clock::time_point now);
  void check_memory(Clock::time_point now);
  Clock::time_point next_deadline() const;

  void stop(Outcome reason);  // SIGTERM, and SIGKILL after the grace
  void kill(Outcome reason);
  void kill_everything();
  Result<void> on_file_recorder_end(int status);
  void on_job_end();
  bool memory_is_sampled() const {
    return resource_limits_.memory_group == ResourceLimits::Backstop::absent;
  }

  Result<RunReport> report();
  Result<void> take_usage(RunReport& report, EndFacts& facts);
  Result<void> take_left(RunReport& report);
  Result<void> take_down(RunReport& report);
  void describe_into(RunReport& report) const;

  SandboxPlan plan_;
  CompiledPolicy policy_;
  ResourceLimits resource_limits_;
  Limits limits_;
  RunCgroup cgroup_;  // before the sandbox: it is removed after the processes are gone
  LiveSandbox sandbox_;
  FileRecorder files_;
  const Channel& client_;
  Phases& phases_;
  UniqueFd signals_;
  ExecRecorder recorder_;
  RecordStream record_;
  OutputRelay stdout_;
  OutputRelay stderr_;

  // /work of the sandbox. Held from the start: when the job ends, pid 1 may be gone with it before
  // we look at its files.
  Kept kept_;
  EndFacts facts_;
  UnixMillis started_unix_;
  UnixMillis completed_unix_;
  Clock::time_point started_;
  Clock::time_point ended_;
  Clock::time_point wall_deadline_ = never;
  Clock::time_point kill_deadline_ = never;   // SIGKILL
  Clock::time_point death_deadline_ = never;  // after SIGKILL
  Clock::time_point next_cpu_check_ = never;
  Clock::time_point next_memory_sample_ = never;
  std::int64_t sampled_memory_bytes_ = 0;
  rusage init_usage_{};
};

Result<RunReport> Supervisor::run() {
  CHECK_OK(release());
  while (!sandbox_.is_reaped()) {
    CHECK_OK(wait_for_event());
    CHECK_OK(reap_children());
    CHECK_OK(check_deadlines());
  }
  return report();
}

Result<void> Supervisor::release() {
  started_ = Clock::now();
  CHECK_OK(recorder_.seize(sandbox_.job(), started_));
  started_unix_ = now_unix();
  record_.start(started_unix_, started_);
  wall_deadline_ = started_ + milliseconds(limits_.wall_ms);
  next_cpu_check_ = started_ + cpu_check_min;
  if (memory_is_sampled()) next_memory_sample_ = started_ + milliseconds(memory_sample_ms);
  CHECK_OK(sandbox_.release());
  phases_.mark("released");
  return {};
}

Clock::time_point Supervisor::next_deadline() const {
  return std::min(
      {wall_deadline_, kill_deadline_, death_deadline_, next_cpu_check_, next_memory_sample_});
}

Result<void> Supervisor::pass_record_on() {
  record_.add(recorder_.take_recorded());
  // A storm of programs leaves us no idle time, and may be waiting for a digest.
  if (record_.needs_batch()) CHECK_OK(recorder_.digests().work());
  if (record_.is_full()) {
    kill(Denied{"exec: programs are executed faster than their record is taken"});
  }
  CHECK_OK(record_.pump(client_, recorder_.digests()));
  if (record_.wants_batch() && record_.needs_batch()) return files_.ask_for_events();
  return {};
}

Result<void> Supervisor::wait_for_event() {
  CHECK_OK(pass_record_on());
  std::array<pollfd, 5> waiting{
      pollfd{signals_.borrow(), POLLIN, 0},
      pollfd{stdout_.wants_input() ? stdout_.fd() : -1, POLLIN, 0},
      pollfd{stderr_.wants_input() ? stderr_.fd() : -1, POLLIN, 0},
      pollfd{client_.fd().borrow(), POLLIN, 0},
      pollfd{record_.wants_batch() ? files_.told().borrow() : -1, POLLIN, 0},
  };
  if (stdout_.wants_to_send() || stderr_.wants_to_send() || record_.wants_to_send()) {
    waiting[3].events |= POLLOUT;
  }
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::max(next_deadline() - Clock::now(), Clock::duration::zero()));
  timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  if (recorder_.digests().work_left()) timeout = {};
  const int ready = ::ppoll(waiting.data(), waiting.size(), &timeout, nullptr);
  if (ready < 0 && errno != EINTR) return fail_errno("waiting for the job");
  if (ready <= 0) return recorder_.digests().work();
  CHECK_OK(take_signals());
  CHECK_OK(stdout_.pump(client_));
  CHECK_OK(stderr_.pump(client_));
  if (waiting[4].revents != 0) CHECK_OK(files_.hear(record_));
  if ((waiting[3].revents & (POLLIN | POLLHUP | POLLERR)) != 0) return on_client();
  return {};
}

Result<void> Supervisor::take_signals() {
  signalfd_siginfo taken{};
  while (::read(signals_.borrow(), &taken, sizeof taken) > 0) {
    if (taken.ssi_signo != SIGCHLD) {
      return fail(ErrorCode::internal,
                  "the runner was told to stop by signal " + std::to_string(taken.ssi_signo));
    }
  }
  return {};
}

Result<void> Supervisor::on_client() {
  TRY(auto message, client_.receive());
  if (!message) return fail(ErrorCode::internal, "the client is gone");
  if (message->bytes.front() != static_cast<std::uint8_t>(FrameType::cancel)) {
    return fail(ErrorCode::malformed, "the client said something unexpected");
  }
  if (!recorder_.job_status()) kill(Signalled{SIGKILL});
  return {};
}

Result<void> Supervisor::reap_children() {
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &status, __WALL | WNOHANG, &usage);
    if (pid < 0 && errno != ECHILD) return fail_errno("waiting for the job's processes");
    if (pid <= 0) return {};
    if (pid == sandbox_.init()) {
      if (WIFSTOPPED(status)) continue;
      sandbox_.set_reaped();
      init_usage_ = usage;
      on_job_end();
      return {};
    }
    if (pid == files_.pid()) {
      CHECK_OK(on_file_recorder_end(status));
      continue;
    }
    const bool had_executed = recorder_.has_executed();
    CHECK_OK(recorder_.on_wait(pid, status));
    if (!had_executed && recorder_.has_executed()) phases_.mark("program executed");
    if (recorder_.denied()) kill(*recorder_.denied());
    if (recorder_.job_status()) on_job_end();
  }
}

// Before the job, only when it gave up: then nothing of the job can go on.
Result<void> Supervisor::on_file_recorder_end(int status) {
  const auto ended = files_.on_end(status, record_);
  if (ended) return {};
  if (ended.error().code() != ErrorCode::limit) return ended;
  kill(Denied{ended.error().message()});
  return {};
}

void Supervisor::on_job_end() {
  if (completed_unix_.value != 0) return;
  ended_ = Clock::now();
  phases_.mark("job ended");
  completed_unix_ = now_unix();
  struct statvfs space{};
  if (::fstatvfs(kept_.work.borrow(), &space) == 0) {
    facts_.disk_is_full = space.f_bavail == 0 || space.f_favail == 0;
  }
  // An open descriptor keeps the job's files.
  if (kept_.left_files == LeftFiles::destroyed) kept_.work.reset();
  kill_everything();
}

void Supervisor::stop(Outcome reason) {
  if (facts_.our_reason) return;
  facts_.our_reason = std::move(reason);
  ::kill(-sandbox_.job(), SIGTERM);
  ::kill(-sandbox_.job(), SIGCONT);  // a stopped process would not see it
  kill_deadline_ = Clock::now() + milliseconds(termination_grace_ms);
  wall_deadline_ = next_cpu_check_ = next_memory_sample_ = never;
}

void Supervisor::kill(Outcome reason) {
  if (!facts_.our_reason) facts_.our_reason = std::move(reason);
  kill_everything();
}

void Supervisor::kill_everything() {
  if (death_deadline_ != never || sandbox_.is_reaped()) return;
  sandbox_.kill();
  wall_deadline_ = kill_deadline_ = next_cpu_check_ = next_memory_sample_ = never;
  death_deadline_ = Clock::now() + milliseconds(death_ms_max);
}

Result<void> Supervisor::check_deadlines() {
  const auto now = Clock::now();
  if (now >= wall_deadline_) stop(TimedOut{});
  if (now >= kill_deadline_) kill_everything();
  if (now >= next_memory_sample_) check_memory(now);
  if (now >= next_cpu_check_) CHECK_OK(check_cpu(now));
  if (now >= death_deadline_) {
    return fail(ErrorCode::internal, "processes of the job did not die in " +
                                         std::to_string(death_ms_max) + " ms after SIGKILL");
  }
  return {};
}

Result<void> Supervisor::check_cpu(Clock::time_point now) {
  TRY(const auto counters, cgroup_.counters());
  const std::int64_t used_us =
      counters.cpu_us > 0 ? counters.cpu_us : cpu_us_of(recorder_.live(), sandbox_.init());
  const std::int64_t left_us = limits_.cpu_ms * 1000 - used_us;
  if (left_us <= 0) {
    stop(LimitHit{LimitKind::cpu});
    return {};
  }
  // All processors together cannot use up what is left any sooner.
  const auto processors = std::max(1U, std::thread::hardware_concurrency());
  next_cpu_check_ = now + std::max<Clock::duration>(
                              cpu_check_min, std::chrono::microseconds(left_us / processors));
  return {};
}

void Supervisor::check_memory(Clock::time_point now) {
  next_memory_sample_ = now + milliseconds(memory_sample_ms);
  std::int64_t bytes = resident_bytes_of(recorder_.live());
  if (bytes > limits_.memory_bytes) bytes = proportional_bytes_of(recorder_.live());
  sampled_memory_bytes_ = std::max(sampled_memory_bytes_, bytes);
  if (bytes > limits_.memory_bytes) kill(LimitHit{LimitKind::memory});
}

Result<void> Supervisor::hear_why_not_started() {
  if (recorder_.has_executed()) return {};
  // Its process is dead, so what it has said is here already.
  TRY(const auto message, sandbox_.channel().receive_within(0));
  if (!message) return {};
  const ByteView bytes = message->bytes;
  switch (static_cast<Word>(bytes.front())) {
    case Word::not_started: facts_.not_started = std::string(text_of(bytes.subspan(1))); return {};
    case Word::failed: {
      TRY(Error error, decode_failure(bytes.subspan(1)));
      return std::unexpected(std::move(error).while_doing("confining the job"));
    }
    default: return fail(ErrorCode::internal, "the job's process said something unexpected");
  }
}

Result<RunReport> Supervisor::report() {
  phases_.mark("sandbox dead");
  CHECK_OK(stdout_.drain(client_));
  CHECK_OK(stderr_.drain(client_));
  CHECK_OK(hear_why_not_started());
  facts_.job_status = recorder_.job_status();
  facts_.refused_call = recorder_.refused_call();
  RunReport report;
  CHECK_OK(take_usage(report, facts_));
  report.outcome = classify(facts_);
  CHECK_OK(take_left(report));
  TRY(std::vector<ImageFile> executed, recorder_.finish());
  record_.add(recorder_.take_recorded());
  TRY(report.files.image_files, files_.finish(record_));
  std::ranges::move(executed, std::back_inserter(report.files.image_files));
  CHECK_OK(record_.finish(client_, recorder_.digests()));
  phases_.mark("record complete");
  report.stdout_total = stdout_.total_bytes();
  report.stderr_total = stderr_.total_bytes();
  report.execution_started = started_unix_;
  report.execution_completed = completed_unix_;
  describe_into(report);
  CHECK_OK(take_down(report));
  return report;
}

Result<void> Supervisor::take_usage(RunReport& report, EndFacts& facts) {
  TRY(const auto counters, cgroup_.counters());
  facts.oom_kills = counters.oom_kills;
  facts.pids_limit_hits = counters.pids_limit_hits;
  const auto microseconds = [](const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
  };
  const std::int64_t reaped_us =
      microseconds(init_usage_.ru_utime) + microseconds(init_usage_.ru_stime);
  report.usage.cpu_ms = (counters.cpu_us > 0 ? counters.cpu_us : reaped_us) / 1000;
  report.usage.wall_ms = std::chrono::duration_cast<milliseconds>(ended_ - started_).count();
  report.usage.peak_memory_bytes =
      counters.memory_peak_bytes > 0
          ? counters.memory_peak_bytes
          : std::max(sampled_memory_bytes_, std::int64_t{init_usage_.ru_maxrss} * 1024);
  report.usage.processes = recorder_.processes();
  return {};
}

// Every process is dead: nobody changes the files any more.
Result<void> Supervisor::take_left(RunReport& report) {
  const UniqueFd work = std::move(kept_.work);
  const auto* const exited = std::get_if<Exited>(&report.outcome);
  if (!work || exited == nullptr || exited->code != 0) return {};
  auto left = take_left_files(work);
  if (left) {
    report.left = std::move(*left);
    return {};
  }
  if (left.error().code() == ErrorCode::internal) return std::unexpected(std::move(left).error());
  report.outcome = Denied{left.error().message()};
  return {};
}

void Supervisor::describe_into(RunReport& report) const {
  report.confinement = cgroup_.in_force();
  report.confinement.merge(describe(resource_limits_));
  report.confinement.merge(describe_root(limits_, plan_.scratch));
  report.confinement["user"] = describe(plan_.user);
  report.confinement["namespaces"] = "user mount pid net ipc uts cgroup";
  const auto port = kept_.loopback_port;
  report.confinement["network"] =
      port ? "own namespace, only loopback up, to reach 127.0.0.1:" + std::to_string(*port)
           : "own namespace without any interface up";
  report.confinement["capabilities"] = "none, bounding set empty, securebits locked";
  report.confinement["no_new_privs"] = "set";
  report.confinement["landlock"] = describe(plan_.landlock);
  report.confinement["seccomp"] = policy_.name + " " + crypto::to_text(policy_.hash);
  if (kept_.seed) report.confinement["randomness"] = seeded_in_words;
  report.confinement["exec_recorder"] = "ptrace, every process from birth";
  report.confinement["file_recorder"] = "seccomp listener, every call made in the job's place";
  report.coverage = {{"executions", "complete"},
                     {"files", "complete"},
                     {"llm", "blocked"},
                     {"network", port ? "complete" : "blocked"}};
  report.policy_name = policy_.name;
  report.policy_hash = policy_.hash;
}

Result<void> Supervisor::take_down(RunReport& report) {
  TRY(const auto members, cgroup_.members());
  TRY(report.teardown, look_for_remains(sandbox_.pid_namespace(), members));
  phases_.mark("looked at what is left");
  TRY(report.teardown.cgroups_left, std::move(cgroup_).remove());
  report.teardown.scanned.emplace_back("cgroups");
  phases_.mark("control groups removed");
  report.phases = phases_.take();
  return {};
}

// What a sandbox that could not start was lacking, if the kernel says so.
Error explain_start(Error error, const RunCgroup& cgroup) {
  const auto counters = cgroup.counters();
  const bool no_room = error.code() == ErrorCode::limit;
  if (!no_room && (!counters || counters->oom_kills == 0)) return error;
  return {ErrorCode::limit, "limits.memory_bytes is too small for a sandbox to start: raise it"};
}

Result<UniqueFd> open_work(const LiveSandbox& sandbox) {
  const std::string path =
      "/proc/" + std::to_string(sandbox.init()) + "/root" + std::string(work_directory);
  UniqueFd work(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!work) return fail_errno("opening the job's working directory");
  return work;
}

// The job may have as many processes as it was promised; pid 1 of the sandbox is one more.
Result<ResourceLimits> limit(RunCgroup& cgroup, const Limits& limits) {
  Limits of_group = limits;
  ++of_group.pids;
  CHECK_OK(cgroup.limit(of_group));
  return resource_limits(limits, cgroup);
}

// From a sandbox for any run to the sandbox of this one. Whatever does not wait for an answer goes
// out first: three processes get ready side by side. The limits are in force before the job's
// process knows anything of the run.
Result<ResourceLimits> make_it_ours(BuiltSandbox& built, const UniqueFd& work, AskedRun asked) {
  RunRequest& request = asked.request;
  Scratch& scratch = built.plan.scratch;
  const ScratchSize room = scratch_size(request);
  if (scratch.mount) CHECK_OK(give_room(scratch, room));
  const RootOrder root{.room = scratch.mount ? std::optional<ScratchSize>() : std::optional(room),
                       .loopback_port = request.spec.loopback_port,
                       .dataset_names = std::move(request.dataset_names)};
  scratch.mount.reset();  // an open descriptor would keep the job's files
  TRY(KnownFiles known, names_of(root.dataset_names, asked.dataset));
  TRY(std::vector<UniqueFd> dataset, open_read_only(asked.dataset));
  asked.dataset.clear();  // What the client sent is writable; nobody needs that here.
  CHECK_OK(built.sandbox.finish_root(root, std::move(dataset)));
  const Randomness randomness = request.spec.seed ? Randomness::seeded : Randomness::of_the_kernel;
  if (request.spec.policy != built.policy.name || request.spec.seed) {
    TRY(built.policy, compile_policy(request.spec.policy, randomness));
  }
  CHECK_OK(built.files.order({.known = std::move(known),
                              .file_bytes_max = request.spec.limits.disk_bytes,
                              .loopback_port = root.loopback_port,
                              .policy = request.spec.policy,
                              .seed = request.spec.seed,
                              .job = built.sandbox.job()},
                             asked.digests));
  TRY(const ResourceLimits limits, limit(built.cgroup, request.spec.limits));
  CHECK_OK(built.sandbox.order_job({.argv = std::move(request.spec.argv),
                                    .environment = std::move(request.spec.environment),
                                    .limits = limits,
                                    .policy = built.policy,
                                    .randomness = randomness}));
  if (root.room) CHECK_OK(built.sandbox.wait_until_locked());
  CHECK_OK(write_scripts(work, request.spec.scripts, built.plan.user));
  CHECK_OK(built.sandbox.wait_until_ready());
  return limits;
}

}  // namespace

Result<Supervised> supervise(BuiltSandbox built, AskedRun asked, const Channel& client,
                             Phases& phases) {
  const SandboxSpec& spec = asked.request.spec;
  TRY(ToolAllowList tools, ToolAllowList::of(spec.tools));
  DigestTable remembered;
  if (asked.digests) {
    TRY(remembered, DigestTable::map(asked.digests));
  }
  Kept kept{.work = {},
            .left_files = spec.left_files,
            .loopback_port = spec.loopback_port,
            .seed = spec.seed};
  auto work = open_work(built.sandbox);
  if (!work) return Supervised(NotBegun{std::move(work).error()});
  kept.work = std::move(*work);
  const auto limits = make_it_ours(built, kept.work, std::move(asked));
  if (!limits) return Supervised(NotBegun{explain_start(limits.error(), built.cgroup)});
  if (const UniqueFd listener = built.sandbox.take_loopback_listener()) {
    CHECK_OK(send_frame(client, FrameType::loopback_listener, {}, {&listener, 1}));
  } else if (kept.loopback_port) {
    return fail(ErrorCode::internal, "the sandbox made no listener for the run's one address");
  }
  phases.mark("ready for the job");
  Supervisor supervisor(std::move(built), *limits, std::move(kept), std::move(tools),
                        std::move(remembered), client, phases);
  TRY(RunReport report, supervisor.run());
  return Supervised(std::move(report));
}

}  // namespace mayfly::executor
