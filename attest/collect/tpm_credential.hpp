// Makes a credential that only one TPM can open: the one that holds a certified endorsement key,
// and beside it the attestation key of this Name. An enroller who gets the secret back has seen for
// himself that both live in one TPM. Nobody else has: a recording of it proves nothing.
//
// Source    TCG, TPM 2.0 Library Part 1, 24 (credential protection) and 11.4.10.2 (KDFa).
// Errors    rejected: an endorsement key that is not RSA.  malformed: a Name that is not of
//           SHA-256, a secret that is empty or over 32 bytes.
// Threads   Safe from any thread; takes randomness.
#pragma once
#include "attest/collect/tpm_attester.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/public_key.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tpm_credential_secret_bytes_max = 32;

// `endorsement_key`: out of an appraised certificate, never out of what the TPM says itself.
Result<TpmCredential> make_tpm_credential(const crypto::PublicKey& endorsement_key,
                                          ByteView attestation_key_name, ByteView secret);

}  // namespace mayfly::attest
