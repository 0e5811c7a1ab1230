#include "attest/verify/pck_chain.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "attest/model/simulated_root.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t chain_length = 3;
// Read a few more than are right, so that a long chain is named as such.
constexpr std::size_t chain_length_read_max = 8;

struct Chain {
  std::array<Bytes, chain_length> der;  // what `certificates` borrow from
  std::array<crypto::X509Certificate, chain_length> certificates;

  const crypto::X509Certificate& leaf() const { return certificates[0]; }
  const crypto::X509Certificate& authority() const { return certificates[1]; }
  const crypto::X509Certificate& root() const { return certificates[2]; }
};
constexpr std::array<std::string_view, chain_length> position_names{
    "the leaf certificate", "the intermediate certificate", "the root certificate"};

TdxFinding finding(TdxCheck check, Result<void> result) {
  if (result) {
    return {check, CheckOutcome::pass, ""};
  }
  return {check, CheckOutcome::fail, result.error().message()};
}

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::rejected, std::move(why));
}

Result<Chain> read_chain(ByteView chain_pem) {
  TRY(std::vector<Bytes> der, crypto::split_pem_chain(chain_pem, chain_length_read_max));
  if (der.size() != chain_length) {
    return refuse("the quote carries " + std::to_string(der.size()) +
                  " certificates, and must carry three: leaf, intermediate, root");
  }
  Chain chain;
  for (std::size_t i = 0; i < chain_length; ++i) {
    // Moving a vector keeps its buffer, so the views of a parsed certificate stay valid.
    chain.der[i] = std::move(der[i]);
    auto certificate = crypto::parse_x509(chain.der[i]);
    if (!certificate) {
      return std::unexpected(std::move(certificate).error().while_doing(position_names[i]));
    }
    chain.certificates[i] = std::move(*certificate);
  }
  return chain;
}

const TrustAnchor* find_anchor(const Chain& chain, std::span<const TrustAnchor> anchors) {
  const auto found = std::ranges::find_if(anchors, [&](const TrustAnchor& anchor) {
    return std::ranges::equal(anchor.root_certificate, chain.der[2]);
  });
  return found == anchors.end() ? nullptr : &*found;
}

Result<void> check_root(const TrustAnchor* anchor) {
  if (anchor == nullptr) {
    return refuse("the chain ends in a root certificate that is not one of the pinned roots");
  }
  return {};
}

// Intel's names, unless the root is a simulated one: then the simulated names and no others.
Result<void> check_names(const Chain& chain, const TrustAnchor* anchor) {
  const std::string_view leaf = chain.leaf().subject_common_name;
  const std::string_view authority = chain.authority().subject_common_name;
  const std::string_view root = chain.root().subject_common_name;
  const bool are_simulated = leaf == simulated_pck_name && authority == simulated_pck_ca_name &&
                             root == simulated_root_name;
  const bool are_intels =
      leaf == "Intel SGX PCK Certificate" &&
      (authority == "Intel SGX PCK Platform CA" || authority == "Intel SGX PCK Processor CA") &&
      root == "Intel SGX Root CA";
  const bool is_simulated = anchor != nullptr && anchor->kind == AnchorKind::simulated;
  if (is_simulated ? !are_simulated : !are_intels) {
    return refuse("the certificates do not bear the names of a PCK chain of this root");
  }
  return {};
}

Result<void> check_authority(const crypto::X509Certificate& certificate,
                             std::uint32_t authorities_below) {
  if (certificate.role != crypto::CertificateRole::certificate_authority) {
    return refuse("an issuing certificate is not marked as a certificate authority");
  }
  if (!certificate.key_usage || !certificate.key_usage->certificate_signing) {
    return refuse("an issuing certificate's key is not for signing certificates");
  }
  if (certificate.path_length_max && *certificate.path_length_max < authorities_below) {
    return refuse("an issuing certificate stands higher than its path length allows");
  }
  return {};
}

Result<void> check_constraints(const Chain& chain) {
  CHECK_OK(check_authority(chain.root(), /*authorities_below=*/1));
  CHECK_OK(check_authority(chain.authority(), /*authorities_below=*/0));
  if (chain.leaf().role != crypto::CertificateRole::end_entity) {
    return refuse("the leaf certificate is not marked as an end entity");
  }
  if (!chain.leaf().key_usage || !chain.leaf().key_usage->digital_signature) {
    return refuse("the leaf certificate's key is not for signatures");
  }
  return {};
}

Result<void> check_signatures(const Chain& chain) {
  // The root's own signature adds nothing: chain_root compares all of its bytes.
  CHECK_OK(crypto::verify_issued_by(chain.authority(), chain.root()));
  return crypto::verify_issued_by(chain.leaf(), chain.authority());
}

Result<void> check_validity(const Chain& chain, UnixMillis at) {
  std::string why;
  for (std::size_t i = 0; i < chain_length; ++i) {
    const crypto::X509Certificate& certificate = chain.certificates[i];
    if (certificate.is_valid_at(at)) {
      continue;
    }
    why += why.empty() ? "" : "; ";
    why += position_names[i];
    why += at < certificate.not_before
               ? " is not valid before " + to_rfc3339(certificate.not_before)
               : " is not valid after " + to_rfc3339(certificate.not_after);
  }
  if (!why.empty()) {
    return refuse(why + "; the quote is appraised as of " + to_rfc3339(at));
  }
  return {};
}

}  // namespace

PckChainAppraisal appraise_pck_chain(ByteView chain_pem, std::span<const TrustAnchor> anchors,
                                     UnixMillis at) {
  PckChainAppraisal out;
  const auto chain = read_chain(chain_pem);
  if (!chain) {
    out.findings.push_back(
        {TdxCheck::chain_certificates, CheckOutcome::fail, chain.error().message()});
    for (const TdxCheck check :
         {TdxCheck::chain_root, TdxCheck::chain_names, TdxCheck::chain_constraints,
          TdxCheck::chain_signatures, TdxCheck::chain_validity}) {
      out.findings.push_back(
          {check, CheckOutcome::not_evaluated, "there is no readable chain of certificates"});
    }
    return out;
  }
  const TrustAnchor* const anchor = find_anchor(*chain, anchors);
  out.findings = {
      {TdxCheck::chain_certificates, CheckOutcome::pass, ""},
      finding(TdxCheck::chain_root, check_root(anchor)),
      finding(TdxCheck::chain_names, check_names(*chain, anchor)),
      finding(TdxCheck::chain_constraints, check_constraints(*chain)),
      finding(TdxCheck::chain_signatures, check_signatures(*chain)),
      finding(TdxCheck::chain_validity, check_validity(*chain, at)),
  };
  out.leaf_public_key = chain->leaf().public_key;
  if (std::ranges::all_of(out.findings, [](const TdxFinding& each) {
        return each.outcome == CheckOutcome::pass;
      })) {
    out.anchor = anchor;
  }
  return out;
}

}  // namespace mayfly::attest
