#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/hostile/attacks/attack.hpp"

// Each takes how much it wants as its argument, and is achieved when it got all of it.
namespace mayfly::hostile {
namespace {

Verdict got(std::string_view what, long amount, long wanted) {
  std::printf("%ld of %ld\n", amount, wanted);
  return say(what, amount >= wanted ? Verdict::achieved : Verdict::blocked);
}

Verdict fork_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  std::vector<pid_t> children;
  for (long i = 0; i < wanted; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::sleep(30);
      ::_exit(0);
    }
    if (pid > 0) children.push_back(pid);
  }
  for (const pid_t pid : children) ::kill(pid, SIGKILL);
  for (const pid_t pid : children) ::waitpid(pid, nullptr, 0);
  return got("processes at once", static_cast<long>(children.size()), wanted);
}

int wait_in_thread(void*) {
  for (;;) ::pause();
}

Verdict thread_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  constexpr std::size_t stack_bytes = 16384;
  long made = 0;
  for (; made < wanted; ++made) {
    char* stack = static_cast<char*>(
        ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    constexpr int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    if (stack == MAP_FAILED || ::clone(wait_in_thread, stack + stack_bytes, flags, nullptr) < 0) {
      break;
    }
  }
  return got("threads at once", made, wanted);
}

long touch(void* memory, long bytes) {
  if (memory == MAP_FAILED) return 0;
  for (long at = 0; at < bytes; at += 4096) static_cast<char*>(memory)[at] = 1;
  return bytes;
}

Verdict memory_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(wanted), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return got("bytes of memory", touch(memory, wanted), wanted);
}

Verdict shared_memory_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(wanted), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return got("bytes of shared memory", touch(memory, wanted), wanted);
}

long fill(const char* path, long wanted) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  static const char block[65536] = {1};
  long written = 0;
  while (fd >= 0 && written < wanted) {
    const ssize_t done = ::write(fd, block, sizeof block);
    if (done <= 0) break;
    written += done;
  }
  return written;
}

Verdict disk_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  long written = 0;
  for (const char* path : {"/work/bomb", "/tmp/bomb", "/dev/shm/bomb"}) {
    written += fill(path, wanted - written);
  }
  return got("bytes of files", written, wanted);
}

// A sparse file costs nothing until it is copied; its length alone must not be a way around.
Verdict sparse_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  const int fd = ::open("/work/sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::fallocate(fd, 0, 0, wanted) != 0) return got("bytes reserved", 0, wanted);
  return got("bytes reserved", wanted, wanted);
}

Verdict inode_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  long made = 0;
  for (; made < wanted; ++made) {
    const std::string path = "/tmp/i" + std::to_string(made);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) break;
    ::close(fd);
  }
  return got("files", made, wanted);
}

Verdict descriptor_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  long made = 0;
  while (made < wanted && ::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) ++made;
  return got("descriptors", made, wanted);
}

Verdict output_bomb(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  static char block[65536];
  for (char& byte : block) byte = 'x';
  long written = 0;
  while (written < wanted) {
    const ssize_t done = ::write(1, block, sizeof block);
    if (done <= 0) break;
    written += done;
  }
  return written >= wanted ? Verdict::achieved : Verdict::blocked;
}

Verdict burn_cpu(const std::string& argument) {
  const long wanted_ms = std::atol(argument.c_str());
  timespec used{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (used.tv_sec * 1000 + used.tv_nsec / 1'000'000 < wanted_ms);
  return got("milliseconds of CPU", wanted_ms, wanted_ms);
}

// One process after another, so that no single one uses much.
Verdict burn_cpu_in_turns(const std::string& argument) {
  const long wanted_ms = std::atol(argument.c_str());
  for (long used_ms = 0; used_ms < wanted_ms; used_ms += 50) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(static_cast<int>(burn_cpu("50")));
    ::waitpid(pid, nullptr, 0);
  }
  return got("milliseconds of CPU in turns", wanted_ms, wanted_ms);
}

Verdict sleep_past_the_wall(const std::string& argument) {
  for (const int signal : {SIGTERM, SIGALRM, SIGXCPU, SIGHUP}) ::signal(signal, SIG_IGN);
  const long wanted_ms = std::atol(argument.c_str());
  timespec left{wanted_ms / 1000, (wanted_ms % 1000) * 1'000'000};
  while (::nanosleep(&left, &left) != 0) {
  }
  return got("milliseconds of sleep", wanted_ms, wanted_ms);
}

Verdict lock_memory(const std::string& argument) {
  const long wanted = std::atol(argument.c_str());
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(wanted), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool locked = ::mlock(memory, static_cast<std::size_t>(wanted)) == 0;
  return got("bytes locked", locked ? wanted : 0, wanted);
}

constexpr Attack attacks[] = {
    {"fork_bomb", fork_bomb},
    {"thread_bomb", thread_bomb},
    {"memory_bomb", memory_bomb},
    {"shared_memory_bomb", shared_memory_bomb},
    {"disk_bomb", disk_bomb},
    {"sparse_bomb", sparse_bomb},
    {"inode_bomb", inode_bomb},
    {"descriptor_bomb", descriptor_bomb},
    {"output_bomb", output_bomb},
    {"cpu", burn_cpu},
    {"cpu_in_turns", burn_cpu_in_turns},
    {"sleep", sleep_past_the_wall},
    {"mlock", lock_memory},
};

}  // namespace

std::span<const Attack> resource_attacks() {
  return attacks;
}

}  // namespace mayfly::hostile
