// A TPM and the key in it that quotes, as a command line names them: "ADDRESS[#HANDLE]".
//
// Shapes    "device:/dev/tpmrm0#0x81010020", "swtpm:path=/run/tpm.sock". A handle is one of the
//           owner's persistent ones.
// Errors    malformed: no address, another handle.  Those of TpmAttester::open.
// Threads   Any; one TPM, one thread.
#pragma once
#include <string>

#include "attest/collect/tpm_attester.hpp"
#include "base/result.hpp"

namespace mayfly::cli {

enum class TpmKeyWanted : std::uint8_t { any, persistent };

// Without a handle the key is new and gone with the process; `persistent` refuses that.
Result<attest::TpmAttester> open_tpm(std::string address, TpmKeyWanted wanted);

}  // namespace mayfly::cli
