#include "verifier/statement_checks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "certificate/assertions.hpp"
#include "certificate/disclosure.hpp"
#include "certificate/dsse.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/p256_form.hpp"
#include "verifier/disclosure_checks.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using certificate::Claim;
using certificate::DecodedCertificate;

void expect(bool holds, Code otherwise, std::vector<Finding>& findings) {
  if (!holds) {
    findings.push_back(found(otherwise));
  }
}

// Those about a result that is withheld are the measured service's word.
bool assertions_follow(const DecodedCertificate& decoded) {
  const Claim& claim = decoded.statement.claim;
  if (result_is_withheld(decoded)) return true;
  std::vector<certificate::Assertion> again = claim.assertions;
  const auto judged = certificate::judge(again, result_value(decoded));
  return judged && std::ranges::equal(again, claim.assertions, {}, &certificate::Assertion::verdict,
                                      &certificate::Assertion::verdict);
}

// More was printed than may be kept: then, and only then, the result is said to be cut.
bool truncation_follows(const certificate::Statement& statement) {
  const bool is_cut = statement.run.usage.stdout_bytes > statement.claim.limits.output_bytes;
  return statement.claim.result.truncated == is_cut && (!is_cut || statement.run.output_truncated);
}

// A program's JSON is usually printed with a line end; the digest covers that too.
bool is_exactly(const certificate::ResultRecord& result, const std::string& value) {
  return std::ranges::any_of(std::array{value, value + "\n"}, [&result](const std::string& raw) {
    return std::ssize(raw) == result.size && crypto::sha256(bytes_of(raw)) == result.digest;
  });
}

void check_result_value(const Claim& claim, std::vector<Finding>& findings) {
  const certificate::ResultRecord& result = claim.result;
  if (!result.value) {
    return;
  }
  if (result.media_type != "application/json" || result.size == 0 || result.truncated ||
      certificate::may_withhold(claim, "result")) {
    findings.push_back(found(Code::result_value_unreadable));
    return;
  }
  findings.push_back(found(is_exactly(result, *result.value) ? Code::result_value_exact
                                                             : Code::result_value_unproven));
}

std::optional<Finding> fault_of_ed25519(const certificate::Signature& signature,
                                        const certificate::Run& run, ByteView signed_bytes) {
  if (signature.public_key != run.signer) {
    return found(Code::signature_wrong, "it is by another key");
  }
  const auto verified =
      crypto::verify_ed25519(signature.public_key, signed_bytes, signature.signature);
  if (!verified) return found(Code::signature_wrong, verified.error().message());
  return std::nullopt;
}

// One signature has one form: without the key, nobody can make another that is good as well.
std::optional<Finding> fault_of_p256(const certificate::Signature& signature,
                                     const certificate::Run& run, ByteView signed_bytes) {
  if (signature.public_key != run.signer_p256) return found(Code::second_signer_differs);
  const auto r_s = crypto::p256_signature_from_der(signature.signature);
  if (!r_s) return found(Code::second_signature_form, r_s.error().message());
  const auto key = crypto::EcdsaPublicKey::from_raw(crypto::EcdsaCurve::p256, signature.public_key);
  if (!key) return found(Code::second_signature_wrong, key.error().message());
  const auto verified = key->verify(signed_bytes, *r_s);
  if (!verified) return found(Code::second_signature_wrong, verified.error().message());
  return std::nullopt;
}

// Else anyone could make other bytes of the same certificate, by copies or by exchanging two.
constexpr auto* repeated = "it is there twice";
constexpr auto* behind = "it stands behind the second signature";

// By which of the keys that the statement names there is a good signature.
struct Sound {
  bool ed25519 = false;
  bool p256 = false;
};

}  // namespace

std::vector<Finding> check_ids(const DecodedCertificate& decoded,
                               const certificate::RecomputedIds& ids) {
  const Claim& claim = decoded.statement.claim;
  std::vector<Finding> findings;
  expect(decoded.stated_certificate_id == ids.certificate_id, Code::certificate_id_differs,
         findings);
  expect(decoded.stated_claim_hash == ids.claim_hash, Code::claim_hash_differs, findings);
  expect(claim.sandbox_hash == ids.sandbox_hash, Code::sandbox_hash_differs, findings);
  expect(claim.input_hash == ids.input_hash, Code::input_hash_differs, findings);
  expect(decoded.proof.tee_kind == decoded.statement.run.tee, Code::tee_kind_differs, findings);
  expect(assertions_follow(decoded), Code::assertion_differs, findings);
  expect(truncation_follows(decoded.statement), Code::truncation_differs, findings);
  if (findings.empty()) {
    findings.push_back(found(Code::ids_ok));
  }
  check_result_value(claim, findings);
  return findings;
}

Finding check_dataset(const Claim& claim, const std::optional<std::string>& supplied_hash) {
  if (!supplied_hash) {
    return found(Code::dataset_not_given);
  }
  if (*supplied_hash == claim.dataset_hash) {
    return found(Code::dataset_matches);
  }
  return found(Code::dataset_differs, "the dataset given is " + *supplied_hash);
}

std::vector<Finding> check_signatures(const DecodedCertificate& decoded) {
  const Bytes signed_bytes =
      certificate::dsse_pae(certificate::in_toto_payload_type, decoded.statement_slice);
  const certificate::Run& run = decoded.statement.run;
  std::vector<Finding> findings;
  Sound sound;
  for (const certificate::Signature& signature : decoded.proof.signatures) {
    if (signature.algorithm == certificate::p256_algorithm) {
      if (auto fault = fault_of_p256(signature, run, signed_bytes)) {
        findings.push_back(*std::move(fault));
      } else if (std::exchange(sound.p256, true)) {
        findings.push_back(found(Code::second_signature_wrong, repeated));
      }
      continue;
    }
    // The format knows two algorithms; decoding refused any other.
    if (auto fault = fault_of_ed25519(signature, run, signed_bytes)) {
      findings.push_back(*std::move(fault));
    } else if (std::exchange(sound.ed25519, true)) {
      findings.push_back(found(Code::signature_wrong, repeated));
    } else if (sound.p256) {
      findings.push_back(found(Code::signature_wrong, behind));
    }
  }
  findings.push_back(found(sound.ed25519 ? Code::signature_ok : Code::signature_missing));
  if (run.signer_p256) {
    findings.push_back(
        found(sound.p256 ? Code::second_signature_ok : Code::second_signature_missing));
  }
  return findings;
}

std::vector<Finding> check_lifecycle(const DecodedCertificate& decoded) {
  const certificate::Run& run = decoded.statement.run;
  const certificate::Lifecycle& life = run.lifecycle;
  const std::array moments{life.dataset_loaded, life.execution_started, life.execution_completed,
                           life.dataset_deleted, life.sandbox_destroyed};
  std::vector<Finding> findings;
  findings.push_back(
      found(std::ranges::is_sorted(moments) ? Code::lifecycle_ok : Code::lifecycle_disordered));
  expect(decoded.proof.timestamp == life.sandbox_destroyed, Code::timestamp_differs, findings);
  const std::size_t before = findings.size();
  if (run.wipe.residue != 0) {
    findings.push_back(found(Code::wipe_residue, std::to_string(run.wipe.residue) + " left"));
  }
  const std::int64_t dataset_bytes = decoded.statement.claim.dataset_bytes;
  expect(run.wipe.bytes >= dataset_bytes && !(dataset_bytes > 0 && run.wipe.scanned.empty()),
         Code::wipe_incomplete, findings);
  if (findings.size() == before) {
    findings.push_back(found(Code::wipe_ok));
  }
  return findings;
}

}  // namespace mayfly::verifier
