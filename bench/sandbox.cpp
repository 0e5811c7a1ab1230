// How long a sandbox takes for a program that does nothing, from the request to the report, beside
// the bare program and the sandboxes that are installed here, in the same run: one of each per
// round, in turns, so that whatever else the machine does hits all alike.
//
// Use       bench_sandbox [ROUNDS]
// Two modes: back to back, and with 60 ms of idle before each start: then the first move into a
// control group waits for an RCU grace period, which back to back never shows. Then the steps of
// ours, how many it makes in a second, and what one holds in memory while its job runs.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "bench/sandbox_peers.hpp"
#include "executor/sandbox.hpp"

namespace {

using namespace mayfly;
using bench::require;
using Clock = std::chrono::steady_clock;

constexpr int rounds_default = 200;
constexpr int warm_up_rounds = 5;
constexpr double cold_target_ms = 2.5;  // over the bare program, at the median
constexpr double ready_target_ms = 0.5;
constexpr double idle_target = 1.5;  // times back to back
constexpr double per_second_target = 600;
constexpr long memory_target_kib = 8 * 1024;
constexpr auto idle_time = std::chrono::milliseconds(60);
constexpr auto throughput_time = std::chrono::seconds(3);

struct Contender {
  std::string name;
  std::function<void()> start_and_wait;
  std::vector<double> times_ms;
};

executor::SandboxSpec command(std::vector<std::string> argv) {
  executor::SandboxSpec spec;
  spec.argv = std::move(argv);
  return spec;
}

executor::RunReport run(const executor::Runner& runner, const executor::SandboxSpec& spec) {
  auto report = runner.run(spec, nullptr, {});
  require(report.has_value(), report ? "" : report.error().message());
  const auto* exited = std::get_if<executor::Exited>(&report->outcome);
  require(exited != nullptr && exited->code == 0, "the sandbox did not run " + spec.argv[0]);
  return std::move(*report);
}

bool was_ready(const executor::RunReport& report) {
  const auto at = [&](const char* name) {
    return std::ranges::find(report.phases, name, &executor::Phase::name)->at_us;
  };
  return at("sandbox built") < at("asked");
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

double p50_of(const std::vector<Contender>& contenders, const std::string& name) {
  return quantile(std::ranges::find(contenders, name, &Contender::name)->times_ms, 0.5);
}

const char* verdict(bool met) {
  return met ? "met" : "missed";
}

void print(const std::vector<Contender>& contenders, const char* mode, int rounds) {
  const double bare_ms = p50_of(contenders, "bare fork+exec");
  std::printf("%s, %d rounds, /bin/true\n", mode, rounds);
  for (const auto& contender : contenders) {
    const double p50 = quantile(contender.times_ms, 0.5);
    // The best shows what is needed when nobody else wants the processors.
    std::printf(
        "  %-16s best %6.2f ms   p50 %7.2f ms   p95 %7.2f ms   %6.2f x bare   bare + %.2f ms\n",
        contender.name.c_str(), quantile(contender.times_ms, 0), p50,
        quantile(contender.times_ms, 0.95), p50 / bare_ms, p50 - bare_ms);
  }
  const auto judge = [&](const char* name, double target_ms) {
    const double over_ms = p50_of(contenders, name) - bare_ms;
    std::printf("  target, %s: bare + %.1f ms   %s\n", name, target_ms,
                verdict(over_ms <= target_ms));
  };
  judge("mayfly, cold", cold_target_ms);
  judge("mayfly, ready", ready_target_ms);
}

// Between each step of ours and the one before it, at the median.
void print_phases(const executor::Runner& runner, const char* which, int rounds) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<double>> took_ms;
  for (int round = 0; round < rounds; ++round) {
    std::this_thread::sleep_for(idle_time);  // for the next one to be built
    const auto report = run(runner, command({"/bin/true"}));
    names.clear();
    auto before_us = report.phases.front().at_us;
    for (const auto& phase : report.phases) {
      if (phase.at_us <= report.phases.front().at_us) continue;  // built before it was asked for
      names.push_back(phase.name);
      took_ms[names.back()].push_back(static_cast<double>(phase.at_us - before_us) / 1000);
      before_us = phase.at_us;
    }
  }
  std::printf("steps of a run, %s, p50 of %d\n", which, rounds);
  for (const auto& name : names) {
    std::printf("  %7.3f ms   %s\n", quantile(took_ms[name], 0.5), name.c_str());
  }
}

void print_throughput(const executor::Runner& runner, const char* which) {
  std::atomic<int> runs = 0;
  const auto begin = Clock::now();
  std::vector<std::jthread> threads;
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < processors; ++i) {
    threads.emplace_back([&] {
      while (Clock::now() - begin < throughput_time) {
        run(runner, command({"/bin/true"}));
        ++runs;
      }
    });
  }
  threads.clear();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double per_second = runs / seconds;
  std::printf("throughput, %s: %.0f sandboxes a second, %u side by side   target %.0f   %s\n",
              which, per_second, processors, per_second_target,
              verdict(per_second >= per_second_target));
}

long number_in(const std::filesystem::path& file, const std::string& key) {
  std::ifstream text(file);
  for (std::string word; text >> word;) {
    long value = 0;
    if (word == key && text >> value) return value;
  }
  return 0;
}

std::string name_of(const std::filesystem::path& process) {
  std::ifstream text(process / "comm");
  std::string name;
  std::getline(text, name);
  return name;
}

// Our own processes of one run: the supervisor, pid 1 of the sandbox and the file recorder. Pages
// that they share are split among them.
void print_memory(const executor::Runner& runner) {
  std::jthread job([&] { run(runner, command({"sleep", "1"})); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  long kib = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = name_of(entry.path());
    if (name != "mayfly-runner" && name != "mayfly-recorder") continue;
    kib += number_in(entry.path() / "smaps_rollup", "Pss:");
  }
  std::printf("memory: %ld KiB for the processes that watch one run   target %ld   %s\n", kib,
              memory_target_kib, verdict(kib <= memory_target_kib));
}

std::vector<Contender> contenders_here(const executor::Runner& runner,
                                       const executor::Runner& ready, int& late) {
  std::vector<Contender> contenders;
  contenders.push_back(
      {"bare fork+exec", [] { require(bench::fork_and_exec({"/bin/true"}), "/bin/true"); }, {}});
  contenders.push_back({"mayfly, cold", [&runner] { run(runner, command({"/bin/true"})); }, {}});
  contenders.push_back({"mayfly, ready",
                        [&ready, &late] {
                          if (!was_ready(run(ready, command({"/bin/true"})))) ++late;
                        },
                        {}});
  for (auto& peer : bench::peers_here()) {
    contenders.push_back({std::move(peer.name), std::move(peer.start_and_wait), {}});
  }
  return contenders;
}

executor::Runner open(std::size_t ready) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  auto runner = executor::Runner::open(self.parent_path() / "mayfly-runner", {ready});
  require(runner.has_value(), runner ? "" : runner.error().message());
  return std::move(*runner);
}

void judge_idle(const char* name, double idle_ms, double back_to_back_ms) {
  const double ratio = idle_ms / back_to_back_ms;
  std::printf("  target, %s: %.2f x back to back, at most %.1f   %s\n", name, ratio, idle_target,
              verdict(ratio <= idle_target));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : rounds_default;
  require(rounds > 0, "ROUNDS is a number above 0");
  const auto runner = open(0);
  const auto ready = open(2);
  int late = 0;
  auto contenders = contenders_here(runner, ready, late);
  measure(contenders, rounds, Spacing::back_to_back);
  print(contenders, "back to back", rounds);
  std::map<std::string, double> back_to_back_ms;
  for (const char* name : {"mayfly, cold", "mayfly, ready"}) {
    back_to_back_ms[name] = p50_of(contenders, name);
  }
  const int idle_rounds = std::max(rounds / 5, 1);
  measure(contenders, idle_rounds, Spacing::idle);
  print(contenders, "60 ms idle before each", idle_rounds);
  for (const auto& [name, before_ms] : back_to_back_ms) {
    judge_idle(name.c_str(), p50_of(contenders, name), before_ms);
  }
  if (late > 0) std::printf("  %d of the ready ones were not ready in time\n", late);
  print_phases(runner, "cold", idle_rounds);
  print_phases(ready, "ready", idle_rounds);
  print_throughput(runner, "cold");
  print_throughput(ready, "ready");
  print_memory(runner);
  return 0;
}
