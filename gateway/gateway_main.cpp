#include "gateway/gateway_main.hpp"

#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <list>
#include <thread>

#include "base/helper_program.hpp"
#include "gateway/control_channel.hpp"
#include "gateway/relay.hpp"

namespace mayfly::gateway {
namespace {

constexpr int exit_code_usage = 64;
constexpr int exit_code_failed = 70;

Result<void> prepare_process() {
  if (::prctl(PR_SET_NAME, "mayfly-gateway") != 0) return fail_errno("naming the gateway");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail_errno("binding the gateway's life");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return fail_errno("closing the gateway's memory");
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return fail_errno("forbidding core files");
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return fail(ErrorCode::internal, "libcurl cannot be used");
  }
  return {};
}

Result<UniqueFd> make_event() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return fail_errno("making an eventfd");
  return event;
}

void signal_event(const UniqueFd& event) {
  const std::uint64_t one = 1;
  // It can only fail when it is signalled already.
  static_cast<void>(!::write(event.borrow(), &one, sizeof one));
}

// The connections of one run, each in its thread.
class Connections {
 public:
  Connections(Gate& gate, const UniqueFd& stop, const UniqueFd& ended)
      : gate_(gate), stop_(stop), ended_(ended) {}
  ~Connections() { join_all(); }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  bool has_room() const { return live_.size() < connections_max; }
  void start(UniqueFd socket) {
    Live& live = live_.emplace_back();
    live.thread = std::thread([this, &live, socket = std::move(socket)]() mutable {
      {
        SocketStream job(std::move(socket), stop_, job_idle_ms_max);
        serve_connection(job, gate_);
      }
      live.done = true;
      signal_event(ended_);
    });
  }
  void join_ended() {
    std::uint64_t count = 0;
    static_cast<void>(!::read(ended_.borrow(), &count, sizeof count));
    live_.remove_if([](Live& live) {
      if (!live.done) return false;
      live.thread.join();
      return true;
    });
  }
  void join_all() {
    for (Live& live : live_) live.thread.join();
    live_.clear();
  }

 private:
  struct Live {
    std::thread thread;
    std::atomic<bool> done = false;
  };
  Gate& gate_;
  const UniqueFd& stop_;
  const UniqueFd& ended_;
  std::list<Live> live_;
};

// Absent: the other side has closed, so there is no run any more.
Result<UniqueFd> receive_listener(const ControlChannel& run) {
  TRY(auto message, run.receive());
  if (!message || message->word == ControlWord::finish) return UniqueFd();
  if (message->word != ControlWord::listener || !message->descriptor) {
    return fail(ErrorCode::internal, "the run did not send a listener");
  }
  return std::move(message->descriptor);
}

// Until the run says that it has finished, or is gone.
Result<void> accept_until_finished(const ControlChannel& run, const UniqueFd& listener,
                                   const UniqueFd& ended, Connections& connections) {
  for (;;) {
    pollfd waiting[] = {{run.fd().borrow(), POLLIN, 0},
                        {ended.borrow(), POLLIN, 0},
                        {connections.has_room() ? listener.borrow() : -1, POLLIN, 0}};
    if (::poll(waiting, 3, -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno("waiting for the job's calls");
    }
    if (waiting[0].revents != 0) {
      // Taken, or our closing would reset the channel under the record. Whatever it is, and also
      // its absence, ends the run.
      TRY([[maybe_unused]] const auto finish, run.receive());
      return {};
    }
    if (waiting[1].revents != 0) connections.join_ended();
    if (waiting[2].revents == 0) continue;
    UniqueFd socket(::accept4(listener.borrow(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) connections.start(std::move(socket));
  }
}

Result<void> serve_run(const ControlChannel& run) {
  TRY(const auto message, run.receive());
  if (!message || message->word != ControlWord::settings) {
    return fail(ErrorCode::internal, "the run did not send settings");
  }
  TRY(Settings settings, decode_settings(text_of(message->rest)));
  TRY(crypto::LockedSecret received, crypto::LockedSecret::allocate(key_bytes_max));
  TRY(const std::size_t key_bytes, run.receive_secret(ControlWord::key, received.bytes()));
  TRY(crypto::LockedSecret key, crypto::LockedSecret::allocate(key_bytes));
  std::ranges::copy(received.view().first(key_bytes), key.bytes().begin());
  TRY(Upstream upstream, parse_upstream(settings.url, settings.ca_file));
  TRY(const UniqueFd stop, make_event());
  TRY(const UniqueFd ended, make_event());
  const int idle_ms_max = settings.idle_ms_max;
  const BudgetLimits limits = settings.budget;
  Gate gate{.settings = std::move(settings),
            .key = std::move(key),
            .budget = Budget(limits),
            .pool = UpstreamPool(std::move(upstream), stop, idle_ms_max),
            .log = {}};
  CHECK_OK(run.send(ControlWord::ready));
  TRY(UniqueFd listener, receive_listener(run));
  if (listener) {
    Connections connections(gate, stop, ended);
    CHECK_OK(accept_until_finished(run, listener, ended, connections));
    listener.reset();
    signal_event(stop);
    connections.join_all();
  }
  for (const CallRecord& record : gate.log.take()) {
    CHECK_OK(run.send(ControlWord::record, bytes_of(encode_record(record))));
  }
  std::string hit;
  for (const std::string& limit : gate.budget.limits_hit()) {
    hit += (hit.empty() ? "" : " ") + limit;
  }
  return run.send(ControlWord::done, bytes_of(hit));
}

}  // namespace

int gateway_main() {
  if (!has_helper_socket()) {
    std::fputs("mayfly-gateway is started by mayfly for each run; see mayfly run --help\n", stderr);
    return exit_code_usage;
  }
  ::close(helper_program);
  const ControlChannel run{UniqueFd(helper_socket)};
  const auto prepared = prepare_process();
  const auto served = prepared ? serve_run(run) : prepared;
  if (served) return 0;
  return run.send(ControlWord::failed, bytes_of(served.error().message())) ? 0 : exit_code_failed;
}

}  // namespace mayfly::gateway
