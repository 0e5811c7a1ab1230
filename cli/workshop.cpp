#include "cli/workshop.hpp"

#include <sys/utsname.h>

#include <chrono>
#include <utility>

#include "api/witness_client.hpp"
#include "base/file_io.hpp"
#include "certificate/sign.hpp"
#include "cli/state_folder.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t program_bytes_max = std::size_t{256} * 1024 * 1024;

std::string first_line(const char* path) {
  const auto bytes = read_file(path, std::size_t{64} * 1024);
  if (!bytes) return "unknown";
  const std::string_view text = text_of(*bytes);
  return std::string(text.substr(0, text.find('\n')));
}

std::string swap_state() {
  const auto bytes = read_file("/proc/swaps", std::size_t{64} * 1024);
  if (!bytes) return "unknown";
  // One heading line; every further line is a device.
  const std::string_view text = text_of(*bytes);
  const std::size_t heading_end = text.find('\n');
  return heading_end == std::string_view::npos || heading_end + 1 == text.size() ? "off" : "on";
}

std::string init_on_free() {
  const std::string command_line = first_line("/proc/cmdline");
  if (command_line.find("init_on_free=1") != std::string::npos) return "on";
  if (command_line.find("init_on_free=0") != std::string::npos) return "off";
  return "not set at boot";
}

}  // namespace

struct Workshop::State {
  executor::Runner runner;
  certificate::Signer signer;
  Attestation attestation;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Log> log;
  std::optional<gateway::GatewayProgram>
      gateway;  // absent: not installed; only model calls need it
  std::unique_ptr<pipeline::Parts> parts;
};

UnixMillis system_clock_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

std::map<std::string, std::string> host_facts() {
  utsname names{};
  const bool known = ::uname(&names) == 0;
  return {
      {"kernel", known ? std::string(names.sysname) + " " + names.release : "unknown"},
      {"swap", swap_state()},
      {"core_pattern", first_line("/proc/sys/kernel/core_pattern")},
      {"init_on_free", init_on_free()},
  };
}

Result<Workshop> Workshop::open(WorkshopParts given) {
  TRY(const std::filesystem::path runner_path, runner_program());
  TRY(executor::Runner runner, executor::Runner::open(runner_path, given.ready));
  TRY(certificate::Signer signer, certificate::Signer::generate());
  TRY(const Bytes program, read_file("/proc/self/exe", program_bytes_max));
  TRY(Attestation attestation,
      open_attestation(given.attest, crypto::sha384(program), system_clock_now()));
  auto state = std::make_unique<State>(State{.runner = std::move(runner),
                                             .signer = std::move(signer),
                                             .attestation = std::move(attestation),
                                             .store = std::move(given.store),
                                             .log = std::move(given.log),
                                             .gateway = std::nullopt,
                                             .parts = nullptr});
  State& held = *state;
  if (given.model_calls == ModelCalls::possible) {
    if (auto gateway = gateway::GatewayProgram::open({})) held.gateway = std::move(*gateway);
  }
  held.parts = std::make_unique<pipeline::Parts>(
      pipeline::Parts{.runner = held.runner,
                      .collect = held.attestation.collect,
                      .tee = held.attestation.kind,
                      .signer = held.signer,
                      .store = held.store.get(),
                      .log = {.log = held.log.get(), .witness = {}},
                      .now = system_clock_now,
                      .program_digest = crypto::sha256(program),
                      .host = host_facts(),
                      .gateway = held.gateway ? &*held.gateway : nullptr});
  if (given.witnesses && given.witnesses->quorum) {
    held.parts->log.witness = [policy = *std::move(given.witnesses)](
                                  const transparency::SignedCheckpoint& checkpoint,
                                  store::Log& asking) {
      return api::ask_witnesses(policy, checkpoint, asking);
    };
  }
  return Workshop(std::move(state));
}

Workshop::Workshop(std::unique_ptr<State> state) : state_(std::move(state)) {}
Workshop::Workshop(Workshop&&) noexcept = default;
Workshop& Workshop::operator=(Workshop&&) noexcept = default;
Workshop::~Workshop() = default;

const pipeline::Parts& Workshop::parts() const {
  return *state_->parts;
}
store::Store* Workshop::store() const {
  return state_->store.get();
}
store::Log* Workshop::log() const {
  return state_->log.get();
}

}  // namespace mayfly::cli
