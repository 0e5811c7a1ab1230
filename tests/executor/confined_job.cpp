// A job for the tests: small hostile or awkward programs behind one main, linked statically so that
// it can be given to a sandbox as a script. It runs confined only.
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

using Arguments = std::vector<std::string>;

int number(const Arguments& arguments, std::size_t index) {
  return index < arguments.size() ? std::atoi(arguments[index].c_str()) : 0;
}

// fork + exec of `program`, waited for; its exit status.
int run_program(const char* program, const char* argument) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(program, program, argument, nullptr);
    ::_exit(126);
  }
  if (child < 0) return -1;
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

int exit_with(const Arguments& arguments) {
  return number(arguments, 0);
}

int raise_signal(const Arguments& arguments) {
  ::raise(number(arguments, 0));
  return 99;
}

// Threads that each run a program many times over: `threads` x `runs` of "./job exit 5".
int exec_storm(const Arguments& arguments) {
  const int runs = number(arguments, 1);
  std::vector<std::thread> threads;
  std::vector<int> wrong(static_cast<std::size_t>(number(arguments, 0)));
  for (int& count : wrong) {
    threads.emplace_back([runs, &count] {
      for (int i = 0; i < runs; ++i) {
        const pid_t child = ::vfork();
        if (child == 0) {
          ::execl("./job", "./job", "exit", "5", nullptr);
          ::_exit(126);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 5) ++count;
      }
    });
  }
  int total = 0;
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) total += count;
  return total == 0 ? 0 : 1;
}

// exec from a thread that is not the first, while others run.
int exec_from_thread(const Arguments&) {
  std::thread spinning([] {
    for (;;) ::pause();
  });
  std::thread executing([] { ::execl("./job", "./job", "exit", "6", nullptr); });
  executing.join();
  return 99;
}

int exec_chain(const Arguments& arguments) {
  const int left = number(arguments, 0);
  if (left == 0) return 4;
  const std::string next = std::to_string(left - 1);
  ::execl("./job", "./job", "exec-chain", next.c_str(), nullptr);
  return 99;
}

int fork_storm(const Arguments& arguments) {
  const int count = number(arguments, 0);
  int made = 0;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    if (child > 0) ++made;
  }
  std::printf("%d\n", made);
  return 0;
}

int count_processes() {
  int count = 0;
  DIR* const proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') ++count;
  }
  ::closedir(proc);
  return count;
}

// Grandchildren whose parents are gone; 0 when in the end only pid 1 and we are left.
int make_orphans(const Arguments& arguments) {
  for (int i = 0; i < number(arguments, 0); ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::fork() == 0) ::usleep(1000);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }
  for (int waited_ms = 0; waited_ms < 5000; ++waited_ms) {
    if (count_processes() == 2) return 0;
    ::usleep(1000);
  }
  return 1;
}

int stop_and_continue(const Arguments&) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGSTOP);
    ::_exit(7);
  }
  int status = 0;
  if (::waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) ||
      WSTOPSIG(status) != SIGSTOP) {
    return 1;
  }
  if (::kill(child, SIGCONT) != 0) return 2;
  if (::waitpid(child, &status, WCONTINUED) != child) return 3;
  if (WIFCONTINUED(status) && ::waitpid(child, &status, 0) != child) return 4;
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 5;
}

// Says on stdout what came of a dangerous call: "refused" or "done".
int say(bool done) {
  std::puts(done ? "done" : "refused");
  return 0;
}

int write_init_memory(const Arguments&) {
  const int memory = ::open("/proc/1/mem", O_RDWR);
  return say(memory >= 0);
}

int call_32_bit(const Arguments&) {
#if defined(__x86_64__)
  long answer = 0;
  __asm__ volatile("int $0x80" : "=a"(answer) : "a"(20L) : "memory");  // getpid of i386
  return say(answer > 0);
#else
  return say(false);
#endif
}

int clone_untraced(const Arguments&) {
  const long child = ::syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (child == 0) ::_exit(run_program("./job", "exit"));
  return say(child > 0);
}

int ptrace_init(const Arguments&) {
  return say(::syscall(SYS_ptrace, 0x4206 /* SEIZE */, 1, nullptr, nullptr) == 0);
}

// To an abstract socket that the test listens on, outside.
int connect_abstract(const Arguments& arguments) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = arguments.at(0);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return say(::connect(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
}

int open_files(const Arguments&) {
  int count = 0;
  while (::open("/dev/null", O_RDONLY) >= 0) ++count;
  std::printf("%d %s\n", count, errno == EMFILE ? "EMFILE" : "?");
  return 0;
}

// Touches `megabytes` in each of `processes`.
int use_memory(const Arguments& arguments) {
  const auto bytes = static_cast<std::size_t>(number(arguments, 0)) * 1024 * 1024;
  for (int i = 1; i < number(arguments, 1); ++i) {
    if (::fork() == 0) break;
  }
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 12;
  std::memset(memory, 1, bytes);
  ::sleep(2);
  return 0;
}

int use_cpu(const Arguments& arguments) {
  for (int i = 1; i < number(arguments, 0); ++i) {
    if (::fork() == 0) break;
  }
  for (;;) __asm__ volatile("" ::: "memory");
}

int ignore_term(const Arguments&) {
  ::signal(SIGTERM, SIG_IGN);
  std::puts("ignoring");
  std::fflush(stdout);
  for (;;) ::pause();
}

int handle_term(const Arguments&) {
  static volatile sig_atomic_t seen = 0;
  ::signal(SIGTERM, [](int) { seen = 1; });
  std::puts("waiting");
  std::fflush(stdout);
  while (seen == 0) ::pause();
  std::puts("tidied up");
  return 3;
}

// --- against the record of files ---

ino_t inode_of(const char* path) {
  struct stat status{};
  return ::stat(path, &status) == 0 ? status.st_ino : 0;
}

ino_t inode_of_new_open(const char* path) {
  const int fd = ::open(path, O_RDONLY);
  if (fd < 0) return 0;
  struct stat status{};
  ::fstat(fd, &status);
  ::close(fd);
  return status.st_ino;
}

// Opens `path` so often; prints how often it was `first` and how often `second`.
int count_opens(const char* path, int times, ino_t first, ino_t second) {
  int firsts = 0;
  int seconds = 0;
  for (int i = 0; i < times; ++i) {
    const ino_t inode = inode_of_new_open(path);
    if (inode == first) ++firsts;
    if (inode == second) ++seconds;
  }
  std::printf("%d %d\n", firsts, seconds);
  return 0;
}

// A path whose last four bytes change all the time between two names, while it lives.
class RacingPath {
 public:
  RacingPath() {
    name_->store(a_);
    flipping_ = std::thread([this] {
      while (!done_) {
        name_->store(b_);
        name_->store(a_);
      }
    });
  }
  RacingPath(const RacingPath&) = delete;
  RacingPath& operator=(const RacingPath&) = delete;
  ~RacingPath() {
    done_ = true;
    flipping_.join();
  }
  const char* path() const { return path_; }

 private:
  static std::uint32_t word(const char* text) {
    std::uint32_t value = 0;
    std::memcpy(&value, text, 4);
    return value;
  }
  // The four bytes lie on a boundary of four, so that no reader sees half of a name.
  alignas(4) char path_[20] = "///////work/aaaa";
  std::atomic<std::uint32_t>* name_ = reinterpret_cast<std::atomic<std::uint32_t>*>(path_ + 12);
  std::uint32_t a_ = word("aaaa");
  std::uint32_t b_ = word("bbbb");
  std::atomic<bool> done_ = false;
  std::thread flipping_;
};

int race_path(const Arguments& arguments) {
  for (const char* path : {"/work/aaaa", "/work/bbbb"}) {
    ::close(::open(path, O_CREAT | O_WRONLY, 0600));
  }
  const RacingPath racing;
  return count_opens(racing.path(), number(arguments, 0), inode_of("/work/aaaa"),
                     inode_of("/work/bbbb"));
}

bool copy_own_program(const char* to) {
  const int in = ::open("/proc/self/exe", O_RDONLY);
  const int out = ::open(to, O_CREAT | O_WRONLY, 0755);
  char block[65536];
  ssize_t got = 0;
  while ((got = ::read(in, block, sizeof block)) > 0) {
    if (::write(out, block, static_cast<std::size_t>(got)) != got) return false;
  }
  ::close(in);
  ::close(out);
  return got == 0;
}

// Which of two copies of this program it was executed as.
int which_copy(const Arguments&) {
  const ino_t own = inode_of("/proc/self/exe");
  if (own == inode_of("/work/aaaa")) return 1;
  return own == inode_of("/work/bbbb") ? 2 : 3;
}

// As race_path, with the path of a program: prints how often each was executed, by its own account.
int race_exec(const Arguments& arguments) {
  for (const char* path : {"/work/aaaa", "/work/bbbb"}) {
    if (!copy_own_program(path)) return 97;
  }
  RacingPath racing;
  int firsts = 0;
  int seconds = 0;
  for (int i = 0; i < number(arguments, 0); ++i) {
    const pid_t child = ::vfork();
    if (child == 0) {
      ::execl(racing.path(), "job", "which-copy", nullptr);
      ::_exit(126);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    firsts += WIFEXITED(status) && WEXITSTATUS(status) == 1;
    seconds += WIFEXITED(status) && WEXITSTATUS(status) == 2;
  }
  std::printf("%d %d\n", firsts, seconds);
  return 0;
}

// A link in the middle of a path that is exchanged all the time with another.
int race_parent(const Arguments& arguments) {
  for (const char* name : {"d1", "d2"}) {
    ::mkdir(name, 0700);
    ::close(::open((std::string(name) + "/f").c_str(), O_CREAT | O_WRONLY, 0600));
    ::symlink(name, (std::string("to-") + name).c_str());
  }
  std::atomic<bool> done = false;
  std::thread exchanging([&] {
    while (!done) ::renameat2(AT_FDCWD, "to-d1", AT_FDCWD, "to-d2", RENAME_EXCHANGE);
  });
  const int result =
      count_opens("to-d1/f", number(arguments, 0), inode_of("d1/f"), inode_of("d2/f"));
  done = true;
  exchanging.join();
  return result;
}

// Processes that each make files of their own, all at once.
int open_storm(const Arguments& arguments) {
  const int processes = number(arguments, 0);
  for (int process = 0; process < processes; ++process) {
    if (::fork() != 0) continue;
    for (int i = 0; i < number(arguments, 1); ++i) {
      const std::string path = "storm-" + std::to_string(process) + "-" + std::to_string(i);
      const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
      if (fd < 0) ::_exit(1);
      ::close(fd);
    }
    ::_exit(0);
  }
  int failed = 0;
  for (int status = 0; ::wait(&status) > 0;) failed |= status;
  return failed == 0 ? 0 : 1;
}

// For openat(2); everything else is allowed.
int install_filter(std::uint32_t action, unsigned flags) {
  sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_openat},
                        {BPF_RET | BPF_K, 0, 0, action},
                        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog program{4, code};
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

int second_listener(const Arguments&) {
  const int listener = install_filter(SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  std::puts(listener >= 0 ? "made" : errno == EPERM ? "EPERM" : std::strerror(errno));
  return 0;
}

int own_filter(const Arguments&) {
  for (const std::uint32_t action : {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE}) {
    if (install_filter(action, 0) != 0) return 1;
  }
  std::puts(::open("under-own-filter", O_CREAT | O_WRONLY, 0600) < 0 ? "failed" : "opened");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, int (*)(const Arguments&)> programs = {
      {"exit", exit_with},
      {"raise", raise_signal},
      {"exec-storm", exec_storm},
      {"exec-from-thread", exec_from_thread},
      {"exec-chain", exec_chain},
      {"fork-storm", fork_storm},
      {"orphans", make_orphans},
      {"stop-and-continue", stop_and_continue},
      {"write-init-memory", write_init_memory},
      {"call-32-bit", call_32_bit},
      {"clone-untraced", clone_untraced},
      {"ptrace-init", ptrace_init},
      {"connect-abstract", connect_abstract},
      {"open-files", open_files},
      {"use-memory", use_memory},
      {"use-cpu", use_cpu},
      {"ignore-term", ignore_term},
      {"handle-term", handle_term},
      {"race-path", race_path},
      {"race-exec", race_exec},
      {"which-copy", which_copy},
      {"race-parent", race_parent},
      {"open-storm", open_storm},
      {"second-listener", second_listener},
      {"own-filter", own_filter},
  };
  const auto found = argc > 1 ? programs.find(argv[1]) : programs.end();
  if (found == programs.end()) return 98;
  return found->second(Arguments(argv + 2, argv + argc));
}
