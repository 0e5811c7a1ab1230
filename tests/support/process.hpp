// Runs a program for a test: input, output, exit status, and a deadline that kills it.
//
// Use       const auto done = test::run_process({MAYFLY_BIN_DIR "/verify-cert", "cert.json"});
//           EXPECT_EQ(done.exit_code, 0) << done.stderr_text;
// Shapes    argv[0] is looked up in PATH when it has no '/'. Output is kept up to
//           process_output_bytes_max per stream; the rest is read and dropped.
// Errors    Throws std::system_error when no process can be made. A program that cannot be executed
//           is exit code 127 with the reason on stderr, as in a shell.
// Threads   One ChildProcess, one thread.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace mayfly::test {

inline constexpr std::size_t process_output_bytes_max = std::size_t{64} * 1024 * 1024;

struct ProcessOptions {
  std::string stdin_text{};                   // then end of file
  std::vector<std::string> environment{};     // "NAME=value", over ours
  std::filesystem::path working_directory{};  // empty: ours
  std::chrono::milliseconds timeout{60'000};
};

struct ProcessResult {
  int exit_code = 0;       // 0..255, or minus the signal that ended it
  bool timed_out = false;  // we killed it
  std::string stdout_text;
  std::string stderr_text;
};

// A program in the background. It and its process group are killed when this is destroyed, and when
// the test itself dies.
class ChildProcess {
 public:
  ChildProcess(const std::vector<std::string>& argv, const ProcessOptions& options = {});
  ChildProcess(ChildProcess&&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  const std::string& stdout_text() const { return result_.stdout_text; }  // so far
  const std::string& stderr_text() const { return result_.stderr_text; }
  // To the program alone, or to it and everything it started in its process group.
  void send(int signal) const;
  void send_group(int signal) const;
  // Until `text` has been printed on stdout or stderr. False: the program ended or the time is up.
  bool wait_for_text(std::string_view text, std::chrono::milliseconds timeout);
  // Until it has ended and closed its output; kills the group when ProcessOptions::timeout is up.
  ProcessResult wait();

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  void pump_until(Deadline deadline, std::string_view text);
  void pump_once(int timeout_ms);
  bool ended() const;
  void reap(int wait_options);

  pid_t pid_ = -1;
  std::optional<int> status_;
  UniqueFd stdin_;
  UniqueFd stdout_;
  UniqueFd stderr_;
  std::string unsent_;
  Deadline deadline_;
  ProcessResult result_;
};

ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options = {});

}  // namespace mayfly::test
