// Appraises an AWS Nitro Enclaves attestation document: did the Nitro hypervisor sign it, about the
// enclave and the bytes that the caller asked for? Reports every finding.
//
// Source    AWS, nitro-enclaves-nsm-api, attestation_process.md, clause 3; RFC 9052, 4.4.
// Errors    None: everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/verify/findings.hpp"
#include "attest/verify/nitro_document.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

enum class NitroCheck : std::uint8_t {
  document_layout,
  chain_readable,
  chain_anchor,
  chain_names,
  chain_constraints,
  chain_signatures,
  chain_validity,  // at the document's own time: its certificates live for hours
  document_signature,
  document_age,  // measured from the time of appraisal
  debug_off,     // PCR 0 to 2 are not all zero
  pcr_values,
  nonce,
  user_data,
  public_key,
};

template <>
struct CheckTable<NitroCheck> {
  static const std::array<CheckRow, 14> rows;
};

struct NitroAge {
  std::int64_t age_ms_max = 0;
  std::int64_t ahead_ms_max = 0;  // how far the hypervisor's clock may be ahead
};
struct NitroDebugOff {};

struct NitroPolicy {
  std::vector<ByteView> anchors;  // nitro_anchor(), but for tests
  // The document's time is the hypervisor's word. A caller who appraises at a proven time bounds
  // how old a document he takes.
  Expected<NitroAge> age;
  Expected<NitroDebugOff> debug_off;
  // Reference values; a PCR that occurs several times may have either. PCR 0 is the image, 1 kernel
  // and boot, 2 application, 3 the parent's role, 4 the parent, 8 the image's signer.
  Expected<std::vector<NitroPcr>> pcr_values;
  Expected<Bytes> nonce;  // exact; empty: that there is none
  Expected<Bytes> user_data;
  Expected<Bytes> public_key;
};

struct VerifiedNitroDocument {
  std::string module_id;
  UnixMillis timestamp;
  std::vector<NitroPcr> pcrs;
  Bytes public_key;  // empty if there is none, as the two below
  Bytes user_data;
  Bytes nonce;
};

struct NitroAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<NitroCheck> findings;
  // None unless layout, chain and signature hold. It may still be a debug enclave's.
  std::optional<VerifiedNitroDocument> verified;
};

NitroAppraisal appraise_nitro(ByteView document, const NitroPolicy& policy, UnixMillis at);

}  // namespace mayfly::attest
