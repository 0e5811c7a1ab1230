// Asks the Nitro Security Module of an enclave for an attestation document over 64 bytes.
//
// Source    Linux, include/uapi/linux/nsm.h; AWS, nitro-enclaves-nsm-api: requests and responses in
//           CBOR.
// Errors    unavailable: no such device, or the module says no, and how.  malformed: a response of
//           another form.
// Threads   A device may be asked from several threads.
#pragma once
#include <functional>
#include <string>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"

namespace mayfly::attest {

inline constexpr const char* nitro_device_path = "/dev/nsm";
inline constexpr std::size_t nitro_response_bytes_max = 0x3000;

// Request in, response out: the ioctl, or a test's stand-in.
using NitroModule = std::function<Result<Bytes>(ByteView request)>;
Result<NitroModule> open_nitro_module(const std::string& device);

// The 64 bytes are the document's user data.
Result<Evidence> nitro_evidence(const NitroModule& module, const ReportData& report_data);

}  // namespace mayfly::attest
