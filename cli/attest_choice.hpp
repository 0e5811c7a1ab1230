// What attests the runs of this process: the operator names it, and nothing stands in for it.
//
// Shapes    KIND[:ARG], as `--attest` takes it:
//             simulated                  no hardware; says so in every certificate
//             tdx[:FOLDER] snp[:FOLDER]  the kernel's reports (configfs-tsm)
//             dstack[:SOCKET] dstack-v0[:SOCKET]
//             nitro[:DEVICE]
//             tpm:ADDRESS[#HANDLE]       "tpm:device:/dev/tpmrm0#0x81010020"; without a handle the
//                                        key is new for each process
//             azure:ADDRESS              the virtual TPM of an Azure confidential VM
//           `parts`: what stands beside each quote and the machine does not give: `--attest-part`.
// Errors    malformed: an unknown kind, an ARG that is missing or wrong, a part that is none.
//           unavailable: this machine has no such thing.
// Threads   collect() may be called from several threads; a TPM is asked by one at a time.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "cli/verb.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::cli {

struct AttestChoice {
  std::string what = "simulated";
  std::vector<std::string> parts;
};

struct Attestation {
  attest::TeeKind kind = attest::TeeKind::simulated_tdx;
  std::function<Result<attest::Evidence>(const attest::ReportData&)> collect;
};

// `program`: the simulated measurement. Opens the device, and asks it for one quote, so that what
// does not work is known before any data comes.
Result<Attestation> open_attestation(const AttestChoice& choice, const crypto::Sha384& program,
                                     UnixMillis now);

// --attest and --attest-part.
void add_attest_options(Verb verb, AttestChoice& choice);

}  // namespace mayfly::cli
