// Makes whole, correctly signed TPM 2.0 quotes, every part of which a test may change first. What
// it makes with nothing changed is accepted; so a refusal is due to the change.
#pragma once
#include <string>
#include <vector>

#include "attest/verify/tpm_verify.hpp"
#include "base/bytes.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/x509_builder.hpp"

namespace mayfly::attest {

inline constexpr UnixMillis tpm_forge_now{1772366400000};  // 2026-03-01T12:00:00Z

struct TpmForge {
  TpmForge();

  Bytes public_area() const;  // TPMT_PUBLIC
  Bytes attest() const;
  Bytes pcr_digest() const;
  Bytes signature_over(ByteView attest) const;  // TPMT_SIGNATURE
  std::vector<Bytes> chain() const;             // DER: the key's certificate, the root

  TpmPolicy policy() const;  // pins the key by name, wants what the forge makes
  // Makes everything anew and appraises it.
  TpmAppraisal appraise(const TpmPolicy& policy) const;
  TpmAppraisal appraise() const { return appraise(policy()); }

  crypto::P256PrivateKey key;
  crypto::P256PrivateKey root_key;
  std::uint32_t attributes = 0x00050072;
  std::uint16_t name_algorithm = 0x000b;
  std::uint16_t scheme = 0x0018;       // of the public area
  std::uint16_t scheme_hash = 0x000b;  // of the public area
  std::uint16_t signature_hash = 0x000b;
  std::uint16_t symmetric = 0x0010;
  std::uint32_t magic = tpm_generated_magic;
  std::uint16_t type = tpm_attest_quote_type;
  Bytes qualified_signer = Bytes(34, 0x0b);
  Bytes extra_data = Bytes(32, 0x42);
  TpmClockInfo clock{.clock_ms = 1000, .reset_count = 5, .restart_count = 2, .is_safe = true};
  std::uint8_t safe_byte = 1;
  std::uint64_t firmware = 7;
  std::vector<TpmPcrSelection> selections;
  std::vector<TpmPcr> pcrs;       // shown
  Bytes pcr_digest_override;      // if not empty
  Bytes attest_tail;              // after the quote, signed too
  crypto::CertificateDraft leaf;  // the key's certificate
  crypto::CertificateDraft root;
  Bytes root_der;
  std::array<std::uint8_t, 1> serial{1};
};

std::vector<std::string> failed_checks(const TpmAppraisal& appraisal);

}  // namespace mayfly::attest
