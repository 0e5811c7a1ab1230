#include "executor/cgroup.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "base/file_io.hpp"
#include "executor/cgroup_layout.hpp"

namespace mayfly::executor {
namespace {

constexpr std::size_t proc_file_bytes_max = std::size_t{1} * 1024 * 1024;
constexpr int emptying_wait_ms_max = 10'000;
constexpr int delegation_moves_max = 8;

// --- small files of the cgroup file system ---

Result<std::string> read_text(const std::string& path) {
  TRY(const Bytes bytes, read_file(path, proc_file_bytes_max));
  std::string text(text_of(bytes));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<void> write_text(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno("opening " + path);
  // One write: the kernel takes each as one command.
  if (::write(fd.borrow(), text.data(), text.size()) < 0) {
    return fail_errno("writing " + std::string(text) + " to " + path);
  }
  return {};
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool has_word(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (text.substr(0, end) == word) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

// The number after "key " in a flat keyed file; 0 when the key is absent.
std::int64_t keyed_number(std::string_view rest, std::string_view key) {
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') continue;
    std::int64_t value = 0;
    std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
    return value;
  }
  return 0;
}

Result<std::vector<pid_t>> pids_in(const std::string& directory) {
  TRY(const std::string text, read_text(directory + "/cgroup.procs"));
  std::vector<pid_t> pids;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(at, end, pid);
    if (parsed.ec != std::errc()) return fail(ErrorCode::internal, directory + ": not a pid");
    if (pid > 0) pids.push_back(pid);  // 0: a process that our pid namespace cannot name
    at = parsed.ptr + 1;
  }
  return pids;
}

// --- names ---

// "mayfly-<pid namespace>-<pid>-<start time>-<count>": a directory can be told to be of a dead
// runner even when its pid is in use again, or means another process in a container's namespace.
constexpr std::string_view name_prefix = "mayfly-";
// Where the processes of a delegated group move, so that the group may hand out its controllers.
constexpr std::string_view supervisors_name = "mayfly-supervisors";

std::string pid_namespace_text() {
  struct stat status{};
  if (::stat("/proc/self/ns/pid", &status) != 0) return "0";
  return std::to_string(status.st_ino);
}

// Field 22 of /proc/PID/stat, in clock ticks since boot; empty when no such process is alive.
std::string start_time_text(const std::string& pid) {
  const auto text = read_text("/proc/" + pid + "/stat");
  if (!text) return "";
  const std::size_t name_end = text->rfind(')');  // the name may hold spaces and parentheses
  if (name_end == std::string::npos) return "";
  std::string_view rest = std::string_view(*text).substr(name_end + 1);
  // A zombie runs nothing more, and where pid 1 does not reap (some containers) it stays for ever.
  if (rest.starts_with(" Z") || rest.starts_with(" X")) return "";
  for (int field = 2; field < 22; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return "";
    rest.remove_prefix(space + 1);
  }
  return std::string(rest.substr(0, rest.find(' ')));
}

std::string own_name() {
  static std::atomic<unsigned> count{0};
  const std::string pid = std::to_string(::getpid());
  return std::string(name_prefix) + pid_namespace_text() + "-" + pid + "-" + start_time_text(pid) +
         "-" + std::to_string(count.fetch_add(1));
}

bool is_of_dead_runner(std::string_view name) {
  if (!name.starts_with(name_prefix)) return false;
  name.remove_prefix(name_prefix.size());
  std::string fields[4];
  for (auto& field : fields) {
    const std::size_t end = std::min(name.find('-'), name.size());
    field = name.substr(0, end);
    if (field.empty() || field.find_first_not_of("0123456789") != std::string::npos) return false;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return name.empty() && fields[0] == pid_namespace_text() &&
         start_time_text(fields[1]) != fields[2];
}

// --- where to make a group ---

Result<std::vector<CgroupPlace>> places_of_this_process() {
  TRY(const Bytes memberships, read_file("/proc/self/cgroup", proc_file_bytes_max));
  TRY(const Bytes mountinfo, read_file("/proc/self/mountinfo", proc_file_bytes_max));
  return own_cgroup_places(text_of(memberships), text_of(mountinfo));
}

// Whether the owner of the hierarchy handed this group over, so that its inner order is ours.
bool is_delegated(const CgroupPlace& place) {
  for (const char* mark : {"user.delegate", "trusted.delegate"}) {
    char value = 0;
    if (::getxattr(place.directory.c_str(), mark, &value, 1) == 1 && value == '1') return true;
  }
  // The root of a cgroup namespace: looks like the root, and has a type as only other groups do.
  return place.path == "/" && exists(place.directory + "/cgroup.type");
}

std::vector<std::string> wanted_controllers(const std::string& directory) {
  const auto available = read_text(directory + "/cgroup.controllers");
  std::vector<std::string> wanted;
  for (const char* controller : {"memory", "pids"}) {
    if (available && has_word(*available, controller)) wanted.emplace_back(controller);
  }
  return wanted;
}

// True when children of `directory` have every controller of `wanted`.
bool enable_for_children(const std::string& directory, const std::vector<std::string>& wanted) {
  const std::string file = directory + "/cgroup.subtree_control";
  const auto enabled = read_text(file);
  if (!enabled) return false;
  return std::ranges::all_of(wanted, [&](const std::string& controller) {
    return has_word(*enabled, controller) || write_text(file, "+" + controller).has_value();
  });
}

// A v2 group that hands out controllers may hold no process itself: move ours one level down.
bool empty_for_children(const std::string& directory) {
  const std::string leaf = directory + "/" + std::string(supervisors_name);
  if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return false;
  for (int round = 0; round < delegation_moves_max; ++round) {
    const auto pids = pids_in(directory);
    if (!pids) return false;
    if (pids->empty()) return true;
    for (const pid_t pid : *pids) {
      // A process that ended meanwhile is no failure; one that stays shows in the next round.
      (void)write_text(leaf + "/cgroup.procs", std::to_string(pid));
    }
  }
  return false;
}

// Our own group if its children can have the `wanted` controllers, else the nearest ancestor whose
// children can.
std::optional<CgroupPlace> parent_with(const std::vector<std::string>& wanted, CgroupPlace place) {
  const std::string own_directory = place.directory;
  while (true) {
    if (::access(place.directory.c_str(), W_OK) == 0) {
      if (enable_for_children(place.directory, wanted)) return place;
      if (place.directory == own_directory && is_delegated(place) &&
          empty_for_children(place.directory) && enable_for_children(place.directory, wanted)) {
        return place;
      }
    }
    if (place.directory == place.mount_point || place.path == "/") return std::nullopt;
    place.directory.resize(place.directory.rfind('/'));
    place.path.resize(std::max<std::size_t>(place.path.rfind('/'), 1));
  }
}

std::optional<CgroupPlace> v2_parent(const CgroupPlace& own) {
  // Every controller that the hierarchy has; failing that, whatever our own group was given.
  if (auto parent = parent_with(wanted_controllers(own.mount_point), own)) return parent;
  return parent_with(wanted_controllers(own.directory), own);
}

bool is_for(const CgroupPlace& place, std::string_view controller) {
  return std::ranges::find(place.controllers, controller) != place.controllers.end();
}

// One directory of ours in one hierarchy.
struct Group {
  CgroupPlace parent;
  std::string directory;
  std::string path;  // as /proc/PID/cgroup of a member says it
  UniqueFd fd;
  UniqueFd tasks;         // v1: for writing, by whoever is to be inside
  bool has_kill = false;  // v2: cgroup.kill, Linux 5.14

  bool is_v2() const { return parent.version == CgroupVersion::v2; }
  // v1 says so; of v2, the files themselves are asked.
  bool may_have(std::string_view controller) const { return is_v2() || is_for(parent, controller); }
  std::string file(std::string_view name) const { return directory + "/" + std::string(name); }

  // Absent: this kernel has no such file.
  Result<std::optional<std::string>> read(const char* name) const;
  Result<std::int64_t> number(const char* name) const;
  Result<std::int64_t> number(const char* name, std::string_view key) const;
  Result<void> write(const char* name, std::string_view text) const;
};

Result<std::optional<std::string>> Group::read(const char* name) const {
  const UniqueFd opened(::openat(fd.borrow(), name, O_RDONLY | O_CLOEXEC));
  if (!opened && errno == ENOENT) return std::optional<std::string>();
  if (!opened) return fail_errno("opening " + file(name));
  auto bytes = read_to_end(opened, proc_file_bytes_max);
  if (!bytes) return std::unexpected(std::move(bytes).error().while_doing(file(name)));
  std::string text(text_of(*bytes));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return std::optional(std::move(text));
}

Result<std::int64_t> Group::number(const char* name, std::string_view key) const {
  TRY(const auto text, read(name));
  return text ? keyed_number(*text, key) : 0;
}

Result<std::int64_t> Group::number(const char* name) const {
  TRY(const auto text, read(name));
  if (!text) return 0;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec != std::errc()) return fail(ErrorCode::internal, file(name) + ": not a number");
  return value;
}

Result<void> Group::write(const char* name, std::string_view text) const {
  const UniqueFd opened(::openat(fd.borrow(), name, O_WRONLY | O_CLOEXEC));
  if (!opened) return fail_errno("opening " + file(name));
  // One write: the kernel takes each as one command.
  if (::write(opened.borrow(), text.data(), text.size()) < 0) {
    return fail_errno("writing " + std::string(text) + " to " + file(name));
  }
  return {};
}

// nullopt: we may not make one here, as for an ordinary user without delegation.
Result<std::optional<Group>> make_group(const CgroupPlace& parent, const std::string& name) {
  Group group{parent,
              parent.directory + "/" + name,
              (parent.path == "/" ? "" : parent.path) + "/" + name,
              {},
              {}};
  if (::mkdir(group.directory.c_str(), 0755) != 0) {
    if (errno == EACCES || errno == EPERM || errno == EROFS) return std::optional<Group>();
    return fail_errno("making the control group " + group.directory);
  }
  group.fd.reset(::open(group.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!group.fd) return fail_errno("opening the control group " + group.directory);
  if (!group.is_v2()) {
    group.tasks.reset(::open(group.file("tasks").c_str(), O_WRONLY | O_CLOEXEC));
    if (!group.tasks) return fail_errno("opening " + group.file("tasks"));
  } else {
    group.has_kill = ::faccessat(group.fd.borrow(), "cgroup.kill", F_OK, 0) == 0;
  }
  return std::optional(std::move(group));
}

// Of v1, where a hierarchy has a controller or two: the ones that a run has a use for.
bool limits_a_run(const CgroupPlace& place) {
  return is_for(place, "memory") || is_for(place, "pids");
}
bool helps_a_run(const CgroupPlace& place) {
  return is_for(place, "cpuacct") || is_for(place, "freezer");
}

// --- limits ---

using Facts = std::map<std::string, std::string>;

std::int64_t whole_pages(std::int64_t bytes) {
  const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
  return bytes - bytes % page_bytes;
}

// Sets a limit and reads it back: what the kernel took is what is in force. Absent: it has no such
// limit.
Result<std::optional<std::string>> set_limit(const Group& group, const char* file,
                                             std::int64_t value) {
  const std::string wanted = std::to_string(value);
  if (auto written = group.write(file, wanted); !written) {
    const int error_number = written.error().error_number();
    if (error_number == ENOENT) return std::optional<std::string>();
    // v1 says EBUSY; v2 takes it, and ends something inside.
    if (error_number == EBUSY) return fail(ErrorCode::limit, written.error().message());
    return std::unexpected(std::move(written).error());
  }
  TRY(auto taken, group.read(file));
  if (taken != wanted) {
    return fail(ErrorCode::unavailable, group.file(file) + ": asked for " + wanted +
                                            ", the kernel took " + taken.value_or("nothing"));
  }
  return taken;
}

Result<void> limit_memory(const Group& group, const Limits& limits, Facts& facts) {
  if (!group.may_have("memory")) return {};
  const std::int64_t bytes = whole_pages(limits.memory_bytes);
  TRY(const auto memory,
      set_limit(group, group.is_v2() ? "memory.max" : "memory.limit_in_bytes", bytes));
  if (!memory) return {};
  facts["cgroup_memory"] = *memory;
  // v1: memory and swap together may use no more than memory alone, so no swap.
  TRY(const auto swap, group.is_v2() ? set_limit(group, "memory.swap.max", 0)
                                     : set_limit(group, "memory.memsw.limit_in_bytes", bytes));
  if (swap) {
    facts["cgroup_swap"] = "0";
  } else if (!group.is_v2()) {
    TRY(const auto swappiness, set_limit(group, "memory.swappiness", 0));
    if (swappiness) facts["cgroup_swap"] = "swappiness " + *swappiness;
  }
  return {};
}

Result<void> limit_pids(const Group& group, const Limits& limits, Facts& facts) {
  if (!group.may_have("pids")) return {};
  TRY(const auto pids, set_limit(group, "pids.max", limits.pids));
  if (pids) facts["cgroup_pids"] = *pids;
  return {};
}

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

Result<void> kill_listed(const Group& group) {
  TRY(const auto pids, pids_in(group.directory));
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  return {};
}

// A tree that forks while it is killed pid by pid can outrun us; frozen it cannot.
Result<void> kill_frozen(const Group& freezer) {
  CHECK_OK(freezer.write("freezer.state", "FROZEN"));
  const auto killed = kill_listed(freezer);
  CHECK_OK(freezer.write("freezer.state", "THAWED"));
  return killed;
}

// rmdir while the last process is still on its way out says EBUSY.
bool remove_directory(const std::string& directory, int wait_ms_max) {
  for (int waited_ms = 0;; ++waited_ms) {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY || waited_ms >= wait_ms_max) return false;
    sleep_ms(1);
  }
}

// A job may have made groups below ours where it could write; it cannot in a sandbox, but a
// runner's death must not leave a tree either way.
void remove_children(const std::string& directory) {
  DIR* opened = ::opendir(directory.c_str());
  if (opened == nullptr) return;
  while (const dirent* entry = ::readdir(opened)) {
    const std::string_view name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
    remove_children(directory + "/" + std::string(name));
    ::rmdir((directory + "/" + std::string(name)).c_str());
  }
  ::closedir(opened);
}

}  // namespace

// --- one run ---

struct RunCgroup::State {
  std::vector<Group> groups;
  Facts facts;
  pid_t owner = ::getpid();

  const Group* with_kill() const {
    const auto found = std::ranges::find_if(groups, &Group::has_kill);
    return found == groups.end() ? nullptr : &*found;
  }
  const Group* freezer() const {
    const auto found = std::ranges::find_if(
        groups, [](const Group& group) { return is_for(group.parent, "freezer"); });
    return found == groups.end() ? nullptr : &*found;
  }
  Result<void> kill_once() const;
  Result<bool> is_empty() const;
};

RunCgroup::RunCgroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunCgroup::RunCgroup(RunCgroup&&) noexcept = default;

RunCgroup& RunCgroup::operator=(RunCgroup&& other) noexcept {
  RunCgroup old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

RunCgroup::~RunCgroup() {
  // A forked child that unwinds must not end its own run.
  if (state_ == nullptr || state_->owner != ::getpid()) return;
  (void)kill_all();
  for (const auto& group : state_->groups) {
    remove_children(group.directory);
    (void)remove_directory(group.directory, emptying_wait_ms_max);
  }
}

Result<RunCgroup> RunCgroup::create(const Limits& limits) {
  TRY(RunCgroup run, create());
  CHECK_OK(run.limit(limits));
  return run;
}

Result<RunCgroup> RunCgroup::create() {
  TRY(const auto places, places_of_this_process());
  const std::string name = own_name();
  // Owned from the first directory on, so that every way out removes what was made.
  RunCgroup run(std::make_unique<State>());
  State& state = *run.state_;
  const auto add = [&](const CgroupPlace& parent) -> Result<void> {
    TRY(auto group, make_group(parent, name));
    if (group) state.groups.push_back(std::move(*group));
    return {};
  };
  for (const auto& place : places) {
    if (place.version != CgroupVersion::v2) continue;
    if (const auto parent = v2_parent(place)) CHECK_OK(add(*parent));
  }
  // v2 counts CPU time and kills at once without any controller; v1 needs one for each.
  const bool v2_serves = state.with_kill() != nullptr;
  for (const auto& place : places) {
    if (limits_a_run(place) || (helps_a_run(place) && !v2_serves)) CHECK_OK(add(place));
  }
  return run;
}

Result<void> RunCgroup::limit(const Limits& limits) {
  for (const auto& group : state_->groups) {
    CHECK_OK(limit_memory(group, limits, state_->facts));
    CHECK_OK(limit_pids(group, limits, state_->facts));
  }
  return {};
}

int RunCgroup::v2_fd() const {
  const auto found = std::ranges::find_if(state_->groups, &Group::is_v2);
  return found == state_->groups.end() ? -1 : found->fd.borrow();
}

Result<void> RunCgroup::enter() const {
  for (const auto& group : state_->groups) {
    if (group.is_v2()) continue;
    // "0" is the calling thread. A number, or cgroup.procs, would have to wait: see the header.
    if (::write(group.tasks.borrow(), "0", 1) != 1) {
      return fail_errno("entering the control group " + group.directory);
    }
  }
  return {};
}

Result<void> RunCgroup::verify(pid_t pid) const {
  if (state_->groups.empty()) return {};
  TRY(const std::string memberships, read_text("/proc/" + std::to_string(pid) + "/cgroup"));
  for (const auto& group : state_->groups) {
    if (cgroup_path_in(memberships, group.parent) != group.path) {
      return fail(ErrorCode::internal,
                  "process " + std::to_string(pid) + " is not in the control group " + group.path);
    }
  }
  return {};
}

Result<void> RunCgroup::State::kill_once() const {
  if (const Group* group = with_kill()) {
    CHECK_OK(group->write("cgroup.kill", "1"));
  } else if (const Group* frozen = freezer()) {
    CHECK_OK(kill_frozen(*frozen));
  }
  for (const auto& group : groups) CHECK_OK(kill_listed(group));
  return {};
}

Result<bool> RunCgroup::State::is_empty() const {
  for (const auto& group : groups) {
    TRY(const auto pids, pids_in(group.directory));
    if (!pids.empty()) return false;
  }
  return true;
}

Result<void> RunCgroup::kill_all() const {
  for (int waited_ms = 0; waited_ms < emptying_wait_ms_max; ++waited_ms) {
    TRY(const bool empty, state_->is_empty());
    if (empty) return {};
    CHECK_OK(state_->kill_once());
    sleep_ms(1);
  }
  return fail(ErrorCode::internal, "processes of the run do not die: " +
                                       state_->groups.front().directory + "/cgroup.procs");
}

Result<std::optional<std::int64_t>> RunCgroup::members() const {
  std::optional<std::int64_t> most;
  for (const auto& group : state_->groups) {
    TRY(const auto pids, pids_in(group.directory));
    most = std::max(most.value_or(0), static_cast<std::int64_t>(pids.size()));
  }
  return most;
}

Result<RunCgroup::Counters> RunCgroup::counters() const {
  Counters counters;
  for (const auto& group : state_->groups) {
    const bool v2 = group.is_v2();
    if (group.may_have("memory")) {
      TRY(const auto ooms, group.number(v2 ? "memory.events" : "memory.oom_control", "oom_kill"));
      TRY(const auto peak, group.number(v2 ? "memory.peak" : "memory.max_usage_in_bytes"));
      counters.oom_kills += ooms;
      counters.memory_peak_bytes = std::max(counters.memory_peak_bytes, peak);
    }
    if (group.may_have("pids")) {
      TRY(const auto hits, group.number("pids.events", "max"));
      counters.pids_limit_hits += hits;
    }
    if (v2) {
      TRY(const auto used_us, group.number("cpu.stat", "usage_usec"));
      counters.cpu_us = std::max(counters.cpu_us, used_us);
    } else if (group.may_have("cpuacct")) {
      TRY(const auto used_ns, group.number("cpuacct.usage"));
      counters.cpu_us = std::max(counters.cpu_us, used_ns / 1000);
    }
  }
  return counters;
}

Result<std::int64_t> RunCgroup::remove() && {
  std::int64_t left = 0;
  for (const auto& group : state_->groups) {
    // Processes inside are the caller's to see, not ours to kill here: waiting would not help.
    TRY(const auto pids, pids_in(group.directory));
    const int wait_ms_max = pids.empty() ? emptying_wait_ms_max : 0;
    if (!remove_directory(group.directory, wait_ms_max)) ++left;
  }
  if (left == 0) state_->groups.clear();
  return left;
}

std::map<std::string, std::string> RunCgroup::in_force() const {
  Facts facts = state_->facts;
  const auto is_v1 = [](const Group& group) { return !group.is_v2(); };
  const bool any_v1 = std::ranges::any_of(state_->groups, is_v1);
  const bool all_v1 = std::ranges::all_of(state_->groups, is_v1);
  facts.emplace("cgroup_memory", "not enforced");
  facts.emplace("cgroup_pids", "not enforced");
  facts.emplace("cgroup_swap", "not enforced");
  if (state_->groups.empty()) {
    facts["cgroup"] = "none: not enforced";
    return facts;
  }
  facts["cgroup"] = !any_v1 ? "v2" : all_v1 ? "v1" : "hybrid";
  facts["cgroup_kill"] = state_->with_kill() != nullptr ? "cgroup.kill"
                         : state_->freezer() != nullptr ? "freezer"
                                                        : "by pid";
  return facts;
}

// --- sweeping ---

namespace {

// The names of groups of dead runners right below `directory`.
std::vector<std::string> stale_below(const std::string& directory) {
  std::vector<std::string> stale;
  DIR* opened = ::opendir(directory.c_str());
  if (opened == nullptr) return stale;
  while (const dirent* entry = ::readdir(opened)) {
    if (is_of_dead_runner(entry->d_name)) stale.push_back(directory + "/" + entry->d_name);
  }
  ::closedir(opened);
  return stale;
}

Result<void> remove_stale(const std::string& directory) {
  for (int waited_ms = 0; waited_ms < emptying_wait_ms_max; ++waited_ms) {
    // What a dead runner left running is a job without a supervisor.
    const auto pids = pids_in(directory);
    // Runs side by side sweep side by side: another was faster.
    if (!pids && ::access(directory.c_str(), F_OK) != 0) return {};
    if (!pids) return std::unexpected(pids.error());
    for (const pid_t pid : *pids) ::kill(pid, SIGKILL);
    remove_children(directory);
    if (pids->empty() && remove_directory(directory, 0)) return {};
    sleep_ms(1);
  }
  return fail(ErrorCode::internal, "cannot remove the stale control group " + directory);
}

}  // namespace

Result<int> sweep_stale_cgroups() {
  TRY(const auto places, places_of_this_process());
  int removed = 0;
  Result<void> failed;
  for (const auto& place : places) {
    if (place.version == CgroupVersion::v1 && !limits_a_run(place) && !helps_a_run(place)) continue;
    // v2 groups may be at an ancestor (see v2_parent); elsewhere the ancestors hold none of ours.
    for (std::string directory = place.directory;;) {
      for (const auto& stale : stale_below(directory)) {
        if (::access(directory.c_str(), W_OK) != 0) continue;
        if (auto done = remove_stale(stale); !done) failed = std::move(done);
        ++removed;
      }
      if (directory == place.mount_point) break;
      directory.resize(directory.rfind('/'));
    }
  }
  CHECK_OK(failed);
  return removed;
}

}  // namespace mayfly::executor
