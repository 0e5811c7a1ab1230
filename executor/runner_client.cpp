#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/file_io.hpp"
#include "base/helper_program.hpp"
#include "base/read_through.hpp"
#include "executor/cgroup.hpp"
#include "executor/channel.hpp"
#include "executor/digest_keeper.hpp"
#include "executor/phases.hpp"
#include "executor/request.hpp"
#include "executor/runner_process.hpp"
#include "executor/sandbox.hpp"
#include "executor/sandbox_pool.hpp"
#include "executor/seccomp_policy.hpp"
#include "executor/user_mapping.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

Result<crypto::Sha256> digest_of(const UniqueFd& file) {
  crypto::Sha256Hasher hasher;
  CHECK_OK(
      read_through(file, "reading mayfly-runner", [&](ByteView bytes) { hasher.update(bytes); }));
  return std::move(hasher).finish();
}

Result<void> send_request(const Channel& runner, const RunRequest& request,
                          const intake::Dataset* dataset, UniqueFd digests) {
  if (digests) {
    const std::array<UniqueFd, 1> passed{std::move(digests)};
    CHECK_OK(send_frame(runner, FrameType::digests, {}, passed));
  }
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

// What is told while the job runs, put together again for whoever does not listen to it.
void put_together(const Event& event, RunReport& report) {
  if (const auto* file = std::get_if<FileEvent>(&event)) report.files.events.push_back(*file);
  if (const auto* execution = std::get_if<ExecEvent>(&event)) {
    report.executions.push_back(*execution);
  }
  const auto* const end = std::get_if<ExecEnd>(&event);
  if (end == nullptr) return;
  const auto of = std::ranges::find(report.executions.rbegin(), report.executions.rend(), end->pid,
                                    &ExecEvent::pid);
  if (of == report.executions.rend()) return;
  of->exit_code = end->exit_code;
  of->replaced = end->replaced;
}

// Frames from the runner, until the report.
class Conversation {
 public:
  Conversation(const Channel& runner, const Runner::Watch& watch, std::int64_t output_bytes_max)
      : runner_(runner),
        watch_(watch),
        output_bytes_max_(static_cast<std::size_t>(output_bytes_max)),
        cancel_fd_(watch.cancel_fd) {}

  // The runner ended without having begun the run: why.
  std::optional<Error> take_why_unused() { return std::exchange(why_unused_, {}); }
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
      case FrameType::events: CHECK_OK(take_events(frame.payload)); return false;
      case FrameType::stdout_bytes: keep(frame.payload, stdout_, watch_.on_stdout); return false;
      case FrameType::stderr_bytes: keep(frame.payload, stderr_, watch_.on_stderr); return false;
      case FrameType::failure: {
        TRY(Error error, decode_failure(frame.payload));
        return std::unexpected(std::move(error));
      }
      case FrameType::report: {
        TRY(RunReport report, decode_report(frame.payload));
        report.executions = std::move(report_.executions);
        report.files.events = std::move(report_.files.events);
        report_ = std::move(report);
        report_.stdout_bytes = std::move(stdout_);
        report_.stderr_bytes = std::move(stderr_);
        return true;
      }
      case FrameType::unused: {
        TRY(why_unused_, decode_failure(frame.payload));
        return false;
      }
      default: return fail(ErrorCode::internal, "the runner said something unexpected");
    }
  }

  Result<void> take_events(ByteView encoded) {
    TRY(const std::vector<Event> events, decode_events(encoded));
    for (const Event& event : events) {
      if (watch_.on_event) {
        CHECK_OK(watch_.on_event(event));
      } else {
        put_together(event, report_);
      }
    }
    return {};
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
  std::optional<Error> why_unused_;
  FrameReader frames_{report_bytes_max};
  RunReport report_;
  Bytes stdout_;
  Bytes stderr_;
};

// One runner asked. Absent: it could not use the request, and has run nothing.
Result<std::optional<RunReport>> ask_one(SandboxPool& pool, const RunRequest& request,
                                         const intake::Dataset* dataset, UniqueFd digests,
                                         const Runner::Watch& watch) {
  TRY(SandboxPool::Lease lease, pool.take());
  RunnerProcess& runner = lease.runner();
  Conversation conversation(runner.channel(), watch, request.spec.limits.output_bytes);
  // A runner that dies while it is being told shows up as the end of the conversation.
  const auto sent = send_request(runner.channel(), request, dataset, std::move(digests));
  TRY(auto report, conversation.listen());
  const std::string end = runner.wait();
  if (auto why = conversation.take_why_unused()) {
    if (!lease.was_waiting()) return std::unexpected(std::move(*why));
    return std::optional<RunReport>();
  }
  if (!report) {
    static_cast<void>(sweep_stale_cgroups());
    return fail(ErrorCode::internal, "mayfly-runner ended without a report (" + end + ")" +
                                         (sent ? std::string() : ": " + sent.error().message()));
  }
  if (end != "exited with 0") {
    return fail(ErrorCode::internal, "mayfly-runner " + end + " after its report");
  }
  return report;
}

}  // namespace

struct Runner::Held {
  Held(UniqueFd program, std::size_t ready) : pool(std::move(program), ready) {}
  SandboxPool pool;
  DigestKeeper digests;
};

Result<intake::JobIdentity> job_identity() {
  TRY(const UserMapping mapping, choose_user_mapping());
  return mapping.identity;
}

Result<PolicyId> policy_in_use(const SandboxSpec& spec) {
  TRY(const crypto::Sha256 hash,
      policy_hash(spec.policy, spec.seed ? Randomness::seeded : Randomness::of_the_kernel));
  return PolicyId{spec.policy, hash};
}

Result<Runner> Runner::open(const std::filesystem::path& program, ReadySandboxes ready) {
  if (ready.count > ready_sandboxes_max) {
    return fail(ErrorCode::limit,
                "at most " + std::to_string(ready_sandboxes_max) + " sandboxes can be held ready");
  }
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
  return Runner(digest, std::make_shared<Held>(std::move(kept), ready.count));
}

Result<RunReport> Runner::run(const SandboxSpec& spec, const intake::Dataset* dataset,
                              const Watch& watch) const {
  Phases phases;
  phases.mark("asked");
  const RunRequest request = make_request(spec, dataset);
  CHECK_OK(check_request(request));
  for (std::size_t tried = 0; tried <= ready_sandboxes_max; ++tried) {
    TRY(auto report, ask_one(held_->pool, request, dataset, held_->digests.table(), watch));
    if (!report) continue;
    report->phases.insert(report->phases.begin(), phases.take().front());
    phases.mark("runner gone");
    held_->digests.note(*report);
    report->phases.push_back(phases.take().front());
    return std::move(*report);
  }
  return fail(ErrorCode::unavailable,
              "sandboxes end before they are used: something on this machine ends them");
}

}  // namespace mayfly::executor
