#include "bench/sandbox_peers.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace mayfly::bench {
namespace {

// A folder of its own, removed at the end.
class Bundle {
 public:
  Bundle() {
    char name[] = "/tmp/bench-sandbox-XXXXXX";
    require(::mkdtemp(name) != nullptr, "no folder can be made in /tmp");
    path_ = name;
    std::filesystem::create_directory(path_ / "rootfs");
    for (const char* link : {"bin", "lib", "lib64"}) {
      std::filesystem::create_symlink(std::string("usr/") + link, path_ / "rootfs" / link);
    }
    std::ofstream(path_ / "config.json") << R"({"ociVersion": "1.0.2",
 "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["/bin/true"],
  "env": ["PATH=/usr/bin"], "cwd": "/", "noNewPrivileges": true,
  "capabilities": {"bounding": [], "effective": [], "permitted": []}},
 "root": {"path": "rootfs", "readonly": false}, "hostname": "sandbox",
 "mounts": [
  {"destination": "/proc", "type": "proc", "source": "proc"},
  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
  {"destination": "/usr", "type": "none", "source": "/usr", "options": ["rbind", "ro"]}],
 "linux": {"resources": {"memory": {"limit": 536870912}, "pids": {"limit": 128}},
  "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
   {"type": "mount"}, {"type": "cgroup"}]}})";
  }
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;
  ~Bundle() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

void require(bool holds, const std::string& why) {
  if (holds) return;
  std::fprintf(stderr, "bench_sandbox: %s\n", why.c_str());
  std::exit(1);
}

bool fork_and_exec(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

std::vector<Peer> peers_here() {
  struct Command {
    std::string name;
    std::vector<std::string> arguments;
  };
  const auto bundle = std::make_shared<Bundle>();
  const std::string id = "bench-sandbox-" + std::to_string(::getpid());
  const Command commands[] = {
      {"bubblewrap", {"/usr/bin/bwrap", "--unshare-all", "--die-with-parent",
                      "--ro-bind",      "/usr",          "/usr",
                      "--symlink",      "usr/bin",       "/bin",
                      "--symlink",      "usr/lib",       "/lib",
                      "--symlink",      "usr/lib64",     "/lib64",
                      "--proc",         "/proc",         "--dev",
                      "/dev",           "--tmpfs",       "/work",
                      "--chdir",        "/work",         "/bin/true"}},
      {"nsjail",
       {"/usr/bin/nsjail", "-Mo", "-Q", "-R", "/usr", "-s", "usr/bin:/bin", "-s", "usr/lib:/lib",
        "-s", "usr/lib64:/lib64", "-T", "/work", "--", "/bin/true"}},
      {"crun", {"/usr/bin/crun", "run", "--bundle", bundle->path().string(), id}},
      {"runc", {"/usr/sbin/runc", "run", "--bundle", bundle->path().string(), id}},
  };
  std::vector<Peer> peers;
  for (const Command& command : commands) {
    if (::access(command.arguments[0].c_str(), X_OK) != 0) continue;
    if (!fork_and_exec(command.arguments)) {
      std::printf("%s is installed, but does not run /bin/true here\n", command.name.c_str());
      continue;
    }
    peers.push_back({command.name, [command, bundle] {
                       require(fork_and_exec(command.arguments), command.name + " failed");
                     }});
  }
  return peers;
}

}  // namespace mayfly::bench
