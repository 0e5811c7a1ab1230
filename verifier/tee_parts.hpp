// What stands beside a quote of a TPM, an SEV-SNP guest, a Nitro enclave or an Azure machine, or a
// token of Google's: named parts, each in one spelling, because a byte that nothing signs could be
// changed unnoticed.
//
// Source    docs/certificate-format.md, "Evidence and its parts".
// Errors    malformed: another format, an unknown part, one that is not of its form or, in
//           tee_material_from(), not in its one spelling.
// Threads   Pure functions.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/model/evidence.hpp"
#include "attest/verify/collateral.hpp"
#include "attest/verify/tpm_appraisal.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::verifier {

// Where the quoting key is in its TPM: with it, the signer that a quote names binds the public
// area.
struct TpmKeyPath {
  std::uint32_t hierarchy = 0;
  std::vector<Bytes> parents;  // Names, the primary key's first
};

// What is empty or absent was not given.
struct TeeMaterial {
  attest::TeeKind kind = attest::TeeKind::tpm;
  Bytes quote;
  std::vector<Bytes> chain;  // DER, leaf to root: of a VCEK or VLEK, or of an attestation key
  std::optional<Bytes> crl;
  Bytes signature;
  Bytes ak_public;
  std::optional<TpmKeyPath> key_path;
  std::vector<attest::TpmPcr> pcrs;
  std::optional<Bytes> event_log;
  Bytes hcl_report;
  Bytes td_quote;
  attest::TdxCollateral lists;
};

// The format that the parts of this kind have; empty: it has none, the quote is all.
std::string_view parts_format_of(attest::TeeKind kind);
// The kind that a certificate's two formats name. None: a TDX quote, or unknown.
std::optional<attest::TeeKind> tee_kind_of(std::string_view quote_format,
                                           const std::optional<certificate::Collateral>& parts);

// Checks that the quote and every part are in their one spelling.
Result<TeeMaterial> tee_material_from(attest::TeeKind kind, ByteView quote,
                                      const std::optional<certificate::Collateral>& parts);

// The one spelling of parts as people have them: chains as PEM in any layout, a public area with or
// without its size, the paravisor's report as the virtual TPM keeps it.
Result<certificate::Collateral> tee_parts(attest::TeeKind kind,
                                          const std::map<std::string, Bytes>& given);
// The quote alone: a Nitro document loses its tag.
Bytes plain_tee_quote(attest::TeeKind kind, ByteView quote);

}  // namespace mayfly::verifier
