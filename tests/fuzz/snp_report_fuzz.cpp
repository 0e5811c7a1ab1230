// SEV-SNP reports of any bytes, and certificates of any bytes under one: nothing crashes, and
// nothing is believed without an anchor.
#include <cstdlib>

#include "attest/verify/snp_certificate.hpp"
#include "attest/verify/snp_verify.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto report = parse_snp_report(input);
  if (report) {
    require(report->signed_bytes.data() == data && report->signed_bytes.size() == snp_signed_bytes);
    require(report->signature.size() == 96);
    for (const SnpProduct product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin}) {
      static_cast<void>(snp_tcb_of(product, report->reported_tcb));
    }
  }
  if (const auto certificate = crypto::PkiCertificate::parse(input)) {
    for (const SnpProduct product : {SnpProduct::milan, SnpProduct::turin}) {
      for (const SnpKeyKind kind : {SnpKeyKind::vcek, SnpKeyKind::vlek}) {
        static_cast<void>(read_snp_certificate(*certificate, product, kind));
      }
    }
  }
  const Any nothing{"a fuzz target wants nothing"};
  const SnpPolicy policy{.anchors = {snp_anchors().begin(), snp_anchors().end()},
                         .revocation = nothing,
                         .providers = nothing,
                         .abi_minimum = nothing,
                         .debug_off = nothing,
                         .migration_off = nothing,
                         .smt_off = nothing,
                         .single_socket = nothing,
                         .tcb_minimum = nothing,
                         .vmpl = nothing,
                         .measurements = nothing,
                         .host_data = nothing,
                         .id_keys = nothing,
                         .chips = nothing,
                         .report_data = nothing};
  const Bytes certificate(input.begin(), input.end());
  const SnpAppraisal appraisal =
      appraise_snp({.report = input,
                    .certificate_chain = {certificate, certificate, certificate},
                    .revocation_list = input},
                   policy, UnixMillis{1800000000000});
  require((appraisal.verdict == EvidenceVerdict::malformed) == !report);
  require(appraisal.verdict != EvidenceVerdict::accepted && !appraisal.verified);
  return 0;
}
