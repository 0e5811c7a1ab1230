#include "gateway/gateway.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <csignal>

#include "base/helper_program.hpp"
#include "base/read_through.hpp"
#include "base/text_encoding.hpp"
#include "crypto/random.hpp"

namespace mayfly::gateway {
namespace {

Result<crypto::Sha256> digest_of(const UniqueFd& file) {
  crypto::Sha256Hasher hasher;
  CHECK_OK(
      read_through(file, "reading mayfly-gateway", [&](ByteView bytes) { hasher.update(bytes); }));
  return std::move(hasher).finish();
}

}  // namespace

Result<GatewayProgram> GatewayProgram::open(const std::filesystem::path& program) {
  std::filesystem::path path = program;
  if (path.empty()) {
    std::error_code error;
    path = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "mayfly-gateway";
    if (error) return fail(ErrorCode::unavailable, "finding this program: " + error.message());
  }
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.borrow(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(ErrorCode::unavailable,
                path.string() + " cannot be opened; it belongs beside mayfly, install it there");
  }
  TRY(const crypto::Sha256 digest, digest_of(file));
  TRY(UniqueFd kept, move_up(file));
  return GatewayProgram(digest, std::make_shared<const UniqueFd>(std::move(kept)));
}

Result<Gateway> Gateway::start(const GatewayProgram& program, const Settings& settings,
                               ByteView key) {
  TRY(auto ends, ControlChannel::pair());
  TRY(const pid_t pid, start_helper("mayfly-gateway", program.file(), ends.second.fd()));
  Gateway gateway(pid, std::move(ends.first));
  // With our copy of its end open, its death would not be seen.
  static_cast<void>(ControlChannel(std::move(ends.second)));
  CHECK_OK(gateway.configure(settings, key));
  return gateway;
}

Result<void> Gateway::configure(const Settings& settings, ByteView key) const {
  CHECK_OK(channel_.send(ControlWord::settings, bytes_of(encode_settings(settings))));
  CHECK_OK(channel_.send(ControlWord::key, key));
  TRY(const auto answer, channel_.receive());
  if (!answer) return fail(ErrorCode::internal, "mayfly-gateway ended while it was starting");
  if (answer->word == ControlWord::ready) return {};
  return fail(ErrorCode::malformed, std::string(text_of(answer->rest)));
}

Gateway::Gateway(Gateway&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), channel_(std::move(other.channel_)) {}

Gateway::~Gateway() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait());
}

std::string Gateway::wait() {
  return wait_for_end(std::exchange(pid_, 0));
}

Result<void> Gateway::give_listener(const UniqueFd& listener) const {
  return channel_.send_descriptor(ControlWord::listener, listener);
}

Result<GatewayReport> Gateway::finish() && {
  GatewayReport report;
  CHECK_OK(channel_.send(ControlWord::finish));
  for (;;) {
    TRY(const auto message, channel_.receive());
    if (!message) {
      return fail(ErrorCode::internal, "mayfly-gateway ended without its record (" + wait() + ")");
    }
    if (message->word == ControlWord::record) {
      TRY(CallRecord record, decode_record(text_of(message->rest)));
      report.calls.push_back(std::move(record));
    } else if (message->word == ControlWord::done) {
      report.limits_hit = text_of(message->rest);
      break;
    } else {
      return fail(ErrorCode::internal, "the gateway: " + std::string(text_of(message->rest)));
    }
  }
  if (const std::string end = wait(); end != "exited with 0") {
    return fail(ErrorCode::internal, "mayfly-gateway " + end + " after its record");
  }
  return report;
}

std::string fresh_run_token() {
  std::array<std::uint8_t, 32> random{};
  crypto::fill_random(random);
  return "mayfly-run-" + hex_encode(random);
}

}  // namespace mayfly::gateway
