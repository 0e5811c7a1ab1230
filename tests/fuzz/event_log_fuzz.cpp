// Event logs of any bytes, as firmware's, IMA's and dstack's: reading, replaying and binding never
// crash, what is shown lies within the log, and what is bound has the digest.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/event_log_runtime.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

bool lies_within(ByteView inner, ByteView outer) {
  return inner.empty() || (inner.data() >= outer.data() &&
                           inner.data() + inner.size() <= outer.data() + outer.size());
}

void read_boot_log(ByteView input) {
  const auto log = parse_event_log(input);
  if (!log) {
    return;
  }
  require(log->bytes_used <= input.size());
  for (const LoggedEvent& event : log->events) {
    require(lies_within(event.data, input) && event.digests.size() <= 4);
    const BoundPayload payload = bind_payload(event, TpmHash::sha256);
    require(lies_within(payload.measured, event.data));
    require((payload.binding == PayloadBinding::bound) == !payload.measured.empty());
    if (!payload.measured.empty()) {
      const Bytes digest = crypto::digest_of(crypto::HashAlgorithm::sha256, payload.measured);
      require(std::ranges::equal(digest, event.digest(TpmHash::sha256)->value));
    }
  }
  for (const TpmHash bank : {TpmHash::sha256, TpmHash::sha384}) {
    std::vector<QuotedRegister> quoted;
    std::uint32_t index = 0;
    for (const Bytes& value : replay_event_log(*log, bank)) {
      require(value.size() == tpm_digest_bytes(bank));
      quoted.push_back({index++, value});
    }
    EventLogPolicy policy{.kind = EventLogKind::tpm,
                          .bank = bank,
                          .registers = {0, 1, 7},
                          .separators = OneSeparator{},
                          .payloads = PayloadsMeasured{}};
    static_cast<void>(appraise_event_log(input, quoted, policy));
    quoted[7].value[0] ^= 1U;
    const auto refused = appraise_event_log(input, quoted, policy);
    require(refused.verdict != EvidenceVerdict::accepted && refused.events.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  read_boot_log(input);
  if (const auto events = decode_dstack_events(input)) {
    require(encode_dstack_events(*events).value() == Bytes(input.begin(), input.end()));
    static_cast<void>(replay_dstack_events(*events));
  }
  if (const auto entries = parse_ima_log(input)) {
    for (const ImaEntry& entry : *entries) {
      require(lies_within(entry.template_data, input) && lies_within(entry.file_digest, input));
    }
    const auto none = ima_entries_behind(*entries, TpmHash::sha256, 10, Bytes(32, 0x77));
    require(!none);
  }
  return 0;
}
