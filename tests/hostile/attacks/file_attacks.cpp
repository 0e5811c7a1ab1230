#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

bool can_create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  ::unlink(path.c_str());
  ::close(fd);
  return true;
}

Verdict write_the_image(const std::string&) {
  for (const char* path : {"/usr/hostile", "/usr/bin/hostile", "/etc/hostile", "/hostile"}) {
    if (can_create(path)) return achieved_if(path, true);
  }
  return achieved_if("writing the image", false);
}

Verdict change_a_program_of_the_image(const std::string&) {
  const int fd = ::open("/usr/bin/env", O_WRONLY | O_CLOEXEC);
  if (fd >= 0 || ::chmod("/usr/bin/env", 0777) == 0 || ::unlink("/usr/bin/env") == 0) {
    return achieved_if("changing /usr/bin/env", true);
  }
  return achieved_if("changing /usr/bin/env", false);
}

Verdict make_a_device(const std::string&) {
  const bool character = ::mknod("/tmp/hostile-mem", S_IFCHR | 0666, ::makedev(1, 1)) == 0;
  const bool block = ::mknod("/tmp/hostile-disk", S_IFBLK | 0666, ::makedev(8, 0)) == 0;
  if (character || block) return achieved_if("a device node", true);
  // In a user namespace without a filter the call itself gets as far as the capability check; what
  // the filter refuses, it refuses for a path that is not there, too.
  const bool reached =
      ::mknod("/absent/hostile", S_IFCHR | 0666, ::makedev(1, 3)) != 0 && errno != EPERM;
  return achieved_if("a device node", reached);
}

constexpr const char* dataset_path = "/data/dataset.csv";

// Whether one byte can be changed through a descriptor, by any of the ways there are.
bool can_change(int fd) {
  if (::pwrite(fd, "x", 1, 0) == 1 || ::ftruncate(fd, 0) == 0) return true;
  if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0) return true;
  void* map = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map != MAP_FAILED) return true;
  map = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  return map != MAP_FAILED && ::mprotect(map, 4096, PROT_READ | PROT_WRITE) == 0;
}

Verdict write_the_dataset(const std::string&) {
  const int fd = ::open(dataset_path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return say("the dataset is not there", Verdict::impossible);
  if (can_change(fd)) return achieved_if("changing it through a descriptor for reading", true);
  const std::string again = "/proc/self/fd/" + std::to_string(fd);
  char target[256] = {};
  (void)!::readlink(dataset_path, target, sizeof target - 1);
  for (const std::string& path : {std::string(dataset_path), again, std::string(target)}) {
    if (path.empty()) continue;
    ::chmod(path.c_str(), 0666);  // succeeds where the job's user owns it
    if (::truncate(path.c_str(), 0) == 0) return achieved_if("truncate " + path, true);
    const int writable = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (writable >= 0 && can_change(writable)) return achieved_if("changing " + path, true);
  }
  return achieved_if("changing the dataset", false);
}

Verdict change_the_mode_of_the_dataset(const std::string&) {
  return achieved_if("chmod of the dataset", ::chmod(dataset_path, 0666) == 0);
}

Verdict replace_the_dataset(const std::string&) {
  const bool gone = ::unlink(dataset_path) == 0 || ::rename(dataset_path, "/tmp/d") == 0 ||
                    ::symlink("/work/forged", "/data/forged") == 0;
  return achieved_if("replacing the dataset", gone);
}

// `argument`: a file of the host that everybody may read.
Verdict read_a_file_of_the_host(const std::string& argument) {
  const int fd = ::open(argument.c_str(), O_RDONLY | O_CLOEXEC);
  const int through_init = ::open(("/proc/1/root" + argument).c_str(), O_RDONLY | O_CLOEXEC);
  const int upwards = ::open(("../../../../../.." + argument).c_str(), O_RDONLY | O_CLOEXEC);
  return achieved_if("reading " + argument, fd >= 0 || through_init >= 0 || upwards >= 0);
}

bool has_content(const char* path) {
  char byte = 0;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const bool readable = fd >= 0 && ::read(fd, &byte, 1) == 1;
  if (fd >= 0) ::close(fd);
  return readable;
}

Verdict read_masked_proc_files(const std::string&) {
  for (const char* path : {"/proc/kallsyms", "/proc/keys", "/proc/key-users", "/proc/timer_list",
                           "/proc/kcore", "/proc/modules", "/proc/cmdline"}) {
    if (has_content(path)) return achieved_if(path, true);
  }
  return achieved_if("reading masked files of /proc", false);
}

Verdict write_system_settings(const std::string&) {
  for (const char* path :
       {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/hostname",
        "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/modprobe"}) {
    if (::open(path, O_WRONLY | O_CLOEXEC) >= 0) return achieved_if(path, true);
  }
  return achieved_if("opening a setting for writing", false);
}

Verdict find_the_cgroup_tree(const std::string&) {
  const bool found = ::access("/sys/fs/cgroup", F_OK) == 0;
  return achieved_if("reaching /sys/fs/cgroup (release_agent)", found);
}

// `argument` "copy": a copy that does not run, which is the job's to write.
Verdict write_own_program(const std::string& argument) {
  if (argument.empty()) {
    const int fd = ::open("/proc/self/exe", O_RDWR | O_CLOEXEC);
    return achieved_if("writing the running program", fd >= 0);
  }
  const int out = ::open("/tmp/copy", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  if (!copy_own_program(out)) return say("copying", Verdict::impossible);
  ::close(out);
  return achieved_if("writing a copy", ::open("/tmp/copy", O_RDWR | O_CLOEXEC) >= 0);
}

// `argument`: a name in /dev/shm. With "leave:" before it, leaves such a file behind.
Verdict find_what_another_run_left(const std::string& argument) {
  constexpr std::string_view leave = "leave:";
  if (argument.starts_with(leave)) {
    return achieved_if("leaving a file in /dev/shm",
                       ::open(("/dev/shm/" + argument.substr(leave.size())).c_str(),
                              O_WRONLY | O_CREAT | O_CLOEXEC, 0666) >= 0);
  }
  return achieved_if("a file of another run in /dev/shm",
                     ::access(("/dev/shm/" + argument).c_str(), F_OK) == 0);
}

// CVE-2022-0847: a pipe whose pages still said that they may be merged let a file open for reading
// be written. `argument` "write": the same through a descriptor that may write, to see a change.
Verdict write_through_a_pipe(const std::string& argument) {
  const char* path = "/tmp/read-only";
  const int out = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (::write(out, "original", 8) != 8) return say("making a file", Verdict::impossible);
  const int in = ::open(path, O_RDONLY | O_CLOEXEC);
  int ends[2];
  if (in < 0 || ::pipe(ends) != 0) return say("a pipe", Verdict::impossible);
  static char page[4096];
  const int pages = ::fcntl(ends[1], F_GETPIPE_SZ) / static_cast<int>(sizeof page);
  for (int i = 0; i < pages; ++i) (void)!::write(ends[1], page, sizeof page);
  for (int i = 0; i < pages; ++i) (void)!::read(ends[0], page, sizeof page);
  loff_t from = 0;
  if (::splice(in, &from, ends[1], nullptr, 1, 0) != 1) return say("splice", Verdict::blocked);
  (void)!::write(ends[1], "FORGED", 6);
  if (argument == "write") (void)!::pwrite(out, "FORGED", 6, 1);
  char now[9] = {};
  (void)!::pread(in, now, 8, 0);
  return achieved_if("changing a file that is open for reading",
                     std::string_view(now) != "original");
}

// A process may look at its children; it must not write them past every record.
Verdict write_through_proc_mem(const std::string&) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  const std::string path = "/proc/" + std::to_string(child) + "/mem";
  const int memory = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return achieved_if("opening /proc/PID/mem for writing", memory >= 0);
}

// The file system forgets a set-user-id bit, or exec does.
Verdict run_a_setuid_copy(const std::string& argument) {
  if (argument == "report") return achieved_if("effective user 0", ::geteuid() == 0);
  const std::string copy = "/tmp/setuid-copy";
  const int out = ::open(copy.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  if (!copy_own_program(out)) return say("copying", Verdict::impossible);
  ::fchmod(out, 04755);
  ::close(out);
  // Where we are root (of a namespace), the copy is root's, and we become somebody else.
  if (::geteuid() == 0 && ::setresuid(1, 1, 1) != 0) return say("setresuid", Verdict::impossible);
  ::execl(copy.c_str(), "attack", "setuid", "report", nullptr);
  return say("exec", Verdict::blocked);
}

// A single harmless device, bound over a file: it must be a device to be of use.
bool is_one_device(const std::string& mount) {
  for (const char* root : {" /null ", " /zero ", " /full ", " /random ", " /urandom "}) {
    if (mount.find(root) != std::string::npos) return true;
  }
  return false;
}

// Every mount a job can reach forgets set-id bits and devices.
Verdict find_a_lax_mount(const std::string&) {
  std::FILE* mounts = std::fopen("/proc/self/mountinfo", "re");
  if (mounts == nullptr) return say("mountinfo", Verdict::impossible);
  char line[4096];
  bool found = false;
  while (std::fgets(line, sizeof line, mounts) != nullptr) {
    const std::string text = line;
    const bool lax = text.find("nosuid") == std::string::npos ||
                     (!is_one_device(text) && text.find("nodev") == std::string::npos);
    if (lax) std::printf("%s", line);
    found = found || lax;
  }
  return achieved_if("a mount that honours set-id bits or devices", found);
}

constexpr Attack attacks[] = {
    {"write_image", write_the_image},
    {"change_program", change_a_program_of_the_image},
    {"mknod", make_a_device},
    {"write_dataset", write_the_dataset},
    {"chmod_dataset", change_the_mode_of_the_dataset},
    {"replace_dataset", replace_the_dataset},
    {"host_file", read_a_file_of_the_host},
    {"proc_masked", read_masked_proc_files},
    {"proc_settings", write_system_settings},
    {"cgroup_tree", find_the_cgroup_tree},
    {"own_program", write_own_program},
    {"shm_residue", find_what_another_run_left},
    {"dirty_pipe", write_through_a_pipe},
    {"proc_mem", write_through_proc_mem},
    {"setuid", run_a_setuid_copy},
    {"lax_mount", find_a_lax_mount},
};

}  // namespace

std::span<const Attack> file_attacks() {
  return attacks;
}

}  // namespace mayfly::hostile
