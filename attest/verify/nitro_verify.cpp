#include "attest/verify/nitro_verify.hpp"

#include <algorithm>
#include <utility>

#include "attest/verify/refuse.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/pki_chain.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 14> CheckTable<NitroCheck>::rows{{
    {CheckStage::layout, "document_layout"},
    {CheckStage::chain, "chain_readable"},
    {CheckStage::chain, "chain_anchor"},
    {CheckStage::chain, "chain_names"},
    {CheckStage::chain, "chain_constraints"},
    {CheckStage::chain, "chain_signatures"},
    {CheckStage::chain, "chain_validity"},
    {CheckStage::signature, "document_signature"},
    {CheckStage::binding, "document_age"},
    {CheckStage::policy, "debug_off"},
    {CheckStage::policy, "pcr_values"},
    {CheckStage::binding, "nonce"},
    {CheckStage::binding, "user_data"},
    {CheckStage::binding, "public_key"},
}};

namespace {

using NitroFindings = Findings<NitroCheck>;

void append_byte_string(ByteView bytes, Bytes& out) {
  // RFC 8949, 3: a head of major type 2, its length in the shortest form. A payload has at most
  // 32 KiB.
  if (bytes.size() < 24) {
    out.push_back(static_cast<std::uint8_t>(0x40U | bytes.size()));
  } else if (bytes.size() < 256) {
    out.push_back(0x58);
    out.push_back(static_cast<std::uint8_t>(bytes.size()));
  } else {
    out.push_back(0x59);
    out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8U));
    out.push_back(static_cast<std::uint8_t>(bytes.size()));
  }
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// RFC 9052, 4.4: ["Signature1", protected header, no external data, payload].
Bytes signed_bytes_of(const ParsedNitroDocument& document) {
  constexpr std::string_view context = "Signature1";
  Bytes out{0x84, 0x6a};
  out.insert(out.end(), context.begin(), context.end());
  append_byte_string(document.protected_header, out);
  append_byte_string({}, out);
  append_byte_string(document.payload, out);
  return out;
}

// The leaf first, as chains are checked here; the bundle has the root first.
std::vector<Bytes> chain_of(const ParsedNitroDocument& document) {
  std::vector<Bytes> chain;
  chain.emplace_back(document.certificate.begin(), document.certificate.end());
  for (std::size_t i = document.ca_bundle.size(); i-- > 0;) {
    chain.emplace_back(document.ca_bundle[i].begin(), document.ca_bundle[i].end());
  }
  return chain;
}

void judge_nitro_chain(const ParsedNitroDocument& document, const NitroPolicy& policy,
                       NitroFindings& findings) {
  const auto chain = crypto::read_pki_chain(chain_of(document));
  if (!chain) {
    findings.fail(NitroCheck::chain_readable, chain.error().message());
    return;
  }
  findings.judge(NitroCheck::chain_readable, {});
  const auto report = crypto::check_pki_chain(*chain, policy.anchors, document.timestamp);
  findings.judge(NitroCheck::chain_anchor, report.anchored);
  findings.judge(NitroCheck::chain_names, report.names);
  Result<void> constraints = report.constraints;
  if (constraints && !chain->front().may_sign_data()) {
    constraints = refuse("the leaf certificate may not sign documents");
  }
  findings.judge(NitroCheck::chain_constraints, constraints);
  findings.judge(NitroCheck::chain_signatures, report.signatures);
  findings.judge(NitroCheck::chain_validity, report.validity);
  findings.judge(NitroCheck::document_signature,
                 chain->front().public_key().verify(
                     {.form = crypto::SignatureForm::ecdsa, .hash = crypto::HashAlgorithm::sha384},
                     signed_bytes_of(document), document.signature));
}

Result<void> check_document_age(UnixMillis made, UnixMillis at, const NitroAge& age) {
  // parse_nitro_document() bounds the one by the year 9999, so the difference does not overflow.
  if (made.value - at.value > age.ahead_ms_max) {
    return refuse("the document was made at " + to_rfc3339(made) + ", after " + to_rfc3339(at));
  }
  if (at.value - made.value > age.age_ms_max) {
    return refuse("the document was made at " + to_rfc3339(made) + ", too long before " +
                  to_rfc3339(at));
  }
  return {};
}

Result<void> check_debug_off(const ParsedNitroDocument& document) {
  for (const std::uint32_t index : {0U, 1U, 2U}) {
    const NitroPcr* pcr = document.pcr(index);
    if (pcr == nullptr || are_zero(pcr->value.bytes)) {
      return refuse("PCR " + std::to_string(index) +
                    " is zero: the enclave runs in debug mode, and its parent reads its console");
    }
  }
  return {};
}

Result<void> check_nitro_pcrs(const ParsedNitroDocument& document,
                              const std::vector<NitroPcr>& references) {
  if (references.empty()) {
    return refuse("the policy has no reference value, and does not say that it wants none");
  }
  for (const NitroPcr& reference : references) {
    const NitroPcr* pcr = document.pcr(reference.index);
    const bool is_one_of_them =
        pcr != nullptr && std::ranges::any_of(references, [&](const NitroPcr& each) {
          return each.index == pcr->index && each.value == pcr->value;
        });
    if (!is_one_of_them) {
      return refuse("PCR " + std::to_string(reference.index) + " has none of its reference values");
    }
  }
  return {};
}

void judge_field(NitroCheck check, const std::optional<ByteView>& field,
                 const Expected<Bytes>& expected, std::string_view name, NitroFindings& findings) {
  findings.expect(check, expected, [&](const Bytes& wanted) -> Result<void> {
    if (!crypto::equal_in_constant_time(field.value_or(ByteView()), wanted)) {
      return refuse("the document has another " + std::string(name) + " than the one asked for");
    }
    return {};
  });
}

Bytes owned(const std::optional<ByteView>& field) {
  return field ? Bytes(field->begin(), field->end()) : Bytes();
}

}  // namespace

NitroAppraisal appraise_nitro(ByteView bytes, const NitroPolicy& policy, UnixMillis at) {
  NitroAppraisal out;
  NitroFindings& findings = out.findings;
  const auto document = parse_nitro_document(bytes);
  if (!document) {
    findings.fail(NitroCheck::document_layout, document.error().message());
    return out;
  }
  findings.judge(NitroCheck::document_layout, {});
  judge_nitro_chain(*document, policy, findings);
  findings.expect(NitroCheck::document_age, policy.age, [&](const NitroAge& age) {
    return check_document_age(document->timestamp, at, age);
  });
  findings.expect(NitroCheck::debug_off, policy.debug_off,
                  [&](const auto&) { return check_debug_off(*document); });
  findings.expect(NitroCheck::pcr_values, policy.pcr_values,
                  [&](const auto& references) { return check_nitro_pcrs(*document, references); });
  judge_field(NitroCheck::nonce, document->nonce, policy.nonce, "nonce", findings);
  judge_field(NitroCheck::user_data, document->user_data, policy.user_data, "user data", findings);
  judge_field(NitroCheck::public_key, document->public_key, policy.public_key, "public key",
              findings);
  out.verdict = findings.verdict();
  if (findings.holds(CheckStage::layout) && findings.holds(CheckStage::chain) &&
      findings.holds(CheckStage::signature)) {
    out.verified = VerifiedNitroDocument{.module_id = std::string(document->module_id),
                                         .timestamp = document->timestamp,
                                         .pcrs = document->pcrs,
                                         .public_key = owned(document->public_key),
                                         .user_data = owned(document->user_data),
                                         .nonce = owned(document->nonce)};
  }
  return out;
}

}  // namespace mayfly::attest
