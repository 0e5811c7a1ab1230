#include "executor/request.hpp"

#include <sys/resource.h>

#include <set>
#include <string_view>

#include "executor/seccomp_policy.hpp"

namespace mayfly::executor {
namespace {

Result<void> at_most(std::size_t count, std::size_t most, std::string_view what) {
  if (count <= most) return {};
  return fail(ErrorCode::limit, std::string(what) + ": " + std::to_string(count) +
                                    ", and at most " + std::to_string(most) + " are possible");
}

Result<void> no_nul(const std::string& text, std::string_view what) {
  if (text.find('\0') == std::string::npos) return {};
  return fail(ErrorCode::malformed,
              std::string(what) + " contains a NUL byte, which no program could be given");
}

Result<void> check_strings(const SandboxSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty()) {
    return fail(ErrorCode::malformed, "the command is empty: name a program");
  }
  CHECK_OK(at_most(spec.argv.size(), arguments_max, "arguments"));
  CHECK_OK(at_most(spec.environment.size(), environment_max, "environment variables"));
  CHECK_OK(at_most(spec.tools.size(), tools_max, "tools"));
  for (const auto* list : {&spec.argv, &spec.environment, &spec.tools}) {
    for (const std::string& text : *list) {
      CHECK_OK(at_most(text.size(), argument_bytes_max, "bytes in one argument or variable"));
      CHECK_OK(no_nul(text, "an argument, variable or tool"));
    }
  }
  for (const std::string& variable : spec.environment) {
    if (variable.find('=') == std::string::npos || variable.front() == '=') {
      return fail(ErrorCode::malformed, "an environment variable must read NAME=value");
    }
  }
  return {};
}

Result<void> check_files(const RunRequest& request) {
  CHECK_OK(at_most(request.spec.scripts.size(), scripts_max, "scripts"));
  CHECK_OK(at_most(request.dataset_names.size(), dataset_files_max, "dataset files"));
  std::size_t bytes = 0;
  std::set<std::string_view> seen;
  for (const ScriptFile& script : request.spec.scripts) {
    CHECK_OK(check_file_name(script.name, "script name"));
    bytes += script.contents.size();
    if (!seen.insert(script.name).second) {
      return fail(ErrorCode::malformed, "two scripts have one name: rename one of them");
    }
  }
  CHECK_OK(at_most(bytes, script_bytes_max, "bytes of all scripts"));
  seen.clear();
  for (const std::string& name : request.dataset_names) {
    CHECK_OK(check_file_name(name, "dataset file name"));
    if (!seen.insert(name).second) {
      return fail(ErrorCode::malformed, "two dataset files have one name: rename one of them");
    }
  }
  return {};
}

Result<void> at_most_hard(__rlimit_resource resource, std::int64_t wanted, std::string_view field,
                          std::string_view ulimit_option) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) {
    return fail_errno("reading the hard limit behind limits." + std::string(field));
  }
  if (static_cast<rlim_t>(wanted) <= now.rlim_max) return {};
  return fail(ErrorCode::limit, "limits." + std::string(field) + " is " + std::to_string(wanted) +
                                    ", but this machine allows a process " +
                                    std::to_string(now.rlim_max) + ": ask for no more, or raise " +
                                    "the hard limit (ulimit -H" + std::string(ulimit_option) +
                                    ") of whoever starts Mayfly");
}

}  // namespace

Result<void> check_limits(const Limits& limits) {
  for (const LimitBound& bound : limit_bounds) {
    const std::int64_t value = limits.*bound.limit;
    if (value >= bound.least && value <= bound.most) continue;
    return fail(ErrorCode::limit, "limits." + std::string(bound.name) + " is " +
                                      std::to_string(value) + "; it must be " +
                                      std::to_string(bound.least) + " to " +
                                      std::to_string(bound.most));
  }
  return {};
}

Result<void> check_hard_limits(const Limits& limits) {
  CHECK_OK(at_most_hard(RLIMIT_NOFILE, limits.open_files, "open_files", "n"));
  CHECK_OK(at_most_hard(RLIMIT_FSIZE, limits.disk_bytes, "disk_bytes", "f"));
  // Whole seconds, rounded up, as the kernel counts them.
  return at_most_hard(RLIMIT_CPU, (limits.cpu_ms + 999) / 1000, "cpu_ms in seconds", "t");
}

Result<void> check_file_name(const std::string& name, std::string_view what) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::malformed, std::string(what) + " " + std::string(why));
  };
  if (name.empty()) return refuse("is empty");
  CHECK_OK(at_most(name.size(), file_name_bytes_max, "bytes in a file name"));
  CHECK_OK(no_nul(name, what));
  std::string_view rest = name;
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty()) return refuse("has an empty part: it must be relative, like dir/main.py");
    if (part == "." || part == "..") return refuse("has a \".\" or \"..\" part: write it out");
    CHECK_OK(at_most(part.size(), name_part_bytes_max, "bytes in one part of a file name"));
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

Result<void> check_request(const RunRequest& request) {
  CHECK_OK(check_strings(request.spec));
  CHECK_OK(check_policy_name(request.spec.policy));
  CHECK_OK(check_limits(request.spec.limits));
  return check_files(request);
}

}  // namespace mayfly::executor
