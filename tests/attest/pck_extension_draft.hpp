// The DER of a PCK certificate's SGX extension; parse_pck_extension() reads what it writes.
#pragma once
#include "attest/verify/pck_extension.hpp"
#include "base/bytes.hpp"

namespace mayfly::attest {

// A platform whose every SVN is 5.
PckExtension plain_platform();
Bytes pck_extension_der(const PckExtension& extension);
// The content of the identifier of item `number`, below the extension's own.
Bytes pck_item_identifier(std::initializer_list<std::uint8_t> numbers);

}  // namespace mayfly::attest
