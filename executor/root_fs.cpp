#include "executor/root_fs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/file_io.hpp"
#include "executor/user_mapping.hpp"

namespace mayfly::executor {
namespace {

// Where the new root is put together: a directory that every system has. In our mount namespace
// only; and only until it becomes the root.
constexpr const char* staging_directory = "/tmp";
constexpr std::uint64_t root_page_bytes = 4096;
// Files of /etc, devices and directories of the root itself; and the dataset's links, with
// directories for each.
constexpr std::uint64_t root_inodes = 512 + dataset_files_max * 8;
constexpr std::uint64_t root_bytes =
    std::uint64_t{4} * 1024 * 1024 + dataset_files_max * root_page_bytes;
// The root of the scratch, and /work, /tmp and /dev/shm in it.
constexpr std::uint64_t scratch_own_inodes = 4;
constexpr ScratchSize scratch_without_room{root_page_bytes, scratch_own_inodes};

struct TextFile {
  const char* path;
  std::string_view text;
};
constexpr std::array etc_files = {
    TextFile{"etc/passwd",
             "root:x:0:0:root:/root:/usr/sbin/nologin\n"
             "sandbox:x:1000:1000:sandbox:/work:/bin/sh\n"
             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    TextFile{"etc/group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n"},
    TextFile{"etc/nsswitch.conf",
             "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n"},
    TextFile{"etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
    TextFile{"etc/hostname", "sandbox\n"},
};

// What programs of /usr look for in /etc, taken from the host as it is: the loader's cache, what
// /usr/bin/java or libblas.so.3 are links to, and the parts of packages that Debian keeps there.
// A trailing '*' matches the rest of a name.
constexpr std::array<std::string_view, 8> etc_bound = {"alternatives", "fonts",      "java-*",
                                                       "ld.so.cache",  "ld.so.conf", "ld.so.conf.d",
                                                       "perl",         "python3*"};
// Not all of /etc/ssl: it has a directory for private keys.
constexpr std::array<const char*, 2> etc_ssl_bound = {"ssl/certs", "ssl/openssl.cnf"};

constexpr std::array<const char*, 5> devices = {"null", "zero", "full", "random", "urandom"};

struct Link {
  const char* target;
  const char* path;
};
constexpr std::array device_links = {
    Link{"/proc/self/fd", "dev/fd"},
    Link{"/proc/self/fd/0", "dev/stdin"},
    Link{"/proc/self/fd/1", "dev/stdout"},
    Link{"/proc/self/fd/2", "dev/stderr"},
};

// Readable by everybody on an ordinary /proc, and nothing a job should know; or writable by root
// with effect on the machine. The job is not root; this is the second wall.
constexpr std::array proc_hidden_files = {
    "proc/kcore",         "proc/keys",       "proc/key-users",   "proc/kallsyms",   "proc/kmsg",
    "proc/sysrq-trigger", "proc/timer_list", "proc/locks",       "proc/interrupts", "proc/modules",
    "proc/cmdline",       "proc/diskstats",  "proc/sched_debug", "proc/iomem"};
constexpr std::array proc_hidden_directories = {"proc/acpi", "proc/bus",   "proc/driver",
                                                "proc/fs",   "proc/irq",   "proc/scsi",
                                                "proc/tty",  "proc/asound"};
constexpr const char* empty_directory = "mnt";

Error mount_error(std::string_view what) {
  return errno_error(errno, "mounting " + std::string(what));
}

Result<void> mount_at(const char* source, const char* target, const char* type, unsigned long flags,
                      const char* options, std::string_view what) {
  if (::mount(source, target, type, flags, options) == 0) return {};
  return std::unexpected(mount_error(what));
}

Result<void> set_attributes(const char* target, unsigned flags, std::uint64_t attributes) {
  mount_attr change{};
  change.attr_set = attributes;
  if (::mount_setattr(AT_FDCWD, target, flags, &change, sizeof change) == 0) return {};
  const std::string hint =
      errno == ENOSYS ? " (needs Linux 5.12; the sandbox is made for 5.19 and newer)" : "";
  Error error = errno_error(errno, "making mounts read-only at " + std::string(target));
  return fail(error.code(), error.message() + hint);
}

Result<void> make_directory(const char* path, mode_t mode = 0755) {
  if (::mkdir(path, mode) != 0) return fail_errno("making the directory /" + std::string(path));
  return {};
}

Result<void> make_file(const char* path, std::string_view text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) return fail_errno("making the file /" + std::string(path));
  return write_all(file, bytes_of(text));
}

Result<void> make_link(const char* target, const char* path) {
  if (::symlink(target, path) != 0) return fail_errno("making the link /" + std::string(path));
  return {};
}

// /bin, /lib, ... are links into /usr on a merged system, directories on an older one.
Result<void> copy_link_or_bind(const std::string& name) {
  const std::string host = "/" + name;
  struct stat status{};
  if (::lstat(host.c_str(), &status) != 0) return {};  // /lib32 and kin are not on every machine
  if (S_ISLNK(status.st_mode)) {
    std::array<char, 256> target{};
    const ssize_t size = ::readlink(host.c_str(), target.data(), target.size() - 1);
    if (size < 0) return fail_errno("reading the link " + host);
    return make_link(target.data(), name.c_str());
  }
  CHECK_OK(make_directory(name.c_str()));
  return mount_at(host.c_str(), name.c_str(), nullptr, MS_BIND | MS_REC, nullptr, host);
}

Result<void> place_usr() {
  CHECK_OK(make_directory("usr"));
  CHECK_OK(mount_at("/usr", "usr", nullptr, MS_BIND | MS_REC, nullptr, "/usr"));
  for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    CHECK_OK(copy_link_or_bind(name));
  }
  return {};
}

bool is_bound(std::string_view name) {
  return std::ranges::any_of(etc_bound, [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

Result<void> bind_etc_entry(const std::string& name) {
  const std::string host = "/etc/" + name;
  const std::string inside = "etc/" + name;
  struct stat status{};
  if (::stat(host.c_str(), &status) != 0) return {};  // a dangling link
  if (S_ISDIR(status.st_mode)) {
    CHECK_OK(make_directory(inside.c_str()));
  } else if (S_ISREG(status.st_mode)) {
    CHECK_OK(make_file(inside.c_str(), ""));
  } else {
    return {};
  }
  return mount_at(host.c_str(), inside.c_str(), nullptr, MS_BIND | MS_REC, nullptr, host);
}

Result<void> place_etc() {
  CHECK_OK(make_directory("etc"));
  for (const TextFile& file : etc_files) CHECK_OK(make_file(file.path, file.text));
  CHECK_OK(make_link("../usr/lib/os-release", "etc/os-release"));
  const std::unique_ptr<DIR, int (*)(DIR*)> host(::opendir("/etc"), ::closedir);
  if (!host) return fail_errno("listing /etc");
  while (const dirent* entry = ::readdir(host.get())) {
    if (is_bound(entry->d_name)) CHECK_OK(bind_etc_entry(entry->d_name));
  }
  CHECK_OK(make_directory("etc/ssl"));
  for (const char* name : etc_ssl_bound) CHECK_OK(bind_etc_entry(name));
  return {};
}

// Mount points only: devices are bound after the tree is locked, since the lock says nodev.
Result<void> place_dev() {
  CHECK_OK(make_directory("dev"));
  CHECK_OK(make_directory("dev/shm"));
  for (const char* name : devices) {
    CHECK_OK(make_file((std::string("dev/") + name).c_str(), ""));
  }
  for (const Link& link : device_links) CHECK_OK(make_link(link.target, link.path));
  return {};
}

Result<void> mount_devices() {
  for (const char* name : devices) {
    const std::string host = std::string("/dev/") + name;
    CHECK_OK(mount_at(host.c_str(), host.c_str() + 1, nullptr, MS_BIND, nullptr, host));
    CHECK_OK(set_attributes(host.c_str() + 1, 0,
                            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
  }
  return {};
}

Result<void> hide(const char* cover, const char* path) {
  if (::mount(cover, path, nullptr, MS_BIND, nullptr) == 0 || errno == ENOENT) return {};
  return std::unexpected(mount_error(std::string("a cover over /") + path));
}

// Read-only, so that not even a process's own entries (mem, uid_map) can be written through it.
Result<void> mount_proc() {
  constexpr unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount("proc", "proc", "proc", flags, nullptr) != 0) {
    const bool covered = errno == EPERM;
    Error error = mount_error("/proc");
    return fail(
        error.code(),
        error.message() + (covered ? " (parts of this system's own /proc are covered, as in "
                                     "a container; start it with systempaths=unconfined)"
                                   : ""));
  }
  for (const char* path : proc_hidden_files) CHECK_OK(hide("dev/null", path));
  for (const char* path : proc_hidden_directories) CHECK_OK(hide(empty_directory, path));
  return {};
}

std::string tmpfs_options(const ScratchSize& size) {
  return "size=" + std::to_string(size.bytes) + ",nr_inodes=" + std::to_string(size.inodes) +
         ",mode=0755";
}

// On the old root, which is taken off whole in a moment: then nobody can name the scratch itself,
// only its parts, and one detaching, which waits for every processor, serves for both.
Result<void> mount_scratch(const Scratch& scratch) {
  constexpr const char* at = "/dev";
  if (!scratch.mount) {
    CHECK_OK(mount_at("mayfly", at, "tmpfs", MS_NOSUID | MS_NODEV,
                      tmpfs_options(scratch_without_room).c_str(), "the scratch"));
  } else if (::move_mount(scratch.mount.borrow(), "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return std::unexpected(mount_error("the scratch"));
  }
  constexpr std::array parts = {std::pair{"/dev/work", "work"}, std::pair{"/dev/tmp", "tmp"},
                                std::pair{"/dev/shm", "dev/shm"}};
  for (const auto& [inside, target] : parts) {
    CHECK_OK(make_directory(inside));
    CHECK_OK(mount_at(inside, target, nullptr, MS_BIND, nullptr, target));
  }
  // mkdir's mode is cut by the umask.
  if (::chmod("tmp", 01777) != 0 || ::chmod("dev/shm", 01777) != 0) {
    return fail_errno("setting the mode of /tmp");
  }
  return {};
}

Result<void> change_root() {
  // pivot_root(2), NOTES: the old root ends up on top of the new one, and is taken off.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno("changing the root");
  if (::umount2(".", MNT_DETACH) != 0) return fail_errno("detaching the old root");
  if (::chdir("/") != 0) return fail_errno("entering the new root");
  return {};
}

Result<void> configure(const UniqueFd& context, const char* key, const std::string& value) {
  if (::fsconfig(context.borrow(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0) return {};
  return fail_errno(std::string("setting the scratch's ") + key);
}

Result<void> configure_size(const UniqueFd& context, const ScratchSize& size) {
  CHECK_OK(configure(context, "size", std::to_string(size.bytes)));
  return configure(context, "nr_inodes", std::to_string(size.inodes));
}

// What is made meanwhile belongs to the job's user. Only ours to say when that is another one.
class AsJobUser {
 public:
  explicit AsJobUser(const UserMapping& user) {
    if (user.identity == intake::JobIdentity::same_user) return;
    group_ = ::setfsgid(user.outside_gid);
    user_ = ::setfsuid(user.outside_uid);
  }
  AsJobUser(const AsJobUser&) = delete;
  AsJobUser& operator=(const AsJobUser&) = delete;
  ~AsJobUser() {
    if (user_ >= 0) ::setfsuid(static_cast<uid_t>(user_));
    if (group_ >= 0) ::setfsgid(static_cast<gid_t>(group_));
  }

 private:
  int user_ = -1;
  int group_ = -1;
};

// A mode given to mkdirat or openat is cut by our umask.
Result<void> make_script_directory(const UniqueFd& work, const std::string& path) {
  if (::mkdirat(work.borrow(), path.c_str(), 0755) != 0) {
    if (errno == EEXIST) return {};
    return fail_errno("making a directory for a script");
  }
  if (::fchmodat(work.borrow(), path.c_str(), 0755, 0) == 0) return {};
  return fail_errno("setting the mode of a script's directory");
}

Result<void> write_script(const UniqueFd& work, const ScriptFile& script) {
  const std::string& name = script.name;
  for (std::size_t slash = name.find('/'); slash != std::string::npos;
       slash = name.find('/', slash + 1)) {
    CHECK_OK(make_script_directory(work, name.substr(0, slash)));
  }
  const UniqueFd file(
      ::openat(work.borrow(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
  if (!file) {
    return fail(ErrorCode::malformed,
                "script " + name + " cannot be placed below /work: " +
                    errno_error(errno, "its name clashes with another script's").message());
  }
  CHECK_OK(write_all(file, script.contents));
  if (::fchmod(file.borrow(), 0755) != 0) return fail_errno("setting a script's mode");
  // The same time in every run: build systems and caches look at it. 2000-01-01T00:00:00Z.
  const timespec times[2] = {{946'684'800, 0}, {946'684'800, 0}};
  if (::futimens(file.borrow(), times) != 0) return fail_errno("setting a script's time");
  return {};
}

}  // namespace

ScratchSize scratch_size(const RunRequest& request) {
  const Limits& limits = request.spec.limits;
  ScratchSize size{static_cast<std::uint64_t>(limits.disk_bytes),
                   static_cast<std::uint64_t>(limits.disk_inodes) + scratch_own_inodes};
  for (const ScriptFile& script : request.spec.scripts) {
    size.bytes +=
        (script.contents.size() + root_page_bytes - 1) / root_page_bytes * root_page_bytes;
    size.inodes += 1 + static_cast<std::uint64_t>(std::ranges::count(script.name, '/'));
  }
  size.bytes = std::max(size.bytes, root_page_bytes);  // tmpfs takes 0 for "no limit"
  return size;
}

Result<Scratch> make_unswappable_scratch(std::uint32_t owner_uid, std::uint32_t owner_gid) {
  const UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context) {
    if (errno == EPERM) return Scratch{{}, "swappable: only root can forbid it"};
    return fail_errno("opening tmpfs");
  }
  CHECK_OK(configure(context, "source", "mayfly"));
  CHECK_OK(configure_size(context, scratch_without_room));
  CHECK_OK(configure(context, "mode", "0755"));
  CHECK_OK(configure(context, "uid", std::to_string(owner_uid)));
  CHECK_OK(configure(context, "gid", std::to_string(owner_gid)));
  if (::fsconfig(context.borrow(), FSCONFIG_SET_FLAG, "noswap", nullptr, 0) != 0) {
    if (errno == EINVAL) return Scratch{{}, "swappable: tmpfs noswap needs Linux 6.3"};
    if (errno == EPERM) return Scratch{{}, "swappable: only root can forbid it"};
    return fail_errno("forbidding swap for the scratch");
  }
  if (::fsconfig(context.borrow(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return fail_errno("making the scratch");
  }
  UniqueFd mount(
      ::fsmount(context.borrow(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!mount) return fail_errno("mounting the scratch");
  return Scratch{std::move(mount), "noswap"};
}

Result<void> give_room(const Scratch& scratch, const ScratchSize& size) {
  const UniqueFd context(::fspick(scratch.mount.borrow(), "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
  if (!context) return fail_errno("opening the scratch");
  CHECK_OK(configure_size(context, size));
  if (::fsconfig(context.borrow(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) != 0) {
    return fail_errno("giving the scratch its size");
  }
  return {};
}

Result<void> give_room_inside(const ScratchSize& size) {
  const std::string at(work_directory);
  return mount_at(
      nullptr, at.c_str(), nullptr, MS_REMOUNT | MS_NOSUID | MS_NODEV,
      ("size=" + std::to_string(size.bytes) + ",nr_inodes=" + std::to_string(size.inodes)).c_str(),
      "the scratch with its size");
}

Result<RootFs> RootFs::build() {
  // Slave: what is mounted on the host later may come in below our old root, nothing goes out.
  CHECK_OK(mount_at(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr, "a private tree"));
  CHECK_OK(mount_at("mayfly", staging_directory, "tmpfs", MS_NOSUID | MS_NODEV,
                    tmpfs_options({root_bytes, root_inodes}).c_str(), "the private root"));
  if (::chdir(staging_directory) != 0) return fail_errno("entering the private root");
  UniqueFd writable(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!writable) return fail_errno("keeping the private root writable for ourselves");
  CHECK_OK(place_usr());
  CHECK_OK(place_etc());
  CHECK_OK(place_dev());
  for (const char* name : {"proc", "data", "work", "tmp", "mnt"}) {
    CHECK_OK(make_directory(name));
  }
  return RootFs(std::move(writable));
}

Result<UniqueFd> RootFs::enter(const Scratch& scratch) && {
  CHECK_OK(
      set_attributes(".", AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  CHECK_OK(mount_devices());
  CHECK_OK(mount_proc());
  CHECK_OK(mount_scratch(scratch));
  CHECK_OK(change_root());
  if (::chdir(std::string(work_directory).c_str()) != 0) return fail_errno("entering /work");
  return std::move(writable_);
}

Result<void> write_scripts(const UniqueFd& work, const std::vector<ScriptFile>& scripts,
                           const UserMapping& user) {
  const AsJobUser as_job_user(user);
  for (const ScriptFile& script : scripts) CHECK_OK(write_script(work, script));
  return {};
}

std::map<std::string, std::string> describe_root(const Limits& limits, const Scratch& scratch) {
  return {
      {"root", "private, read-only, nosuid, nodev: the host's /usr and a few files of /etc"},
      {"proc", "own pid namespace, read-only, host facts covered"},
      {"sys", "absent"},
      {"dev", "null zero full random urandom"},
      {"work", "tmpfs for /work, /tmp and /dev/shm: " + std::to_string(limits.disk_bytes) +
                   " bytes, " + std::to_string(limits.disk_inodes) + " inodes"},
      {"work_swap", scratch.swap},
  };
}

}  // namespace mayfly::executor
