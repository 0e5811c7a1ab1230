// How long a sandbox takes for a program that does nothing, from the request to the report, beside
// the bare program and bubblewrap (when installed) in the same run: one of each per round, in
// turns, so that whatever else the machine does hits all alike.
//
// Use       bench_cold_start [ROUNDS]
// Two modes: back to back, and with 60 ms of idle before each start: then the first move into a
// control group waits for an RCU grace period, which back to back never shows.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "executor/sandbox.hpp"

namespace {

using namespace mayfly;
using Clock = std::chrono::steady_clock;

constexpr int rounds_default = 200;
constexpr int warm_up_rounds = 5;
constexpr double cold_target_ms = 2.5;  // over the bare program, at the median
constexpr auto idle_time = std::chrono::milliseconds(60);

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "bench_cold_start: %s\n", what.c_str());
  std::exit(1);
}

struct Contender {
  std::string name;
  std::function<void()> start_and_wait;
  std::vector<double> times_ms;
};

void fork_and_exec(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  require(::waitpid(pid, &status, 0) == pid && status == 0, arguments[0] + " failed");
}

double once_ms(const Contender& contender) {
  const auto begin = Clock::now();
  contender.start_and_wait();
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double quantile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

enum class Spacing : std::uint8_t { back_to_back, idle };

void measure(std::vector<Contender>& contenders, int rounds, Spacing spacing) {
  for (auto& contender : contenders) contender.times_ms.clear();
  for (int round = -warm_up_rounds; round < rounds; ++round) {
    // Each goes first equally often: who follows whom has a price, too.
    std::ranges::rotate(contenders, contenders.begin() + 1);
    for (auto& contender : contenders) {
      if (spacing == Spacing::idle) std::this_thread::sleep_for(idle_time);
      const double took_ms = once_ms(contender);
      if (round >= 0) contender.times_ms.push_back(took_ms);
    }
  }
  std::ranges::sort(contenders, {}, &Contender::name);
}

void print(const std::vector<Contender>& contenders, const char* mode, int rounds) {
  const auto bare = std::ranges::find(contenders, "bare fork+exec", &Contender::name);
  const double bare_ms = quantile(bare->times_ms, 0.5);
  std::printf("%s, %d rounds, /bin/true\n", mode, rounds);
  for (const auto& contender : contenders) {
    const double p50 = quantile(contender.times_ms, 0.5);
    std::printf("  %-16s p50 %7.2f ms   p95 %7.2f ms   %6.2f x bare   bare + %.2f ms\n",
                contender.name.c_str(), p50, quantile(contender.times_ms, 0.95), p50 / bare_ms,
                p50 - bare_ms);
  }
  const auto ours = std::ranges::find(contenders, "mayfly", &Contender::name);
  const double over_ms = quantile(ours->times_ms, 0.5) - bare_ms;
  std::printf("  target: bare + %.1f ms   %s\n", cold_target_ms,
              over_ms <= cold_target_ms ? "met" : "missed");
  const auto peer = std::ranges::find(contenders, "bubblewrap", &Contender::name);
  if (peer == contenders.end()) {
    std::printf("  bubblewrap is not installed: apt install bubblewrap\n");
    return;
  }
  std::printf("  mayfly is %.2f x bubblewrap, which has neither control groups nor a record\n",
              quantile(ours->times_ms, 0.5) / quantile(peer->times_ms, 0.5));
}

std::vector<Contender> contenders_here(const executor::Runner& runner) {
  std::vector<Contender> contenders;
  contenders.push_back({"bare fork+exec", [] { fork_and_exec({"/bin/true"}); }, {}});
  contenders.push_back({"mayfly",
                        [&runner] {
                          executor::SandboxSpec spec;
                          spec.argv = {"/bin/true"};
                          const auto report = runner.run(spec, nullptr, {});
                          require(report.has_value(), report ? "" : report.error().message());
                          const auto* exited = std::get_if<executor::Exited>(&report->outcome);
                          require(exited != nullptr && exited->code == 0,
                                  "the sandbox did not run /bin/true");
                        },
                        {}});
  if (::access("/usr/bin/bwrap", X_OK) == 0) {
    contenders.push_back({"bubblewrap",
                          [] {
                            fork_and_exec({"/usr/bin/bwrap", "--unshare-all", "--die-with-parent",
                                           "--ro-bind",      "/usr",          "/usr",
                                           "--symlink",      "usr/bin",       "/bin",
                                           "--symlink",      "usr/lib",       "/lib",
                                           "--symlink",      "usr/lib64",     "/lib64",
                                           "--proc",         "/proc",         "--dev",
                                           "/dev",           "--tmpfs",       "/work",
                                           "--chdir",        "/work",         "/bin/true"});
                          },
                          {}});
  }
  return contenders;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : rounds_default;
  require(rounds > 0, "ROUNDS is a number above 0");
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  const auto runner = executor::Runner::open(self.parent_path() / "mayfly-runner");
  require(runner.has_value(), runner ? "" : runner.error().message());
  auto contenders = contenders_here(*runner);
  measure(contenders, rounds, Spacing::back_to_back);
  print(contenders, "back to back", rounds);
  const int idle_rounds = std::max(rounds / 5, 1);
  measure(contenders, idle_rounds, Spacing::idle);
  print(contenders, "60 ms idle before each", idle_rounds);
  return 0;
}
