#include "tests/executor/sandbox_run.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/file_io.hpp"

namespace mayfly::executor::test {
namespace {

constexpr uid_t ordinary_user = 1000;
constexpr int exit_code_skipped = 77;  // SKIP_RETURN_CODE in CMakeLists.txt
constexpr std::size_t helper_bytes_max = std::size_t{16} * 1024 * 1024;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "sandbox_run: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T value_or_die(Result<T> result) {
  if (!result) die(std::string(to_string(result.error().code())) + ": " + result.error().message());
  return std::move(*result);
}

}  // namespace

const Runner& runner() {
  static const Runner opened = value_or_die(Runner::open(MAYFLY_BIN_DIR "/mayfly-runner"));
  return opened;
}

bool is_root() {
  return ::geteuid() == 0;
}

bool has_control_groups(const RunReport& report) {
  return !report.confinement.contains("memory") && !report.confinement.contains("pids");
}

SandboxSpec command(std::vector<std::string> argv) {
  SandboxSpec spec;
  spec.argv = std::move(argv);
  spec.environment = {"HOME=/work", "LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"};
  return spec;
}

SandboxSpec shell(std::string_view script) {
  return command({"sh", "-c", std::string(script)});
}

SandboxSpec python(std::string_view script) {
  return command({"python3", "-c", std::string(script)});
}

const Bytes& helper_program() {
  static const Bytes program =
      value_or_die(read_file(MAYFLY_BIN_DIR "/confined-job", helper_bytes_max));
  return program;
}

SandboxSpec helper(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "./job");
  SandboxSpec spec = command(std::move(arguments));
  spec.scripts.push_back({"job", helper_program()});
  return spec;
}

RunReport run(const SandboxSpec& spec, const intake::Dataset* dataset, const Runner::Watch& watch) {
  RunReport report = value_or_die(runner().run(spec, dataset, watch));
  // Whatever a test is about: nothing is ever left.
  EXPECT_EQ(report.teardown.processes_left, 0);
  EXPECT_EQ(report.teardown.mounts_left, 0);
  EXPECT_EQ(report.teardown.cgroups_left, 0);
  return report;
}

std::string stdout_of(const RunReport& report) {
  return std::string(text_of(report.stdout_bytes));
}
std::string stderr_of(const RunReport& report) {
  return std::string(text_of(report.stderr_bytes));
}

std::string outcome_of(const RunReport& report) {
  constexpr const char* limits[] = {"memory", "cpu", "pids", "disk"};
  const Outcome& outcome = report.outcome;
  if (const auto* exited = std::get_if<Exited>(&outcome)) {
    return "exited " + std::to_string(exited->code);
  }
  if (const auto* signalled = std::get_if<Signalled>(&outcome)) {
    return "signalled " + std::to_string(signalled->signal);
  }
  if (const auto* hit = std::get_if<LimitHit>(&outcome)) {
    return std::string("limit ") + limits[static_cast<std::size_t>(hit->kind)];
  }
  if (const auto* denied = std::get_if<Denied>(&outcome)) return "denied: " + denied->what;
  if (const auto* not_started = std::get_if<NotStarted>(&outcome)) {
    return "not started: " + not_started->why;
  }
  return "timed out";
}

intake::SealedFile sealed_file(std::string_view name, std::string_view contents) {
  auto file = value_or_die(intake::FileIntake::begin(std::string(name), intake::IntakeLimits{},
                                                     value_or_die(job_identity())));
  if (auto appended = file.append(bytes_of(contents)); !appended) {
    die(appended.error().message());
  }
  return value_or_die(std::move(file).seal());
}

intake::Dataset dataset_of(std::string_view name, std::string_view contents) {
  return intake::Dataset::of_file(sealed_file(name, contents));
}

namespace {

// Root gives itself away and starts again; what it cannot do then, it says and skips.
void become_ordinary_user(char** argv) {
  if (::geteuid() != 0) return;  // is one already
  if (::setgroups(0, nullptr) != 0 || ::setresgid(ordinary_user, ordinary_user, ordinary_user) ||
      ::setresuid(ordinary_user, ordinary_user, ordinary_user) != 0) {
    std::fprintf(stderr, "SKIPPED: cannot become an ordinary user: %s\n", std::strerror(errno));
    std::exit(exit_code_skipped);
  }
  if (::access(MAYFLY_BIN_DIR "/mayfly-runner", X_OK) != 0) {
    std::fprintf(stderr, "SKIPPED: an ordinary user cannot read %s\n", MAYFLY_BIN_DIR);
    std::exit(exit_code_skipped);
  }
  ::execv("/proc/self/exe", argv);
  std::fprintf(stderr, "SKIPPED: an ordinary user cannot execute this: %s\n", std::strerror(errno));
  std::exit(exit_code_skipped);
}

}  // namespace
}  // namespace mayfly::executor::test

int main(int argc, char** argv) {
  namespace test = mayfly::executor::test;
  if (argc > 1 && std::strcmp(argv[1], "--as-user") == 0) test::become_ordinary_user(argv);
  if (argc > 2 && std::strcmp(argv[1], "--run-shell") == 0) {
    // A client of its own, for tests that kill it.
    const auto report = test::run(test::shell(argv[2]));
    return report.stdout_total > 0 ? 0 : 1;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
