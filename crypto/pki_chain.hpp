// A chain of certificates from a signing key to a pinned root: each rule judged for itself, so that
// a caller can report all of what is wrong.
//
// Source    RFC 5280 clause 6, for a chain that is given whole and in order. The root is trusted
//           because its bytes are those of an anchor, so its own signature is not looked at.
// Errors    read_pki_chain: those of PkiCertificate::parse.  limit: over pki_chain_length_max.
// Threads   Pure functions; no clock: the time is an argument.
#pragma once
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/pki_certificate.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t pki_chain_length_max = 8;

// The leaf first. At least one certificate.
Result<std::vector<PkiCertificate>> read_pki_chain(std::span<const Bytes> der);

struct PkiChainReport {
  Result<void> anchored;  // the last one is an anchor, byte for byte
  Result<void> names;     // each names the next one as its issuer
  Result<void>
      constraints;  // issuers are authorities that may sign so long a path; the leaf is none
  Result<void> signatures;
  Result<void> validity;  // every one at the time of appraisal, both ends

  bool holds() const { return anchored && names && constraints && signatures && validity; }
};

// `chain`: the leaf first, the root last. A chain of one certificate never holds.
PkiChainReport check_pki_chain(std::span<const PkiCertificate> chain,
                               std::span<const ByteView> anchors, UnixMillis at);

}  // namespace mayfly::crypto
