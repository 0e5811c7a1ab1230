// SIMULATED: makes TDX quotes of version 4 without any TEE, under the public simulated root. They
// are structurally real, so the one verifying path reads them; they prove nothing about hardware.
// Never a fallback: whoever asks for it names it.
//
// Source    attest/model/tdx_layout.hpp; the root is attest/model/simulated_root.hpp.
// Errors    limit: the clock stands outside the simulated root's validity, 2020 to 2049.
//           internal: libcrypto failed.
// Threads   quote() is safe from several threads at once.
#pragma once
#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

class SimulatedTdxAttester {
 public:
  // Makes a fresh PCK chain, valid from a day before `now` for seven years as Intel's are, and a
  // fresh attestation key. `measurement` becomes MRTD.
  static Result<SimulatedTdxAttester> start(const crypto::Sha384& measurement, UnixMillis now);

  Result<Evidence> quote(const ReportData& report_data) const;

 private:
  SimulatedTdxAttester(crypto::P256PrivateKey attestation_key, Bytes signed_bytes,
                       Bytes certification)
      : attestation_key_(std::move(attestation_key)),
        signed_bytes_(std::move(signed_bytes)),
        certification_(std::move(certification)) {}

  crypto::P256PrivateKey attestation_key_;
  Bytes signed_bytes_;   // header and body; REPORTDATA, its last field, still zero
  Bytes certification_;  // what follows the attestation key: QE report, its signature, PCK chain
};

}  // namespace mayfly::attest
