// Everything the service needs, real: a store in a temporary folder, the real runner, a signer, the
// simulated attester. Only the clock stands still.
#pragma once
#include <memory>
#include <stdexcept>

#include "attest/collect/simulated_tdx.hpp"
#include "certificate/sign.hpp"
#include "pipeline/execute.hpp"
#include "store/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::api::test {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

inline constexpr UnixMillis standing_clock{1'767'225'700'000};  // 2026-01-01T00:01:40Z

class Workbench {
 public:
  explicit Workbench(executor::ReadySandboxes ready = {})
      : store_(must(store::Store::open(dir_.path() / "certificates.db"))),
        runner_(must(executor::Runner::open(MAYFLY_BIN_DIR "/mayfly-runner", ready))),
        signer_(must(certificate::Signer::generate())),
        attester_(must(attest::SimulatedTdxAttester::start({}, standing_clock))) {}

  store::Store& store() { return store_; }
  std::string file_in_folder(std::string_view name) const { return dir_.path() / name; }

  pipeline::Parts parts() {
    return {.runner = runner_,
            .collect = [this](const attest::ReportData& data) { return attester_.quote(data); },
            .tee = attest::TeeKind::simulated_tdx,
            .signer = signer_,
            .store = &store_,
            .now = now,
            .program_digest = {},
            .host = {}};
  }

  std::function<UnixMillis()> now = [] { return standing_clock; };

 private:
  mayfly::test::TempDir dir_;
  store::Store store_;
  executor::Runner runner_;
  certificate::Signer signer_;
  attest::SimulatedTdxAttester attester_;
};

}  // namespace mayfly::api::test
