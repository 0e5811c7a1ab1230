// Asks the kernel for an attestation report over 64 bytes, and makes evidence of it: a TDX quote,
// or an SEV-SNP report with the certificates that the host gave.
//
// Source    Linux, configfs-tsm. AMD, GHCB 2.0, "SNP Extended Guest Request": the table of
//           certificates.
// Errors    unavailable: no such machine, another kind of it, a quoting service that is busy or
//           gives nothing for every try, a request that others keep changing.  malformed: what it
//           gave is no report.
// Threads   Safe from several threads: every request has a folder of its own.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "attest/collect/tsm_files.hpp"
#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"

namespace mayfly::attest {

struct TsmReport {
  std::string provider;  // "tdx_guest", "sev_guest"
  Bytes outblob;
  Bytes auxblob;  // empty if there is none
};

struct TsmPatience {
  int tries_max = 8;
  std::function<void()> pause;  // between tries
};
TsmPatience patient();  // pauses for a second

Result<TsmReport> read_tsm_report(TsmFiles& files, const ReportData& report_data,
                                  const TsmPatience& patience);

// The quote without the rest of its buffer, and over the bytes that were asked for.
Result<Evidence> tdx_evidence(ByteView outblob, const ReportData& report_data);
Result<Evidence> snp_evidence(ByteView outblob, ByteView auxblob, const ReportData& report_data);
// Of whichever provider `kind` needs.
Result<Evidence> evidence_of(const TsmReport& report, TeeKind kind, const ReportData& report_data);

}  // namespace mayfly::attest
