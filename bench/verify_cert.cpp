// How long `verify-cert` takes from process start to exit, beside programs that do nothing with the
// same libraries, and how many certificates a second one process can judge.
//
// Use       bench_verify_cert [rounds]     (verify-cert must lie in the same folder)
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file_io.hpp"
#include "verifier/verify.hpp"

namespace {

using namespace mayfly;
using Clock = std::chrono::steady_clock;

constexpr UnixMillis appraised_at{1'772'366'460'000};
constexpr int exit_code_unattested = 5;

struct Row {
  std::string name;
  std::vector<std::string> command;
  int exit_code;
  std::vector<double> samples{};
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_verify_cert: %s\n", why.c_str());
  std::exit(1);
}

double milliseconds_of(const Row& row) {
  std::vector<char*> argv;
  for (const std::string& word : row.command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const auto begin = Clock::now();
  pid_t pid = 0;
  if (::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) {
    give_up("cannot start " + row.command.front());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
  posix_spawn_file_actions_destroy(&actions);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != row.exit_code) {
    give_up(row.command.front() + " ended with status " + std::to_string(status));
  }
  return took.count();
}

double percentile(std::vector<double>& samples, double share) {
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
}

void measure_processes(std::vector<Row> rows, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (Row& row : rows) {
      row.samples.push_back(milliseconds_of(row));
    }
  }
  const double bare = percentile(rows.front().samples, 0.5);
  std::printf("%-34s %9s %9s %10s\n", "", "p50 ms", "p95 ms", "p50/bare");
  for (Row& row : rows) {
    const double middle = percentile(row.samples, 0.5);
    std::printf("%-34s %9.2f %9.2f %10.1f\n", row.name.c_str(), middle,
                percentile(row.samples, 0.95), middle / bare);
  }
}

void measure_one_process(const Bytes& certificate) {
  constexpr int rounds = 5;
  constexpr int per_round = 400;
  const verifier::Policy policy = verifier::default_policy();
  double best_seconds = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < per_round; ++i) {
      const auto report = verifier::verify(certificate, policy, appraised_at, {});
      if (report.verdict() != verifier::Verdict::unattested) {
        give_up("the certificate does not verify as it should");
      }
    }
    const std::chrono::duration<double> took = Clock::now() - begin;
    best_seconds = std::min(best_seconds, took.count());
  }
  std::printf("\nin one process: %.0f certificates of %zu bytes a second, best of %d rounds\n",
              per_round / best_seconds, certificate.size(), rounds);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string certificate =
      MAYFLY_SOURCE_DIR "/tests/certificates/valid-simulated/certificate.json";
  const auto bytes = read_file(certificate, std::size_t{1} << 20);
  if (!bytes) {
    give_up(bytes.error().message());
  }
  const std::vector<std::string> judge{certificate, "--quiet", "--at",
                                       std::to_string(appraised_at.value)};
  const auto verify_with = [&](const std::string& program) {
    std::vector<std::string> words{(folder / program).string()};
    words.insert(words.end(), judge.begin(), judge.end());
    return words;
  };
  std::vector<Row> rows{
      {"/bin/true", {"/bin/true"}, 0},
      {"openssl version", {"openssl", "version"}, 0},
      {"verify-cert --version", {(folder / "verify-cert").string(), "--version"}, 0},
      {"verify-cert CERTIFICATE", verify_with("verify-cert"), exit_code_unattested}};
  if (std::filesystem::exists(folder / "verify-cert-static")) {
    rows.push_back({"verify-cert-static CERTIFICATE", verify_with("verify-cert-static"),
                    exit_code_unattested});
  }
  measure_processes(std::move(rows), rounds);
  measure_one_process(*bytes);
  return 0;
}
