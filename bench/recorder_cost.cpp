// What the record of executions and files costs a job while it runs: the same work in a sandbox,
// bare, and under strace, in turns. The work times itself, so that starting up does not count.
//
// Use       bench_recorder_cost [ROUNDS]
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "executor/sandbox.hpp"

namespace {

using namespace mayfly;

constexpr int rounds_default = 15;
constexpr const char* python = "/usr/bin/python3";

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "bench_recorder_cost: %s\n", what.c_str());
  std::exit(1);
}

struct Work {
  const char* name;
  double target;  // times bare, at most; 0: none
  const char* script;
};

// Each prints how many milliseconds its middle part took.
constexpr Work works[] = {
    {"Python imports", 1.06,
     "import asyncio, concurrent.futures, email.message, http.client, json, logging, "
     "multiprocessing, sqlite3, unittest, urllib.request, xml.dom.minidom"},
    {"find, 5,000 files", 3.5,
     "subprocess.run('find /usr/lib /usr/share | head -5000', shell=True, "
     "stdout=subprocess.DEVNULL)"},
    {"grep, 1,000 files", 0,
     "subprocess.run('grep -rl nothing_like_it /usr/lib/python3.11 || true', shell=True, "
     "stdout=subprocess.DEVNULL)"},
    {"CPU-bound", 1.02, "sum(i * i for i in range(3000000))"},
    {"20 fork+exec", 0, "[subprocess.run(['/bin/true']) for _ in range(20)]"},
};

std::string timed(const char* script) {
  return "import subprocess, time\nbegin = time.perf_counter()\n" + std::string(script) +
         "\nprint((time.perf_counter() - begin) * 1000)";
}

double bare_ms(std::vector<std::string> command) {
  int ends[2];
  require(::pipe(ends) == 0, "pipe");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    std::vector<char*> argv;
    for (auto& argument : command) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  char text[64]{};
  const ssize_t size = ::read(ends[0], text, sizeof text - 1);
  ::close(ends[0]);
  int status = 0;
  require(::waitpid(pid, &status, 0) == pid && status == 0 && size > 0, command[0] + " failed");
  return std::atof(text);
}

double sandbox_ms(const executor::Runner& runner, const std::string& script) {
  executor::SandboxSpec spec;
  spec.argv = {python, "-c", script};
  spec.environment = {"PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"};
  const auto report = runner.run(spec, nullptr, {});
  require(report.has_value(), report ? "" : report.error().message());
  return std::atof(std::string(text_of(report->stdout_bytes)).c_str());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Contender {
  std::string name;
  std::function<double(const std::string&)> run;
  std::vector<double> times_ms;
};

std::vector<Contender> contenders_here(const executor::Runner& runner) {
  std::vector<Contender> contenders;
  contenders.push_back(
      {"bare", [](const std::string& script) { return bare_ms({python, "-c", script}); }, {}});
  contenders.push_back(
      {"mayfly", [&](const std::string& script) { return sandbox_ms(runner, script); }, {}});
  if (::access("/usr/bin/strace", X_OK) != 0) return contenders;
  const std::string calls = "trace=%file,execve";
  contenders.push_back({"strace -f",
                        [](const std::string& script) {
                          return bare_ms(
                              {"/usr/bin/strace", "-f", "-o", "/dev/null", python, "-c", script});
                        },
                        {}});
  contenders.push_back({"strace --seccomp-bpf",
                        [calls](const std::string& script) {
                          return bare_ms({"/usr/bin/strace", "-f", "--seccomp-bpf", "-e", calls,
                                          "-o", "/dev/null", python, "-c", script});
                        },
                        {}});
  return contenders;
}

void compare(const Work& work, std::vector<Contender> contenders, int rounds) {
  const std::string script = timed(work.script);
  for (int round = -1; round < rounds; ++round) {  // the first warms the caches
    for (auto& contender : contenders) {
      const double took_ms = contender.run(script);
      if (round >= 0) contender.times_ms.push_back(took_ms);
    }
  }
  const double bare = median(contenders.front().times_ms);
  std::printf("%s, %d rounds, bare p50 %.2f ms\n", work.name, rounds, bare);
  for (const auto& contender : contenders) {
    std::printf("  %-22s %6.2f x bare\n", contender.name.c_str(),
                median(contender.times_ms) / bare);
  }
  if (work.target == 0) return;
  const double ours = median(contenders[1].times_ms) / bare;
  std::printf("  target: %.2f x   %s\n", work.target, ours <= work.target ? "met" : "missed");
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : rounds_default;
  require(rounds > 0, "ROUNDS is a number above 0");
  ::setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
  const auto runner = executor::Runner::open("");
  require(runner.has_value(), runner ? "" : runner.error().message());
  const auto contenders = contenders_here(*runner);
  for (const Work& work : works) compare(work, contenders, rounds);
  if (contenders.size() == 2) std::printf("strace is not installed: apt install strace\n");
  return 0;
}
