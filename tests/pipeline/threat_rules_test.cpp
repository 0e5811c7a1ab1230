#include "pipeline/threat_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace mayfly::pipeline {
namespace {

using executor::FileCall;
using executor::RunReport;
using testing::ElementsAre;
using testing::IsEmpty;

void add(RunReport& report, FileCall call, std::string path, int error = 0) {
  report.files.events.push_back(
      {.at_us = 0, .pid = 2, .call = call, .error = error, .path = std::move(path), .second = {}});
}

TEST(FindThreats, SeesNothingInAnOrdinaryRun) {
  RunReport report;
  add(report, FileCall::read, "/data/dataset.csv");
  add(report, FileCall::write, "/work/out");
  add(report, FileCall::connect, "unix /work/socket");
  // An interpreter looks for its modules in several places.
  for (std::int64_t i = 0; i < missing_files_of_a_scan - 1; ++i) {
    add(report, FileCall::read, "/usr/lib/python3/x" + std::to_string(i), ENOENT);
  }
  EXPECT_THAT(find_threats(report), IsEmpty());
  report.outcome = executor::Exited{.code = 1};
  EXPECT_THAT(find_threats(report), IsEmpty());
}

TEST(FindThreats, SeesAScanOfFiles) {
  RunReport report;
  for (std::int64_t i = 0; i < missing_files_of_a_scan; ++i) {
    add(report, FileCall::read, "/home/" + std::to_string(i), i % 2 == 0 ? ENOENT : EACCES);
  }
  EXPECT_THAT(find_threats(report), ElementsAre(Finding{ThreatRule::file_scan, Severity::medium,
                                                        missing_files_of_a_scan}));
}

TEST(FindThreats, SeesPathsThatOnlyAnAttackerLooksFor) {
  RunReport report;
  add(report, FileCall::read, "/etc/shadow", EACCES);
  add(report, FileCall::write, "/proc/self/mem", EACCES);
  add(report, FileCall::read, "/etc/passwd");
  EXPECT_THAT(find_threats(report),
              ElementsAre(Finding{ThreatRule::sensitive_path, Severity::high, 2}));
}

TEST(FindThreats, SeesAttemptsToReachTheNetworkAndTellsAScanFromThem) {
  RunReport report;
  for (int i = 0; i < 3; ++i) add(report, FileCall::connect, "inet 192.0.2.1:80", EPERM);
  EXPECT_THAT(find_threats(report),
              ElementsAre(Finding{ThreatRule::network_attempt, Severity::medium, 1}));
  for (std::int64_t i = 1; i < addresses_of_a_scan; ++i) {
    add(report, FileCall::connect, "inet6 [2001:db8::1]:" + std::to_string(i), EPERM);
  }
  EXPECT_THAT(find_threats(report),
              ElementsAre(Finding{ThreatRule::network_scan, Severity::high, addresses_of_a_scan}));
}

TEST(FindThreats, CountsDatagramsAndNotTheOneAllowedConnection) {
  RunReport report;
  add(report, FileCall::connect, "inet 127.0.0.1:8787");
  EXPECT_THAT(find_threats(report, 8787), IsEmpty());
  add(report, FileCall::send, "inet 127.0.0.1:8787", ENETUNREACH);
  add(report, FileCall::send, "unix /tmp/nobody", ENOENT);
  EXPECT_THAT(find_threats(report, 8787),
              ElementsAre(Finding{ThreatRule::network_attempt, Severity::medium, 1}));
}

TEST(FindThreats, SeesWhatAJobWasStoppedAt) {
  const auto of = [](executor::Outcome outcome) {
    RunReport report;
    report.outcome = std::move(outcome);
    return find_threats(report);
  };
  EXPECT_THAT(of(executor::Denied{"system call 310"}),
              ElementsAre(Finding{ThreatRule::escape_call, Severity::high, 1}));
  EXPECT_THAT(of(executor::Denied{"exec /usr/bin/curl: not among the tools"}),
              ElementsAre(Finding{ThreatRule::denied_tool, Severity::medium, 1}));
  EXPECT_THAT(of(executor::LimitHit{executor::LimitKind::pids}),
              ElementsAre(Finding{ThreatRule::fork_bomb, Severity::high, 1}));
  EXPECT_THAT(of(executor::LimitHit{executor::LimitKind::memory}),
              ElementsAre(Finding{ThreatRule::resource_bomb, Severity::low, 1}));
}

TEST(FindThreats, SeesNoEndOfPrograms) {
  RunReport report;
  report.executions.resize(programs_of_a_fork_bomb - 1);
  EXPECT_THAT(find_threats(report), IsEmpty());
  report.executions.resize(programs_of_a_fork_bomb);
  EXPECT_THAT(find_threats(report),
              ElementsAre(Finding{ThreatRule::fork_bomb, Severity::high, programs_of_a_fork_bomb}));
}

}  // namespace
}  // namespace mayfly::pipeline
