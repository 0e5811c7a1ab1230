#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/hostile/attacks/attack.hpp"

namespace mayfly::hostile {
namespace {

Verdict achieved_if(std::string_view what, bool happened) {
  return say(what, happened ? Verdict::achieved : Verdict::blocked);
}

constexpr int pid_max_tried = 100'000;

// Signal 0 asks only whether a signal would arrive: nobody is hurt where it would.
Verdict signal_strangers(const std::string&) {
  const pid_t self = ::getpid();
  for (pid_t pid = 2; pid < pid_max_tried; ++pid) {
    if (pid != self && ::kill(pid, 0) == 0) {
      std::printf("pid %d\n", pid);
      return achieved_if("a signal to a process that is not ours", true);
    }
  }
  return achieved_if("a signal to a process that is not ours", false);
}

// The first process of the sandbox holds the dataset: the job must not end it by a signal.
Verdict kill_the_first_process(const std::string&) {
  ::kill(1, SIGKILL);
  ::kill(1, SIGTERM);
  ::usleep(20'000);
  return achieved_if("killing process 1", ::kill(1, 0) != 0 && errno == ESRCH);
}

// Writing over it may end the sandbox; it must not end the supervisor or confuse its report.
Verdict overwrite_the_first_process(const std::string&) {
  std::FILE* maps = std::fopen("/proc/1/maps", "re");
  const int memory = ::open("/proc/1/mem", O_RDWR | O_CLOEXEC);
  if (maps == nullptr || memory < 0) return achieved_if("opening the memory of process 1", false);
  static const char zeros[4096] = {};
  char line[512];
  long written = 0;
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    char* end = nullptr;
    const unsigned long from = std::strtoul(line, &end, 16);
    const unsigned long to = std::strtoul(end + 1, nullptr, 16);
    for (unsigned long at = from; at < to && at < from + (1UL << 20); at += sizeof zeros) {
      written += ::pwrite(memory, zeros, sizeof zeros, static_cast<off_t>(at)) > 0;
    }
  }
  std::printf("%ld pages\n", written);
  return achieved_if("overwriting process 1", written > 0);
}

// `argument`: a name that the harness looks for among all processes afterwards.
Verdict leave_an_orphan(const std::string& argument) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::prctl(PR_SET_NAME, argument.c_str());
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) ::signal(signal, SIG_IGN);
    ::sleep(30);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  ::usleep(20'000);
  return say("an orphan is running", Verdict::achieved);
}

Verdict make_zombies(const std::string& argument) {
  const int wanted = std::atoi(argument.c_str());
  int made = 0;
  for (int i = 0; i < wanted; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    if (pid > 0) ++made;
  }
  std::printf("%d zombies\n", made);
  return achieved_if("all the zombies", made == wanted);
}

Verdict find_a_descriptor(const std::string&) {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return say("/proc/self/fd", Verdict::impossible);
  bool found = false;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd <= 2 || fd == ::dirfd(directory)) continue;
    std::printf("descriptor %d\n", fd);
    found = true;
  }
  return achieved_if("a descriptor beyond 0, 1, 2", found);
}

// Also tries to get the limit back that stands in the way.
Verdict dump_core(const std::string&) {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  const rlimit zero{0, 1};  // lower, and for a core_pattern that is a pipe: more
  if (::setrlimit(RLIMIT_CORE, &unlimited) != 0) ::setrlimit(RLIMIT_CORE, &zero);
  const pid_t child = ::fork();
  if (child == 0) {
    ::chdir("/tmp");
    ::prctl(PR_SET_DUMPABLE, 1);
    std::abort();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return achieved_if("a core file", WIFSIGNALED(status) && WCOREDUMP(status));
}

// Executes code that has no name in any directory. It is not prevented (it is the job's own code),
// it must be in the record.
Verdict execute_from_memory(const std::string& argument) {
  if (argument == "again") return say("running from memory", Verdict::achieved);
  const int fd = ::memfd_create("hidden", MFD_CLOEXEC);
  if (!copy_own_program(fd)) return say("memfd", Verdict::blocked);
  const char* argv[] = {"innocent", "exec_memory", "again", nullptr};
  const char* none[] = {nullptr};
  ::fexecve(fd, const_cast<char**>(argv), const_cast<char**>(none));
  return say("fexecve", Verdict::blocked);
}

Verdict execute_after_deletion(const std::string& argument) {
  if (argument == "again") return say("running a deleted program", Verdict::achieved);
  const char* path = "/tmp/short-lived";
  const int out = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  if (!copy_own_program(out)) return say("copy", Verdict::impossible);
  ::close(out);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  ::unlink(path);
  const char* argv[] = {"innocent", "exec_deleted", "again", nullptr};
  const char* none[] = {nullptr};
  ::fexecve(fd, const_cast<char**>(argv), const_cast<char**>(none));
  return say("fexecve", Verdict::blocked);
}

// A script that exists in memory only: the kernel gives its interpreter /dev/fd/N to read.
Verdict execute_a_script_from_memory(const std::string& argument) {
  if (argument.starts_with("/dev/fd/")) {
    const int script = ::open(argument.c_str(), O_RDONLY | O_CLOEXEC);
    return achieved_if("reading a script from memory", script >= 0);
  }
  const int fd = ::memfd_create("script", 0);
  constexpr std::string_view text = "#!/work/attack exec_script\n";
  if (::write(fd, text.data(), text.size()) < 0) return say("memfd", Verdict::impossible);
  const char* argv[] = {"innocent", nullptr};
  const char* none[] = {nullptr};
  ::fexecve(fd, const_cast<char**>(argv), const_cast<char**>(none));
  return say("fexecve", Verdict::blocked);
}

constexpr Attack attacks[] = {
    {"signal_strangers", signal_strangers},
    {"kill_init", kill_the_first_process},
    {"overwrite_init", overwrite_the_first_process},
    {"orphan", leave_an_orphan},
    {"zombies", make_zombies},
    {"descriptors", find_a_descriptor},
    {"core_dump", dump_core},
    {"exec_memory", execute_from_memory},
    {"exec_deleted", execute_after_deletion},
    {"exec_script", execute_a_script_from_memory},
};

}  // namespace

std::span<const Attack> process_attacks() {
  return attacks;
}

}  // namespace mayfly::hostile
