#include "tests/hostile/cage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/unique_fd.hpp"
#include "executor/cgroup.hpp"
#include "tests/hostile/attacks/attack.hpp"

namespace mayfly::hostile {
namespace {

constexpr std::size_t output_kept_bytes = 65536;
constexpr auto wall_max = std::chrono::seconds(20);
constexpr unsigned outside_id = 61000;  // and the next one

// In the child every failure ends it: a cage that is not closed must not be used.
void must(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  ::_exit(99);
}

void put_file(const char* path, const char* text, mode_t mode) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
  must(fd >= 0 && ::write(fd, text, std::char_traits<char>::length(text)) > 0, path);
  ::close(fd);
}

void copy_into(int from, const char* path) {
  const int to = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  char block[65536];
  for (ssize_t got = 0; (got = ::read(from, block, sizeof block)) > 0;) {
    must(::write(to, block, static_cast<std::size_t>(got)) == got, path);
  }
  ::close(to);
}

void build_root(int program, int host_file, const Holes& holes) {
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
  must(::mount("cage", "/tmp", "tmpfs", 0, "size=256m") == 0, "tmpfs");
  must(::chdir("/tmp") == 0, "chdir");
  for (const char* directory :
       {"work", "data", "usr", "usr/bin", "etc", "proc", "dev", "tmp", "dev/shm", "sys"}) {
    must(::mkdir(directory, 0777) == 0, directory);
  }
  copy_into(program, "work/attack");
  put_file("usr/bin/env", "a program\n", 0755);
  put_file("data/dataset.csv", "name,age\n", 0644);
  put_file("dev/null", "not a device\n", 0666);
  must(::mount("/dev/null", "dev/null", nullptr, MS_BIND, nullptr) == 0, "/dev/null");
  must(::mount("proc", "proc", "proc", 0, nullptr) == 0, "proc");
  if (holes.sys == Shared::yes) std::filesystem::create_directories("sys/fs/cgroup");
  if (host_file >= 0) {
    const std::string inside = "." + holes.host_file;
    std::filesystem::create_directories(std::filesystem::path(inside).parent_path());
    copy_into(host_file, inside.c_str());
  }
  // Not chroot: in one, the kernel itself refuses user namespaces.
  must(::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0, "pivot_root");
  must(::chdir("/work") == 0, "chdir");
}

bool process_of_name_lives(const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream comm(entry.path() / "comm");
    std::string text;
    if (std::getline(comm, text) && text == name) return true;
  }
  return false;
}

[[noreturn]] void run_attack(const std::vector<std::string>& arguments, const Holes& holes) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char* nothing[] = {nullptr};
  const rlimit core{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_CORE, &core);
  ::setsid();
  if (holes.descriptor == Shared::no) ::close_range(3, ~0U, 0);
  ::execve("/work/attack", argv.data(), holes.environment == Shared::yes ? environ : nothing);
  ::_exit(98);
}

// Process 1 of the cage: a bystander to be found, the attack, and the count of what is left.
[[noreturn]] void run_first_process(const std::vector<std::string>& arguments, const Holes& holes) {
  if (::fork() == 0) {
    for (;;) ::pause();
  }
  const pid_t attack = ::fork();
  if (attack == 0) run_attack(arguments, holes);
  int status = 0;
  while (::waitpid(attack, &status, 0) != attack) {
  }
  if (!holes.orphan_name.empty()) {
    ::_exit(static_cast<int>(process_of_name_lives(holes.orphan_name) ? Verdict::achieved
                                                                      : Verdict::blocked));
  }
  // A signal cannot be passed on as it is: process 1 does not die of it.
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

void write_map(pid_t pid, const char* file, const std::string& text) {
  std::ofstream out("/proc/" + std::to_string(pid) + "/" + file);
  out << text << std::flush;
}

void map_ids(pid_t pid) {
  if (::geteuid() == 0) {
    write_map(pid, "uid_map", "0 " + std::to_string(outside_id) + " 2");
    write_map(pid, "gid_map", "0 " + std::to_string(outside_id) + " 2");
    return;
  }
  write_map(pid, "setgroups", "deny");
  write_map(pid, "uid_map", "0 " + std::to_string(::geteuid()) + " 1");
  write_map(pid, "gid_map", "0 " + std::to_string(::getegid()) + " 1");
}

// Until the cage closes its end or the time is up.
void read_output(const UniqueFd& fd, CageResult& result) {
  const auto deadline = std::chrono::steady_clock::now() + wall_max;
  char block[65536];
  while (std::chrono::steady_clock::now() < deadline) {
    pollfd ready{fd.borrow(), POLLIN, 0};
    if (::poll(&ready, 1, 100) <= 0) continue;
    const ssize_t got = ::read(fd.borrow(), block, sizeof block);
    if (got <= 0) return;
    result.output_bytes += static_cast<std::size_t>(got);
    if (result.output.size() < output_kept_bytes) {
      result.output.append(block, static_cast<std::size_t>(got));
    }
  }
}

}  // namespace

std::optional<CageResult> run_in_cage(const std::string& program,
                                      const std::vector<std::string>& arguments,
                                      const Holes& holes) {
  executor::Limits limits;
  limits.memory_bytes = std::int64_t{1} << 30;
  limits.pids = 1024;
  const auto cgroup = executor::RunCgroup::create(limits);
  if (!cgroup) throw std::runtime_error(cgroup.error().message());

  const UniqueFd program_fd(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd host_file(
      holes.host_file.empty() ? -1 : ::open(holes.host_file.c_str(), O_RDONLY | O_CLOEXEC));
  int go[2];
  int out[2];
  if (::pipe2(go, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  clone_args clone{};
  clone.exit_signal = SIGCHLD;
  clone.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS;
  if (holes.network == Shared::no) clone.flags |= CLONE_NEWNET;
  if (holes.ipc == Shared::no) clone.flags |= CLONE_NEWIPC;
  if (cgroup->v2_fd() >= 0) {
    clone.flags |= CLONE_INTO_CGROUP;
    clone.cgroup = static_cast<__u64>(cgroup->v2_fd());
  }
  const long pid = ::syscall(SYS_clone3, &clone, sizeof clone);
  if (pid < 0) return std::nullopt;
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(go[1]);
    char byte = 0;
    must(::read(go[0], &byte, 1) == 1, "the harness");
    must(cgroup->enter().has_value(), "entering the control groups");
    must(::setresgid(0, 0, 0) == 0 && ::setresuid(0, 0, 0) == 0, "becoming root of the cage");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out[1], 1);
    build_root(program_fd.borrow(), host_file.borrow(), holes);
    run_first_process(arguments, holes);
  }
  ::close(go[0]);
  ::close(out[1]);
  const UniqueFd release(go[1]);
  const UniqueFd output(out[0]);
  map_ids(static_cast<pid_t>(pid));
  (void)!::write(release.borrow(), "x", 1);
  CageResult result;
  read_output(output, result);
  ::kill(static_cast<pid_t>(pid), SIGKILL);  // a no-op when it ended by itself
  int status = 0;
  ::waitpid(static_cast<pid_t>(pid), &status, 0);
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace mayfly::hostile
