// Starts the way out of one run, gives it the listener that was made inside the job's network, and
// takes its record when the job has ended.
//
// Errors    malformed: settings.  unavailable: mayfly-gateway is missing.  internal: it died; then
//           what it recorded is lost, and so nothing may be certified.
// Threads   GatewayProgram is immutable; a Gateway belongs to one thread.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "crypto/locked_secret.hpp"
#include "crypto/sha2.hpp"
#include "gateway/call_record.hpp"
#include "gateway/control_channel.hpp"
#include "gateway/settings.hpp"

namespace mayfly::gateway {

// What the job finds in its own network; the libraries' base URLs are made from it.
inline constexpr std::uint16_t job_port = 8787;

class GatewayProgram {
 public:
  // By default beside the current executable.
  static Result<GatewayProgram> open(const std::filesystem::path& program);
  const crypto::Sha256& digest() const { return digest_; }
  const UniqueFd& file() const { return *opened_; }

 private:
  GatewayProgram(const crypto::Sha256& digest, std::shared_ptr<const UniqueFd> opened)
      : digest_(digest), opened_(std::move(opened)) {}
  crypto::Sha256 digest_;
  std::shared_ptr<const UniqueFd> opened_;  // what was hashed is what is executed
};

struct GatewayReport {
  std::vector<CallRecord> calls;
  std::string limits_hit;  // "calls wall"; empty: none
};

class Gateway {
 public:
  // `key` may be empty: a local model often wants none.
  static Result<Gateway> start(const GatewayProgram& program, const Settings& settings,
                               ByteView key);
  Gateway(Gateway&& other) noexcept;
  Gateway& operator=(Gateway&&) = delete;
  ~Gateway();  // kills it

  Result<void> give_listener(const UniqueFd& listener) const;
  // Ends what is still under way.
  Result<GatewayReport> finish() &&;

 private:
  Gateway(pid_t pid, ControlChannel channel) : pid_(pid), channel_(std::move(channel)) {}
  Result<void> configure(const Settings& settings, ByteView key) const;
  std::string wait();

  pid_t pid_;
  ControlChannel channel_;
};

// 32 random bytes as text.
std::string fresh_run_token();

}  // namespace mayfly::gateway
