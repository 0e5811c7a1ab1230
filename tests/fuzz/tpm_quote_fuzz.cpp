// TPM structures of any bytes: reading and appraising never crash, what is read lies within the
// input, and nothing is believed without a pinned key.
#include <cstdlib>

#include "attest/verify/tpm_ek_certificate.hpp"
#include "attest/verify/tpm_verify.hpp"

namespace {

using mayfly::ByteView;
using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

bool lies_within(ByteView inner, ByteView outer) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

TpmAppraisal appraise(const TpmEvidence& evidence) {
  const Any nothing{"a fuzz target wants nothing"};
  const TpmPolicy policy{.key_trust = TpmKeyPinned{},
                         .extra_data = nothing,
                         .selection = nothing,
                         .pcr_values = nothing,
                         .boot_measured = nothing,
                         .qualified_signer = nothing,
                         .clock_floor = nothing,
                         .firmware_versions = nothing};
  return appraise_tpm(evidence, policy, mayfly::UnixMillis{1795000000000});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto quote = parse_tpm_quote(input)) {
    require(lies_within(quote->qualified_signer, input) && lies_within(quote->extra_data, input));
    require(lies_within(quote->pcr_digest, input) && quote->selections.size() <= 8);
  }
  if (const auto area = parse_tpm_public(input)) {
    require(lies_within(area->encoded, input) && lies_within(area->auth_policy, input));
    const auto name = tpm_name_of(*area);
    require(!name || name->size() == 2 + tpm_digest_bytes(area->name_algorithm));
    const auto key = key_of(*area);
    require(key || !key.error().message().empty());
  }
  if (const auto signature = parse_tpm_signature(input)) {
    require(signature->signature.size() <= tpm_structure_bytes_max);
  }
  // The same bytes in every place, and cut into three by their own first two bytes.
  const std::size_t first = size > 0 ? data[0] % (size + 1) : 0;
  const std::size_t second = first + (size > 1 ? data[1] % (size - first + 1) : 0);
  for (const auto& [attest, signature, key] :
       {std::array{input, input, input},
        std::array{input.first(first), input.subspan(first, second - first),
                   input.subspan(second)}}) {
    const TpmAppraisal appraisal = appraise({.attest = attest,
                                             .signature = signature,
                                             .attestation_key = key,
                                             .pcrs = {},
                                             .certificate_chain = {}});
    require(appraisal.findings.all().size() == CheckTable<TpmCheck>::rows.size());
    require(appraisal.verdict != EvidenceVerdict::accepted && !appraisal.verified);
  }
  const std::vector<mayfly::Bytes> certificate{{input.begin(), input.end()}};
  require(!appraise_tpm_ek(certificate, {}, mayfly::UnixMillis{1795000000000}).verified);
  return 0;
}
