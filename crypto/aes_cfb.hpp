// AES-128 in CFB mode with a zero initialisation vector: what TPM 2.0 wraps credentials with. A key
// must be used once. Not for anything else: there is no integrity in it.
//
// Source    NIST SP 800-38A, 6.3 (full-block feedback); TPM 2.0 Library Part 1, 24.
// Errors    malformed: a key of another length than 16 bytes.
// Threads   Pure function.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::crypto {

Result<Bytes> aes128_cfb_encrypt(ByteView key, ByteView message);

}  // namespace mayfly::crypto
