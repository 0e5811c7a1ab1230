// Gets quotes from a TPM 2.0: a device, or a software TPM for tests. Makes an endorsement key by
// the default template and an attestation key below it, which are gone when it is closed; or keeps
// the attestation key in the TPM, so that an authority can certify it; or uses a key that is there.
//
// Source    TCG, TPM 2.0 Library, Part 3; TCG EK Credential Profile, template L-1. Through ESAPI.
// Shapes    Structures as the TPM writes them: TPMS_ATTEST, TPMT_SIGNATURE, TPMT_PUBLIC. One bank,
//           SHA-256.
// Errors    unavailable: no such TPM, it refuses or is busy, or PCRs that change at every try.
//           malformed: not 32 bytes to bind, no PCR, one over 23.
// Threads   One attester, one thread: a TPM does one thing at a time. libtss2 prints its own
//           messages unless TSS2_LOG says otherwise.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tpm_binding_bytes = 32;

struct TpmQuotedPcr {
  std::uint32_t index = 0;
  Bytes value;
};

struct TpmQuoteEvidence {
  Bytes attest;
  Bytes signature;
  std::vector<TpmQuotedPcr> pcrs;  // exactly the quoted ones
};

// What an enroller made for one endorsement key and one attestation key's Name.
struct TpmCredential {
  Bytes id_object;         // TPM2B_ID_OBJECT
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// Which key quotes.
struct TpmFreshKey {};
struct TpmPersistentKey {  // made below the endorsement key and kept, unless it is there already
  std::uint32_t handle = 0;
};
struct TpmForeignKey {  // whoever made the machine made it, and says where; no endorsement key
  std::uint32_t handle = 0;
};
using TpmKeyChoice = std::variant<TpmFreshKey, TpmPersistentKey, TpmForeignKey>;

class TpmAttester {
 public:
  // `address`: "device:/dev/tpmrm0", "swtpm:path=/run/swtpm.sock". Whoever asks names it; nothing
  // is looked for. unavailable: a persistent key that was not made below the endorsement key.
  static Result<TpmAttester> open(const std::string& address, const TpmKeyChoice& choice = {});

  TpmAttester(TpmAttester&&) noexcept;
  TpmAttester& operator=(TpmAttester&&) noexcept;
  ~TpmAttester();

  const Bytes& attestation_key() const;  // TPMT_PUBLIC
  const Bytes& endorsement_key() const;  // TPMT_PUBLIC; empty for a foreign key
  // DER, from the index where manufacturers put that of the RSA key.
  Result<Bytes> endorsement_certificate();

  // The content of a non-volatile index that its owner may read.
  Result<Bytes> read_index(std::uint32_t index);

  // A quote over `binding` and the PCRs of `pcr_mask` (bit i: PCR i), with their values.
  Result<TpmQuoteEvidence> quote(ByteView binding, std::uint32_t pcr_mask);

  // What the enroller hid; only the TPM that holds both keys can tell.
  Result<Bytes> activate(const TpmCredential& credential);

 private:
  class Session;
  explicit TpmAttester(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

}  // namespace mayfly::attest
