// What AMD writes into the certificate of a report's signing key.
//
// Source    AMD, Versioned Chip Endorsement Key Certificate and KDS Interface (57230), clause 3.1:
//           extensions below 1.3.6.1.4.1.3704.1.
// Errors    malformed: an extension that is missing or not of its form.
// Threads   Pure function.
#pragma once
#include <string>

#include "attest/verify/snp_report.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/pki_certificate.hpp"

namespace mayfly::attest {

struct SnpKeyCertificate {
  std::string product_name;  // "Milan-B0"
  SnpTcb tcb;
  Bytes hardware_id;     // of a VCEK: 64 bytes; of Turin 8
  std::string provider;  // of a VLEK
};

// `product`: whose root the chain ends in; it decides whether there is an FMC version.
Result<SnpKeyCertificate> read_snp_certificate(const crypto::PkiCertificate& certificate,
                                               SnpProduct product, SnpKeyKind kind);

}  // namespace mayfly::attest
