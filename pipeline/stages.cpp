#include "pipeline/stages.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "executor/seccomp_policy.hpp"
#include "pipeline/entry_point.hpp"
#include "pipeline/sandbox_spec.hpp"

namespace mayfly::pipeline {
namespace {

// Compilers need more than the jobs they make, and what they get does not depend on the job.
constexpr executor::Limits build_limits{
    .wall_ms = 300'000,
    .cpu_ms = 600'000,
    .memory_bytes = std::int64_t{2} * 1024 * 1024 * 1024,
    .pids = 256,
    .open_files = 1024,
    .disk_bytes = std::int64_t{512} * 1024 * 1024,
    .disk_inodes = 65'536,
    .output_bytes = std::int64_t{1024} * 1024,
};

// The tools of a request are what may touch its data; a compiler is many programs and touches none.
Stage build_stage(const executor::SandboxSpec& run, std::vector<std::string> command) {
  Stage stage{.name = "build", .spec = run, .dataset = DatasetAccess::none};
  stage.spec.argv = std::move(command);
  stage.spec.tools.clear();
  stage.spec.limits = build_limits;
  std::erase_if(stage.spec.environment,
                [](const std::string& entry) { return entry.starts_with("DATASET_PATH="); });
  return stage;
}

// --- one report of several ---

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void put_before(Bytes& bytes, Bytes& earlier, std::int64_t bytes_max) {
  append(earlier, bytes);
  if (earlier.size() > static_cast<std::size_t>(bytes_max)) {
    earlier.resize(static_cast<std::size_t>(bytes_max));
  }
  bytes = std::move(earlier);
}

// `report` is of the stage after those of `earlier`.
void continue_from(executor::RunReport earlier, executor::RunReport& report,
                   const executor::Limits& limits) {
  append(report.files.image_files, earlier.files.image_files);
  put_before(report.stderr_bytes, earlier.stderr_bytes, limits.output_bytes);
  report.stderr_total += earlier.stderr_total;
  report.usage.cpu_ms += earlier.usage.cpu_ms;
  report.usage.wall_ms += earlier.usage.wall_ms;
  report.usage.peak_memory_bytes =
      std::max(report.usage.peak_memory_bytes, earlier.usage.peak_memory_bytes);
  report.usage.processes += earlier.usage.processes;
  report.execution_started = earlier.execution_started;
  report.teardown.processes_left += earlier.teardown.processes_left;
  report.teardown.mounts_left += earlier.teardown.mounts_left;
  report.teardown.cgroups_left += earlier.teardown.cgroups_left;
}

// A compiler's or a step's standard output is for people: the result is the last stage's alone.
void print_for_people(executor::RunReport& report) {
  append(report.stderr_bytes, report.stdout_bytes);
  report.stdout_bytes.clear();
  report.stderr_total += std::exchange(report.stdout_total, 0);
}

Result<std::string> policy_for(const ExecutionRequest& request, const EntryPoint& entry) {
  if (request.policy != policy_of_language) {
    if (auto known = executor::check_policy_name(request.policy); !known) {
      return std::unexpected(std::move(known).error().while_doing("policy"));
    }
    return request.policy;
  }
  if (!entry.policy.empty()) return std::string(entry.policy);
  return fail(ErrorCode::malformed,
              "policy: \"language\" needs a script in a language that has one (python, javascript, "
              "shell, c, cpp, go, rust, java): name a policy, such as \"strict\"");
}

bool succeeded(const executor::RunReport& report) {
  const auto* const exited = std::get_if<executor::Exited>(&report.outcome);
  return exited != nullptr && exited->code == 0;
}

}  // namespace

Result<std::vector<Stage>> stages_of(const ExecutionRequest& request) {
  if (request.steps.size() > steps_max) {
    return fail(ErrorCode::limit, "steps: " + std::to_string(request.steps.size()) + ", at most " +
                                      std::to_string(steps_max) + " are accepted");
  }
  EntryPoint entry{.build = {}, .run = request.command};
  if (entry.run.empty()) {
    TRY(entry, entry_point(request.scripts, request.entry_script, request.language));
    entry.run.insert(entry.run.end(), request.arguments.begin(), request.arguments.end());
  }
  TRY(const std::string policy, policy_for(request, entry));
  if (request.determinism == Determinism::seeded && request.llm) {
    return fail(ErrorCode::malformed,
                "determinism: what a model answers has no seed: leave out seeded, or the model");
  }
  TRY(const executor::SandboxSpec run, sandbox_spec(request, std::move(entry.run)));
  std::vector<Stage> stages;
  if (!entry.build.empty()) stages.push_back(build_stage(run, std::move(entry.build)));
  for (const std::vector<std::string>& step : request.steps) {
    Stage stage{.name = "step_" + std::to_string(stages.size() + 1), .spec = run};
    TRY(stage.spec, sandbox_spec(request, step));
    stages.push_back(std::move(stage));
  }
  stages.push_back({.name = "run", .spec = run});
  for (Stage& stage : stages) {
    stage.spec.policy = policy;
    if (request.determinism == Determinism::seeded) stage.spec.seed = crypto::Sha256{};
    if (&stage == &stages.back()) break;
    stage.spec.left_files = executor::LeftFiles::taken;
    stage.spec.loopback_port.reset();  // the command alone may call a model
  }
  return stages;
}

Result<StagesReport> run_stages(const executor::Runner& runner, const std::vector<Stage>& stages,
                                const intake::Dataset* dataset,
                                const executor::Runner::Watch& watch) {
  executor::Runner::Watch early = watch;
  early.on_stdout = watch.on_stderr;
  std::optional<executor::RunReport> earlier;
  std::vector<executor::ScriptFile> left;
  for (const Stage& stage : stages) {
    const bool is_last = &stage == &stages.back();
    executor::SandboxSpec spec = stage.spec;
    if (earlier) spec.scripts = std::move(left);
    TRY(executor::RunReport report,
        runner.run(spec, stage.dataset == DatasetAccess::read ? dataset : nullptr,
                   is_last ? watch : early));
    left = std::move(report.left);
    if (!is_last) print_for_people(report);
    if (earlier) continue_from(std::move(*earlier), report, stages.back().spec.limits);
    if (is_last) return StagesReport{.report = std::move(report), .ended_in = std::nullopt};
    if (!succeeded(report)) {
      return StagesReport{.report = std::move(report), .ended_in = stage.name};
    }
    earlier = std::move(report);
  }
  return fail(ErrorCode::internal, "a run without a stage");
}

}  // namespace mayfly::pipeline
