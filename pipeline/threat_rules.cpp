#include "pipeline/threat_rules.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string>

#include "pipeline/file_summary.hpp"

namespace mayfly::pipeline {
namespace {

using executor::FileCall;
using executor::FileEvent;

// Paths that no work over a dataset needs, and every attack tries.
constexpr std::array<std::string_view, 16> sensitive_starts = {
    "/etc/shadow",    "/etc/gshadow",    "/etc/sudoers",   "/root",
    "/proc/1/",       "/proc/kcore",     "/proc/sysrq",    "/proc/self/mem",
    "/proc/kallsyms", "/sys/kernel",     "/sys/fs/cgroup", "/dev/mem",
    "/dev/kmem",      "/var/run/docker", "/run/docker",    "/run/containerd"};

bool is_sensitive(std::string_view path) {
  return std::ranges::any_of(sensitive_starts,
                             [&](std::string_view start) { return path.starts_with(start); });
}

struct Seen {
  std::int64_t missing = 0;
  std::int64_t sensitive = 0;
  std::set<std::string_view> addresses;
};

Seen look_through(const executor::FileRecord& files, std::optional<std::uint16_t> loopback_port) {
  Seen seen;
  for (const FileEvent& event : files.events) {
    if (asks_for_address(event.call)) {
      if (event.path.starts_with("inet") && !is_allowed_connection(event, loopback_port)) {
        seen.addresses.insert(event.path);
      }
      continue;
    }
    if (event.call == FileCall::bind) continue;
    if (event.error == ENOENT || event.error == EACCES) ++seen.missing;
    if (is_sensitive(event.path)) ++seen.sensitive;
  }
  return seen;
}

void add_outcome(const executor::RunReport& report, std::vector<Finding>& findings) {
  if (const auto* const denied = std::get_if<executor::Denied>(&report.outcome)) {
    const bool is_call = denied->what.starts_with("system call");
    findings.push_back({is_call ? ThreatRule::escape_call : ThreatRule::denied_tool,
                        is_call ? Severity::high : Severity::medium, 1});
  }
  const auto* const hit = std::get_if<executor::LimitHit>(&report.outcome);
  const bool at_pids = hit != nullptr && hit->kind == executor::LimitKind::pids;
  const auto programs = static_cast<std::int64_t>(report.executions.size());
  if (at_pids || programs >= programs_of_a_fork_bomb) {
    findings.push_back(
        {ThreatRule::fork_bomb, Severity::high, std::max<std::int64_t>(programs, 1)});
  }
  if (hit != nullptr && !at_pids) {
    findings.push_back({ThreatRule::resource_bomb, Severity::low, 1});
  }
}

}  // namespace

std::string_view to_string(ThreatRule rule) {
  switch (rule) {
    case ThreatRule::denied_tool: return "denied_tool";
    case ThreatRule::escape_call: return "escape_call";
    case ThreatRule::file_scan: return "file_scan";
    case ThreatRule::fork_bomb: return "fork_bomb";
    case ThreatRule::network_attempt: return "network_attempt";
    case ThreatRule::network_scan: return "network_scan";
    case ThreatRule::resource_bomb: return "resource_bomb";
    case ThreatRule::sensitive_path: break;
  }
  return "sensitive_path";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::low: return "low";
    case Severity::medium: return "medium";
    case Severity::high: break;
  }
  return "high";
}

std::vector<Finding> find_threats(const executor::RunReport& report,
                                  std::optional<std::uint16_t> loopback_port) {
  std::vector<Finding> findings;
  add_outcome(report, findings);
  const Seen seen = look_through(report.files, loopback_port);
  if (seen.missing >= missing_files_of_a_scan) {
    findings.push_back({ThreatRule::file_scan, Severity::medium, seen.missing});
  }
  if (seen.sensitive > 0) {
    findings.push_back({ThreatRule::sensitive_path, Severity::high, seen.sensitive});
  }
  const auto addresses = static_cast<std::int64_t>(seen.addresses.size());
  if (addresses >= addresses_of_a_scan) {
    findings.push_back({ThreatRule::network_scan, Severity::high, addresses});
  } else if (addresses > 0) {
    findings.push_back({ThreatRule::network_attempt, Severity::medium, addresses});
  }
  return findings;
}

}  // namespace mayfly::pipeline
