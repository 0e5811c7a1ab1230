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

void ThreatSigns::add_address(const FileEvent& event) {
  const std::string_view family = std::string_view(event.path).substr(0, event.path.find(' '));
  const bool is_inet = family.starts_with("inet");
  if (event.error != 0)
    ++(is_inet ? refused_.inet : family == "unix" ? refused_.local : refused_.other);
  if (!is_inet || is_allowed_connection(event, loopback_port_)) return;
  if (addresses_.size() < addresses_told_apart_max) addresses_.insert(event.path);
}

void ThreatSigns::add(const executor::Event& event) {
  if (std::holds_alternative<executor::ExecEvent>(event)) ++programs_;
  const auto* const call = std::get_if<FileEvent>(&event);
  if (call == nullptr || call->call == FileCall::bind) return;
  if (asks_for_address(call->call)) return add_address(*call);
  if (call->error == ENOENT || call->error == EACCES) ++missing_;
  if (is_sensitive(call->path)) ++sensitive_;
}

void ThreatSigns::add_outcome(const executor::RunReport& report,
                              std::vector<Finding>& findings) const {
  if (const auto* const denied = std::get_if<executor::Denied>(&report.outcome)) {
    const bool is_call = denied->what.starts_with("system call");
    findings.push_back({is_call ? ThreatRule::escape_call : ThreatRule::denied_tool,
                        is_call ? Severity::high : Severity::medium, 1});
  }
  const auto* const hit = std::get_if<executor::LimitHit>(&report.outcome);
  const bool at_pids = hit != nullptr && hit->kind == executor::LimitKind::pids;
  if (at_pids || programs_ >= programs_of_a_fork_bomb) {
    findings.push_back(
        {ThreatRule::fork_bomb, Severity::high, std::max<std::int64_t>(programs_, 1)});
  }
  if (hit != nullptr && !at_pids) {
    findings.push_back({ThreatRule::resource_bomb, Severity::low, 1});
  }
}

std::vector<Finding> ThreatSigns::findings(const executor::RunReport& report) const {
  std::vector<Finding> findings;
  add_outcome(report, findings);
  if (missing_ >= missing_files_of_a_scan) {
    findings.push_back({ThreatRule::file_scan, Severity::medium, missing_});
  }
  if (sensitive_ > 0) {
    findings.push_back({ThreatRule::sensitive_path, Severity::high, sensitive_});
  }
  const auto addresses = static_cast<std::int64_t>(addresses_.size());
  if (addresses >= addresses_of_a_scan) {
    findings.push_back({ThreatRule::network_scan, Severity::high, addresses});
  } else if (addresses > 0) {
    findings.push_back({ThreatRule::network_attempt, Severity::medium, addresses});
  }
  return findings;
}

}  // namespace mayfly::pipeline
