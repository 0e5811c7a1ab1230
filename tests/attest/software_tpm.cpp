#include "tests/attest/software_tpm.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/file_io.hpp"
#include "crypto/pem.hpp"

namespace mayfly::attest {
namespace {

Result<pid_t> spawn(const std::vector<std::string>& words, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return fail(ErrorCode::unavailable, "cannot start " + words[0]);
  }
  return pid;
}

void write_settings(const std::string& folder) {
  std::ofstream(folder + "/setup.conf")
      << "create_certs_tool=/usr/bin/swtpm_localca\ncreate_certs_tool_config=" << folder
      << "/localca.conf\ncreate_certs_tool_options=" << folder << "/options\n";
  std::ofstream(folder + "/localca.conf")
      << "statedir=" << folder << "/ca\nsigningkey=" << folder
      << "/ca/signkey.pem\nissuercert=" << folder << "/ca/issuercert.pem\ncertserial=" << folder
      << "/ca/certserial\n";
  std::ofstream(folder + "/options")
      << "--platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n";
}

Result<void> make_state(const std::string& folder) {
  std::filesystem::create_directory(folder + "/state");
  std::filesystem::create_directory(folder + "/ca");
  write_settings(folder);
  TRY(const pid_t pid,
      spawn({"swtpm_setup", "--tpm2", "--tpmstate", folder + "/state", "--create-ek-cert",
             "--overwrite", "--config", folder + "/setup.conf", "--pcr-banks", "sha256"},
            folder + "/setup.log"));
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) {
    return fail(ErrorCode::unavailable, "swtpm_setup failed: " + folder + "/setup.log");
  }
  return {};
}

Bytes der_of(const std::string& path) {
  const auto pem = read_file(path, std::size_t{64} << 10U);
  EXPECT_TRUE(pem) << path;
  return crypto::split_pem_chain(pem.value(), /*certificates_max=*/1).value().at(0);
}

}  // namespace

Result<SoftwareTpm> SoftwareTpm::start() {
  for (const char* needed : {"/usr/bin/swtpm", "/usr/bin/swtpm_setup"}) {
    if (::access(needed, X_OK) != 0) {
      return fail(ErrorCode::unavailable, std::string("needs ") + needed);
    }
  }
  std::string folder = std::filesystem::temp_directory_path().string() + "/mayfly-tpm-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    return fail_errno("making a folder for a software TPM");
  }
  CHECK_OK(make_state(folder));
  const std::string socket = folder + "/socket";
  TRY(const pid_t pid,
      spawn({"setpriv", "--pdeathsig", "TERM", "swtpm", "socket", "--tpm2", "--tpmstate",
             "dir=" + folder + "/state", "--server", "type=unixio,path=" + socket, "--ctrl",
             "type=unixio,path=" + socket + ".ctrl", "--flags", "not-need-init,startup-clear",
             "--log", "file=" + folder + "/swtpm.log,level=1"},
            folder + "/socket.log"));
  SoftwareTpm out(folder, pid);
  for (int i = 0; i < 500 && ::access((socket + ".ctrl").c_str(), F_OK) != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return out;
}

SoftwareTpm::SoftwareTpm(SoftwareTpm&& other) noexcept
    : folder_(std::move(other.folder_)), process_(std::exchange(other.process_, -1)) {
  other.folder_.clear();
}

SoftwareTpm::~SoftwareTpm() {
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    int status = 0;
    ::waitpid(process_, &status, 0);
  }
  if (!folder_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

Bytes SoftwareTpm::issuer() const {
  return der_of(folder_ + "/ca/issuercert.pem");
}

Bytes SoftwareTpm::root() const {
  return der_of(folder_ + "/ca/swtpm-localca-rootca-cert.pem");
}

}  // namespace mayfly::attest
