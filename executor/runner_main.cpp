#include "executor/runner_main.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <variant>

#include "base/helper_program.hpp"
#include "executor/built_sandbox.hpp"
#include "executor/channel.hpp"
#include "executor/supervisor.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

constexpr int exit_code_usage = 64;
constexpr int exit_code_failed = 70;

Result<AskedRun> receive_request(const Channel& client) {
  FrameReader frames(request_bytes_max);
  AskedRun asked;
  for (;;) {
    TRY(auto message, client.receive());
    if (!message) return fail(ErrorCode::internal, "the client is gone");
    TRY(auto frame, frames.accept(std::move(*message)));
    if (!frame) continue;
    if (frame->type == FrameType::digests && frame->descriptors.size() == 1) {
      asked.digests = std::move(frame->descriptors.front());
      continue;
    }
    if (frame->type == FrameType::dataset) {
      for (UniqueFd& file : frame->descriptors) asked.dataset.push_back(std::move(file));
      if (asked.dataset.size() > dataset_files_max) {
        return fail(ErrorCode::limit, "more dataset files than are possible");
      }
      continue;
    }
    if (frame->type != FrameType::request) {
      return fail(ErrorCode::malformed, "the client did not send a request");
    }
    TRY(asked.request, decode_request(frame->payload));
    if (asked.dataset.size() != asked.request.dataset_names.size()) {
      return fail(ErrorCode::malformed, "dataset names and descriptors do not match");
    }
    return asked;
  }
}

Result<void> prepare_process() {
  // It was executed through a descriptor, and would be called "4" in ps.
  if (::prctl(PR_SET_NAME, "mayfly-runner") != 0) return fail_errno("naming the runner");
  // Not SIGKILL: once there is something to clean up, the supervisor handles it (see supervise()).
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return fail_errno("binding the runner's life");
  // A client that died before that has closed its end: the first receive() tells.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;  // a dataset may have thousands of files
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) return fail_errno("raising the file limit");
  }
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return fail_errno("forbidding core files");
  return {};
}

// Until the client says something or is gone. A sandbox may wait long for its run: what happens to
// it meanwhile, or asks the runner to stop, makes it one that cannot be used.
enum class Wait : std::uint8_t { asked, unused };

Result<Wait> wait_for_request(const Channel& client, const BuiltSandbox& built) {
  pollfd waiting[] = {{client.fd().borrow(), POLLIN, 0}, {built.signals.borrow(), POLLIN, 0}};
  while (::poll(waiting, 2, -1) < 0) {
    if (errno != EINTR) return fail_errno("waiting for a request");
  }
  return waiting[1].revents == 0 ? Wait::asked : Wait::unused;
}

Result<BuiltSandbox> build_for(Phases& phases) {
  CHECK_OK(prepare_process());
  return build_sandbox(phases);
}

Result<Supervised> serve(const Channel& client, Phases& phases) {
  auto built = build_for(phases);
  if (!built) return Supervised(NotBegun{std::move(built).error()});
  TRY(const Wait wait, wait_for_request(client, *built));
  if (wait == Wait::unused) {
    return Supervised(NotBegun{{ErrorCode::unavailable, "its sandbox ended before it was used"}});
  }
  TRY(AskedRun asked, receive_request(client));
  phases.mark("request read");
  return supervise(std::move(*built), std::move(asked), client, phases);
}

Result<void> tell(const Channel& client, const Result<Supervised>& done) {
  if (!done) return send_frame(client, FrameType::failure, encode_failure(done.error()));
  // One that was built ahead may only have met bad luck; of one that was built for its run, this is
  // why there is none.
  if (const auto* none = std::get_if<NotBegun>(&*done)) {
    return send_frame(client, FrameType::unused, encode_failure(none->why));
  }
  return send_frame(client, FrameType::report, encode_report(std::get<RunReport>(*done)));
}

}  // namespace

int runner_main() {
  if (!has_helper_socket()) {
    std::fputs("mayfly-runner is started by mayfly for each run; see mayfly run --help\n", stderr);
    return exit_code_usage;
  }
  ::close(helper_program);
  const Channel client{UniqueFd(helper_socket)};
  Phases phases;
  phases.mark("runner started");
  return tell(client, serve(client, phases)) ? 0 : exit_code_failed;
}

}  // namespace mayfly::executor
