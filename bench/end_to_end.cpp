// How long one trivial certified run takes from process start to a written certificate, beside
// what the machine needs to start any program at all.
//
// Use       bench_end_to_end [rounds]     (mayfly must lie in the same folder)
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_of(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto begin = Clock::now();
  pid_t pid = 0;
  if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) {
    fmt::print(stderr, "cannot start {}\n", words.front());
    std::exit(1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) {
    fmt::print(stderr, "{} ended with status {}\n", words.front(), status);
    std::exit(1);
  }
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Row {
  std::string name;
  std::vector<std::string> command;
  std::vector<double> samples;
};

double percentile(std::vector<double>& samples, double share) {
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
  const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string mayfly = (self / "mayfly").string();
  char folder[] = "/tmp/mayfly-bench-XXXXXX";
  if (::mkdtemp(folder) == nullptr) return 1;
  const std::string certificate = std::string(folder) + "/cert.json";
  ::setenv("MAYFLY_STATE", folder, /*overwrite=*/1);
  std::vector<Row> rows = {
      {"bare fork+exec of /bin/true", {"/bin/true"}, {}},
      {"mayfly --version", {mayfly, "--version"}, {}},
      {"mayfly run, certificate to a file",
       {mayfly, "run", "-q", "--no-store", "-o", certificate, "--", "true"},
       {}},
      {"mayfly run, certificate to the store", {mayfly, "run", "-q", "--", "true"}, {}},
  };
  for (int round = 0; round < rounds; ++round) {
    for (Row& row : rows) row.samples.push_back(milliseconds_of(row.command));
  }
  const double bare = percentile(rows.front().samples, 0.5);
  fmt::print("{:<40} {:>9} {:>9} {:>10}\n", "", "p50 ms", "p95 ms", "p50/bare");
  for (Row& row : rows) {
    const double middle = percentile(row.samples, 0.5);
    fmt::print("{:<40} {:>9.2f} {:>9.2f} {:>10.1f}\n", row.name, middle,
               percentile(row.samples, 0.95), middle / bare);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
