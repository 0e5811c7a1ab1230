// Reports of Azure's paravisor, and their claims, of any bytes: nothing crashes, what is read lies
// within the input, and nothing is believed without a hardware report.
#include <cstdlib>

#include "attest/verify/azure_verify.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

bool lies_within(ByteView inner, ByteView outer) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

void read_claims(ByteView text) {
  const auto claims = AzureJson::parse(text);
  if (!claims) {
    return;
  }
  require(claims->values().size() <= 256);
  for (const AzureValue& value : claims->values()) {
    require(lies_within(bytes_of(value.text), text));
  }
  static_cast<void>(azure_attestation_key(*claims));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  read_claims(input);
  const auto report = parse_azure_report(input);
  if (report) {
    require(lies_within(report->claims, input) && lies_within(report->hardware_report, input));
    read_claims(report->claims);
  }
  const Any nothing{"a fuzz target wants nothing"};
  const AzurePolicy policy{.quote = {.key_trust = TpmKeyPinned{},
                                     .extra_data = nothing,
                                     .selection = nothing,
                                     .pcr_values = nothing,
                                     .boot_measured = nothing,
                                     .qualified_signer = nothing,
                                     .clock_floor = nothing,
                                     .firmware_versions = nothing},
                           .secure_boot = nothing};
  const AzureTeeReport tee{
      .tee = AzureTee::snp, .verdict = EvidenceVerdict::rejected, .report_data = std::nullopt};
  const auto appraisal =
      appraise_azure(input, tee, {input, input, {}}, policy, UnixMillis{1690000000000});
  require((appraisal.verdict == EvidenceVerdict::malformed) == !report);
  require(appraisal.verdict != EvidenceVerdict::accepted && !appraisal.quote.verified);
  return 0;
}
