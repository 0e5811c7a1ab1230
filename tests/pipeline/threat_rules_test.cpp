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

// A run as it is told of.
struct Told {
  std::vector<executor::Event> events;
  RunReport report;
};

void add(Told& told, FileCall call, std::string path, int error = 0) {
  told.events.push_back(executor::FileEvent{
      .at_us = 0, .pid = 2, .call = call, .error = error, .path = std::move(path), .second = {}});
}

std::vector<Finding> find_threats(const Told& told,
                                  std::optional<std::uint16_t> loopback_port = std::nullopt) {
  ThreatSigns signs(loopback_port);
  for (const executor::Event& event : told.events) signs.add(event);
  return signs.findings(told.report);
}

TEST(FindThreats, SeesNothingInAnOrdinaryRun) {
  Told told;
  add(told, FileCall::read, "/data/dataset.csv");
  add(told, FileCall::write, "/work/out");
  add(told, FileCall::connect, "unix /work/socket");
  // An interpreter looks for its modules in several places.
  for (std::int64_t i = 0; i < missing_files_of_a_scan - 1; ++i) {
    add(told, FileCall::read, "/usr/lib/python3/x" + std::to_string(i), ENOENT);
  }
  EXPECT_THAT(find_threats(told), IsEmpty());
  told.report.outcome = executor::Exited{.code = 1};
  EXPECT_THAT(find_threats(told), IsEmpty());
}

TEST(FindThreats, SeesAScanOfFiles) {
  Told told;
  for (std::int64_t i = 0; i < missing_files_of_a_scan; ++i) {
    add(told, FileCall::read, "/home/" + std::to_string(i), i % 2 == 0 ? ENOENT : EACCES);
  }
  EXPECT_THAT(find_threats(told), ElementsAre(Finding{ThreatRule::file_scan, Severity::medium,
                                                      missing_files_of_a_scan}));
}

TEST(FindThreats, SeesPathsThatOnlyAnAttackerLooksFor) {
  Told told;
  add(told, FileCall::read, "/etc/shadow", EACCES);
  add(told, FileCall::write, "/proc/self/mem", EACCES);
  add(told, FileCall::read, "/etc/passwd");
  EXPECT_THAT(find_threats(told),
              ElementsAre(Finding{ThreatRule::sensitive_path, Severity::high, 2}));
}

TEST(FindThreats, SeesAttemptsToReachTheNetworkAndTellsAScanFromThem) {
  Told told;
  for (int i = 0; i < 3; ++i) add(told, FileCall::connect, "inet 192.0.2.1:80", EPERM);
  EXPECT_THAT(find_threats(told),
              ElementsAre(Finding{ThreatRule::network_attempt, Severity::medium, 1}));
  for (std::int64_t i = 1; i < addresses_of_a_scan; ++i) {
    add(told, FileCall::connect, "inet6 [2001:db8::1]:" + std::to_string(i), EPERM);
  }
  EXPECT_THAT(find_threats(told),
              ElementsAre(Finding{ThreatRule::network_scan, Severity::high, addresses_of_a_scan}));
}

TEST(FindThreats, CountsDatagramsAndNotTheOneAllowedConnection) {
  Told told;
  add(told, FileCall::connect, "inet 127.0.0.1:8787");
  EXPECT_THAT(find_threats(told, 8787), IsEmpty());
  add(told, FileCall::send, "inet 127.0.0.1:8787", ENETUNREACH);
  add(told, FileCall::send, "unix /tmp/nobody", ENOENT);
  EXPECT_THAT(find_threats(told, 8787),
              ElementsAre(Finding{ThreatRule::network_attempt, Severity::medium, 1}));
}

TEST(FindThreats, HoldsNoMoreAddressesThanItsBound) {
  ThreatSigns signs(std::nullopt);
  for (std::size_t i = 0; i < 2 * addresses_told_apart_max; ++i) {
    signs.add(executor::FileEvent{.call = FileCall::connect,
                                  .error = ENETUNREACH,
                                  .path = "inet 192.0.2.1:" + std::to_string(i)});
  }
  EXPECT_THAT(signs.findings({}), ElementsAre(Finding{ThreatRule::network_scan, Severity::high,
                                                      addresses_told_apart_max}));
  EXPECT_EQ(signs.refused_addresses().inet, std::int64_t{2 * addresses_told_apart_max});
}

TEST(FindThreats, CountsRefusedAddressesByFamily) {
  ThreatSigns signs(8787);
  for (const auto& [path, error] :
       std::vector<std::pair<std::string, int>>{{"inet 127.0.0.1:8787", 0},
                                                {"inet6 [2001:db8::1]:1", ENETUNREACH},
                                                {"unix /work/nobody", ENOENT},
                                                {"unix /work/somebody", 0},
                                                {"netlink", EAFNOSUPPORT}}) {
    signs.add(executor::FileEvent{.call = FileCall::connect, .error = error, .path = path});
  }
  EXPECT_EQ(signs.refused_addresses(), (RefusedAddresses{.inet = 1, .local = 1, .other = 1}));
}

TEST(FindThreats, SeesWhatAJobWasStoppedAt) {
  const auto of = [](executor::Outcome outcome) {
    Told told;
    told.report.outcome = std::move(outcome);
    return find_threats(told);
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
  Told told;
  told.events.assign(programs_of_a_fork_bomb - 1, executor::ExecEvent{});
  EXPECT_THAT(find_threats(told), IsEmpty());
  told.events.emplace_back(executor::ExecEvent{});
  EXPECT_THAT(find_threats(told),
              ElementsAre(Finding{ThreatRule::fork_bomb, Severity::high, programs_of_a_fork_bomb}));
}

}  // namespace
}  // namespace mayfly::pipeline
