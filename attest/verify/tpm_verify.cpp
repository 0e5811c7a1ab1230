#include "attest/verify/tpm_verify.hpp"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "attest/verify/refuse.hpp"
#include "base/byte_reader.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/pki_chain.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 26> CheckTable<TpmCheck>::rows{{
    {CheckStage::layout, "attest_magic"},
    {CheckStage::layout, "attest_type"},
    {CheckStage::layout, "attest_layout"},
    {CheckStage::layout, "signature_layout"},
    {CheckStage::layout, "key_layout"},
    {CheckStage::chain, "key_attributes"},
    {CheckStage::chain, "key_trust"},
    {CheckStage::chain, "certificate_readable"},
    {CheckStage::chain, "certificate_anchor"},
    {CheckStage::chain, "certificate_names"},
    {CheckStage::chain, "certificate_constraints"},
    {CheckStage::chain, "certificate_signatures"},
    {CheckStage::chain, "certificate_validity"},
    {CheckStage::chain, "certificate_key"},
    {CheckStage::signature, "signature_hash"},
    {CheckStage::signature, "quote_signature"},
    {CheckStage::binding, "qualified_signer"},
    {CheckStage::binding, "extra_data"},
    {CheckStage::signature, "pcr_bank"},
    {CheckStage::binding, "pcr_selection"},
    {CheckStage::signature, "pcr_digest"},
    {CheckStage::policy, "boot_measured"},
    {CheckStage::policy, "pcr_values"},
    {CheckStage::policy, "clock_safe"},
    {CheckStage::policy, "clock_counters"},
    {CheckStage::policy, "firmware"},
}};

// By anchors and a time that are the same for all.
struct TpmVerifier::KnownChain {
  std::vector<Bytes> der;
  std::vector<crypto::PkiCertificate> certificates;
  crypto::PkiChainReport report;
};

namespace {

using TpmFindings = Findings<TpmCheck>;
using KnownChain = std::shared_ptr<const TpmVerifier::KnownChain>;

template <class T>
bool is_among(const T& value, const std::vector<T>& values) {
  return std::ranges::find(values, value) != values.end();
}

// The key that signed, and its area if there is one.
struct QuotingKey {
  std::optional<ParsedTpmPublic> area;
  std::optional<crypto::PublicKey> key;
  Bytes name;
};

std::optional<ParsedTpmQuote> read_quote(ByteView attest, TpmFindings& findings) {
  ByteReader head(attest);
  const auto magic = head.take_u32_be();
  const auto type = head.take_u16_be();
  findings.pass_if(TpmCheck::attest_magic, magic && *magic == tpm_generated_magic,
                   "it does not begin with the magic that a TPM puts before what it signs");
  findings.pass_if(TpmCheck::attest_type, type && *type == tpm_attest_quote_type,
                   "it is not an attestation of type quote");
  auto quote = parse_tpm_quote(attest);
  if (!quote) {
    findings.fail(TpmCheck::attest_layout, quote.error().message());
    return std::nullopt;
  }
  findings.judge(TpmCheck::attest_layout, {});
  return std::move(*quote);
}

std::optional<ParsedTpmSignature> read_signature(ByteView bytes, TpmFindings& findings) {
  if (bytes.empty()) {
    findings.leave_out(TpmCheck::signature_layout, "the quote's signature was not given");
    return std::nullopt;
  }
  auto signature = parse_tpm_signature(bytes);
  if (!signature) {
    findings.fail(TpmCheck::signature_layout, signature.error().message());
    return std::nullopt;
  }
  findings.judge(TpmCheck::signature_layout, {});
  return std::move(*signature);
}

// Part 2, 8.3.3: what makes a key an attestation key. A key that is not restricted signs whatever
// it is handed, a made-up quote too.
Result<void> check_attributes(const ParsedTpmPublic& area) {
  constexpr std::uint32_t needed = tpm_attribute::restricted | tpm_attribute::sign |
                                   tpm_attribute::fixed_tpm | tpm_attribute::fixed_parent |
                                   tpm_attribute::sensitive_data_origin;
  constexpr std::uint32_t forbidden = tpm_attribute::decrypt | tpm_attribute::encrypted_duplication;
  const std::uint32_t missing = needed & ~area.attributes;
  if ((missing & tpm_attribute::restricted) != 0) {
    return refuse("the key is not restricted: it signs whatever it is handed, a made-up quote too");
  }
  if (missing != 0) {
    return refuse("the key is not one that signs, was made inside this TPM and cannot leave it");
  }
  if ((area.attributes & forbidden) != 0 || area.has_symmetric) {
    return refuse("the key also decrypts or can be duplicated, as no attestation key does");
  }
  return {};
}

QuotingKey read_key(const TpmEvidence& evidence, TpmFindings& findings) {
  QuotingKey out;
  if (const auto* without_area = std::get_if<TpmKeyWithoutArea>(&evidence.attestation_key)) {
    const Any vouched{"there is no public area to look at; the key comes from " +
                      without_area->vouched_for_by};
    findings.waive(TpmCheck::key_layout, vouched);
    findings.waive(TpmCheck::key_attributes, vouched);
    return out;
  }
  const ByteView given = std::get<ByteView>(evidence.attestation_key);
  if (given.empty()) {
    findings.leave_out(TpmCheck::key_layout, "the quoting key's public area was not given");
    return out;
  }
  auto area = parse_tpm_public(given);
  if (!area) {
    findings.fail(TpmCheck::key_layout, area.error().message());
    return out;
  }
  auto key = key_of(*area);
  auto name = tpm_name_of(*area);
  if (!key || !name) {
    findings.fail(TpmCheck::key_layout, key ? name.error().message() : key.error().message());
    return out;
  }
  findings.judge(TpmCheck::key_layout, {});
  findings.judge(TpmCheck::key_attributes, check_attributes(*area));
  out.area = std::move(*area);
  out.key = std::move(*key);
  out.name = std::move(*name);
  return out;
}

const crypto::PublicKey* key_in(const TpmEvidence& evidence, const QuotingKey& read) {
  if (const auto* without_area = std::get_if<TpmKeyWithoutArea>(&evidence.attestation_key)) {
    return &without_area->key;
  }
  return read.key ? &*read.key : nullptr;
}

void waive_certificate(std::string why, TpmFindings& findings) {
  const Any waiver{std::move(why)};
  for (auto i = std::to_underlying(TpmCheck::certificate_readable);
       i <= std::to_underlying(TpmCheck::certificate_key); ++i) {
    findings.waive(static_cast<TpmCheck>(i), waiver);
  }
}

Result<void> check_usage(const Result<void>& constraints, const crypto::PkiCertificate& leaf,
                         const TpmKeyCertified& wanted) {
  CHECK_OK(constraints);
  if (const Any* waiver = std::get_if<Any>(&wanted.extended_usage)) {
    if (waiver->reason.empty()) {
      return refuse("the policy waives the certificate's usage without a reason");
    }
    return {};
  }
  if (!leaf.may_sign_data() ||
      !leaf.has_extended_usage(std::get<std::string>(wanted.extended_usage))) {
    return refuse("the certificate is not one of an attestation key");
  }
  return {};
}

bool is_key_missing(const TpmEvidence& evidence) {
  const auto* area = std::get_if<ByteView>(&evidence.attestation_key);
  return area != nullptr && area->empty();
}

// What was appraised; and the chain that the quotes before had, for those after.
struct Appraised {
  const TpmEvidence& evidence;
  const TpmPolicy& policy;
  const Expected<Bytes>& extra_data;
  UnixMillis at;
  KnownChain& known;
};

Result<KnownChain> known_chain(const Appraised& appraised, const TpmKeyCertified& wanted) {
  const std::vector<Bytes>& der = appraised.evidence.certificate_chain;
  if (appraised.known == nullptr || appraised.known->der != der) {
    TRY(auto certificates, crypto::read_pki_chain(der));
    crypto::PkiChainReport report =
        crypto::check_pki_chain(certificates, wanted.anchors, appraised.at);
    appraised.known = std::make_shared<const TpmVerifier::KnownChain>(TpmVerifier::KnownChain{
        .der = der, .certificates = std::move(certificates), .report = std::move(report)});
  }
  return appraised.known;
}

void judge_certificate(const Appraised& appraised, const TpmKeyCertified& wanted,
                       const crypto::PublicKey* key, TpmFindings& findings) {
  const TpmEvidence& evidence = appraised.evidence;
  if (evidence.certificate_chain.empty()) {
    findings.leave_out(TpmCheck::certificate_readable, "no certificate of the key was given");
    findings.leave_out(TpmCheck::key_trust, "no certificate of the key was given");
    return;
  }
  const auto known = known_chain(appraised, wanted);
  if (!known) {
    findings.fail(TpmCheck::certificate_readable, known.error().message());
    findings.leave_out(TpmCheck::key_trust, "there is no readable chain of certificates");
    return;
  }
  findings.judge(TpmCheck::certificate_readable, {});
  const crypto::PkiChainReport& report = (*known)->report;
  const crypto::PkiCertificate& leaf = (*known)->certificates.front();
  findings.judge(TpmCheck::certificate_anchor, report.anchored);
  findings.judge(TpmCheck::certificate_names, report.names);
  const Result<void> constraints = check_usage(report.constraints, leaf, wanted);
  findings.judge(TpmCheck::certificate_constraints, constraints);
  findings.judge(TpmCheck::certificate_signatures, report.signatures);
  findings.judge(TpmCheck::certificate_validity, report.validity);
  if (is_key_missing(evidence)) {
    findings.leave_out(TpmCheck::certificate_key, "the quoting key's public area was not given");
    findings.leave_out(TpmCheck::key_trust, "the quoting key's public area was not given");
    return;
  }
  const bool is_same = key != nullptr && leaf.public_key().is_same_as(*key);
  findings.pass_if(TpmCheck::certificate_key, is_same,
                   "the certificate is about another key than the one that signed the quote");
  // Without a public area nobody knows whether the key signs made-up quotes, too.
  const bool has_area = std::holds_alternative<ByteView>(evidence.attestation_key);
  const bool is_certified =
      report.anchored && report.names && report.signatures && constraints && is_same;
  findings.pass_if(TpmCheck::key_trust, has_area && is_certified,
                   has_area ? "the chain of certificates does not hold"
                            : "a certified key is judged by its public area, which is missing");
}

void judge_trust(const Appraised& appraised, const QuotingKey& read, TpmFindings& findings) {
  const TpmEvidence& evidence = appraised.evidence;
  const TpmPolicy& policy = appraised.policy;
  if (const auto* certified = std::get_if<TpmKeyCertified>(&policy.key_trust)) {
    judge_certificate(appraised, *certified, key_in(evidence, read), findings);
    return;
  }
  const bool has_area = std::holds_alternative<ByteView>(evidence.attestation_key);
  if (const auto* pinned = std::get_if<TpmKeyPinned>(&policy.key_trust)) {
    waive_certificate("the policy pins the quoting key by name", findings);
    if (is_key_missing(evidence)) {
      findings.leave_out(TpmCheck::key_trust, "the quoting key's public area was not given");
      return;
    }
    findings.pass_if(TpmCheck::key_trust, !read.name.empty() && is_among(read.name, pinned->names),
                     "the quoting key is none of those that the policy pins");
    return;
  }
  waive_certificate("the policy takes a key that a TEE's report vouches for", findings);
  findings.pass_if(TpmCheck::key_trust, !has_area,
                   "nothing but the evidence itself vouches for the quoting key");
}

void judge_signature(const TpmEvidence& evidence, const ParsedTpmSignature& signature,
                     const QuotingKey& read, TpmFindings& findings) {
  const auto hash = trusted_hash(signature.hash);
  if (!hash) {
    findings.fail(TpmCheck::signature_hash, hash.error().message());
    return;
  }
  if (read.area && read.area->scheme &&
      (read.area->scheme != signature.form || read.area->scheme_hash != signature.hash)) {
    findings.fail(TpmCheck::signature_hash, "the key is bound to another scheme than this one");
    return;
  }
  findings.judge(TpmCheck::signature_hash, {});
  const crypto::PublicKey* key = key_in(evidence, read);
  if (key != nullptr) {
    findings.judge(TpmCheck::quote_signature, key->verify({.form = signature.form, .hash = *hash},
                                                          evidence.attest, signature.signature));
  }
}

Result<void> check_banks(const std::vector<TpmPcrSelection>& selections) {
  std::set<TpmHash> seen;
  for (const TpmPcrSelection& selection : selections) {
    if (auto hash = trusted_hash(selection.bank); !hash) {
      return refuse("a PCR bank of SHA-1, which is not trusted here");
    }
    if (!seen.insert(selection.bank).second) {
      return refuse("a PCR bank that is selected twice");
    }
  }
  return {};
}

Result<void> check_selection(const std::vector<TpmPcrSelection>& quoted,
                             const std::vector<TpmPcrSelection>& wanted) {
  if (quoted != wanted) {
    return refuse("the quote is over other PCRs than those asked for");
  }
  return {};
}

std::size_t selected_count(const std::vector<TpmPcrSelection>& selections) {
  std::size_t count = 0;
  for (const TpmPcrSelection& selection : selections) {
    count += static_cast<std::size_t>(std::popcount(selection.mask));
  }
  return count;
}

const TpmPcr* find_pcr(const std::vector<TpmPcr>& pcrs, TpmHash bank, std::uint32_t index) {
  const auto found = std::ranges::find_if(
      pcrs, [&](const TpmPcr& pcr) { return pcr.bank == bank && pcr.index == index; });
  return found == pcrs.end() ? nullptr : &*found;
}

// The values shown, in the order of the quote: each selected PCR, and no other.
Result<std::vector<TpmPcr>> in_quoted_order(const std::vector<TpmPcr>& shown,
                                            const std::vector<TpmPcrSelection>& selections) {
  std::vector<TpmPcr> ordered;
  for (const TpmPcrSelection& selection : selections) {
    for (std::uint32_t index = 0; index < tpm_pcr_count; ++index) {
      if ((selection.mask & (1U << index)) == 0) {
        continue;
      }
      const TpmPcr* pcr = find_pcr(shown, selection.bank, index);
      if (pcr == nullptr || pcr->value.size() != tpm_digest_bytes(selection.bank)) {
        return refuse("PCR " + std::to_string(index) +
                      " is quoted, and no value of its bank's length is shown for it");
      }
      ordered.push_back(*pcr);
    }
  }
  if (ordered.size() != shown.size()) {
    return refuse("values are shown for PCRs that are not quoted, or twice for one");
  }
  return ordered;
}

// Part 3, 18.4: pcrDigest is over the values in the order of the selection, with the hash of the
// signing scheme.
Result<void> check_pcr_digest(const std::vector<TpmPcr>& ordered, ByteView pcr_digest,
                              TpmHash scheme_hash) {
  TRY(const crypto::HashAlgorithm hash, trusted_hash(scheme_hash));
  Bytes values;
  for (const TpmPcr& pcr : ordered) {
    values.insert(values.end(), pcr.value.begin(), pcr.value.end());
  }
  if (!crypto::equal_in_constant_time(crypto::digest_of(hash, values), pcr_digest)) {
    return refuse("the PCR values shown are not the quoted ones");
  }
  return {};
}

Result<void> check_boot_measured(const std::vector<TpmPcr>& pcrs) {
  const bool any_measured = std::ranges::any_of(
      pcrs, [](const TpmPcr& pcr) { return pcr.index <= 4 && !are_zero(pcr.value); });
  if (!any_measured) {
    return refuse("none of PCR 0 to 4 is quoted with a value: nothing measured what was started");
  }
  return {};
}

Result<void> check_values(const std::vector<TpmPcr>& pcrs, const std::vector<TpmPcr>& references) {
  if (references.empty()) {
    return refuse("the policy has no reference value, and does not say that it wants none");
  }
  for (const TpmPcr& reference : references) {
    if (reference.index == 16 || reference.index == 23) {
      return refuse("the policy has a reference value for PCR " + std::to_string(reference.index) +
                    ", which anyone can reset");
    }
    const TpmPcr* pcr = find_pcr(pcrs, reference.bank, reference.index);
    const bool is_one_of_them =
        pcr != nullptr && std::ranges::any_of(references, [&](const TpmPcr& each) {
          return each.bank == pcr->bank && each.index == pcr->index && each.value == pcr->value;
        });
    if (!is_one_of_them) {
      return refuse("PCR " + std::to_string(reference.index) +
                    " is not quoted with one of its reference values");
    }
  }
  return {};
}

void judge_pcrs(const TpmEvidence& evidence, const TpmPolicy& policy, const ParsedTpmQuote& quote,
                const std::optional<ParsedTpmSignature>& signature, TpmFindings& findings,
                std::optional<std::vector<TpmPcr>>& verified) {
  findings.judge(TpmCheck::pcr_bank, check_banks(quote.selections));
  if (selected_count(quote.selections) == 0) {
    findings.fail(TpmCheck::pcr_selection, "the quote is over no PCR at all");
  } else {
    findings.expect(TpmCheck::pcr_selection, policy.selection,
                    [&](const auto& wanted) { return check_selection(quote.selections, wanted); });
  }
  auto ordered = in_quoted_order(evidence.pcrs, quote.selections);
  if (!ordered) {
    findings.fail(TpmCheck::pcr_digest, ordered.error().message());
    return;
  }
  if (!signature) {
    return;
  }
  const auto is_quoted = check_pcr_digest(*ordered, quote.pcr_digest, signature->hash);
  findings.judge(TpmCheck::pcr_digest, is_quoted);
  if (!is_quoted) {
    findings.leave_out(TpmCheck::boot_measured, "the PCR values shown are not the quoted ones");
    findings.leave_out(TpmCheck::pcr_values, "the PCR values shown are not the quoted ones");
    return;
  }
  findings.expect(TpmCheck::boot_measured, policy.boot_measured,
                  [&](const auto&) { return check_boot_measured(*ordered); });
  findings.expect(TpmCheck::pcr_values, policy.pcr_values,
                  [&](const auto& references) { return check_values(*ordered, references); });
  verified = std::move(*ordered);
}

Result<void> check_counters(const TpmClockInfo& clock, const TpmClockFloor& floor) {
  const bool went_back =
      clock.reset_count < floor.reset_count ||
      (clock.reset_count == floor.reset_count && clock.restart_count < floor.restart_count);
  if (went_back) {
    return refuse("the TPM was reset or restarted fewer times than when it was enrolled");
  }
  return {};
}

void judge_state(const Appraised& appraised, const ParsedTpmQuote& quote, TpmFindings& findings) {
  const TpmPolicy& policy = appraised.policy;
  findings.expect(TpmCheck::extra_data, appraised.extra_data,
                  [&](const Bytes& wanted) -> Result<void> {
                    if (!crypto::equal_in_constant_time(quote.extra_data, wanted)) {
                      return refuse("the quote was made for other bytes than those asked for");
                    }
                    return {};
                  });
  findings.expect(TpmCheck::qualified_signer, policy.qualified_signer,
                  [&](const Bytes& wanted) -> Result<void> {
                    if (!std::ranges::equal(quote.qualified_signer, wanted)) {
                      return refuse("the quoting key is at another place of the TPM's hierarchy");
                    }
                    return {};
                  });
  findings.pass_if(TpmCheck::clock_safe, quote.clock.is_safe,
                   "the TPM's clock may have gone back: it lost power without being shut down");
  findings.expect(TpmCheck::clock_counters, policy.clock_floor,
                  [&](const TpmClockFloor& floor) { return check_counters(quote.clock, floor); });
  findings.expect(TpmCheck::firmware, policy.firmware_versions,
                  [&](const std::vector<std::uint64_t>& versions) -> Result<void> {
                    if (!is_among(quote.firmware_version, versions)) {
                      return refuse("the TPM's firmware is of none of the accepted versions");
                    }
                    return {};
                  });
}

TpmAppraisal appraise(const Appraised& appraised) {
  const TpmEvidence& evidence = appraised.evidence;
  TpmAppraisal out;
  TpmFindings& findings = out.findings;
  const auto quote = read_quote(evidence.attest, findings);
  const auto signature = read_signature(evidence.signature, findings);
  const QuotingKey key = read_key(evidence, findings);
  judge_trust(appraised, key, findings);
  if (signature) {
    judge_signature(evidence, *signature, key, findings);
  }
  std::optional<std::vector<TpmPcr>> pcrs;
  if (quote) {
    judge_pcrs(evidence, appraised.policy, *quote, signature, findings, pcrs);
    judge_state(appraised, *quote, findings);
  }
  out.verdict = findings.verdict();
  const bool is_genuine = findings.holds(CheckStage::layout) && findings.holds(CheckStage::chain) &&
                          findings.holds(CheckStage::signature);
  if (is_genuine && quote && pcrs) {
    out.verified =
        VerifiedTpmQuote{.key_name = key.name,
                         .extra_data = Bytes(quote->extra_data.begin(), quote->extra_data.end()),
                         .clock = quote->clock,
                         .firmware_version = quote->firmware_version,
                         .pcrs = std::move(*pcrs)};
  }
  return out;
}

}  // namespace

TpmAppraisal appraise_tpm(const TpmEvidence& evidence, const TpmPolicy& policy, UnixMillis at) {
  return TpmVerifier(policy, at).verify(evidence, policy.extra_data);
}

TpmAppraisal TpmVerifier::verify(const TpmEvidence& evidence, const Expected<Bytes>& extra_data) {
  return appraise({.evidence = evidence,
                   .policy = policy_,
                   .extra_data = extra_data,
                   .at = at_,
                   .known = known_});
}

}  // namespace mayfly::attest
