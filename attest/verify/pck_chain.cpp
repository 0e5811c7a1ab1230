#include "attest/verify/pck_chain.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "attest/model/simulated_root.hpp"
#include "attest/model/tdx_layout.hpp"
#include "attest/verify/refuse.hpp"
#include "attest/verify/tdx_finding.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509_key_identifier.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t pck_chain_length = 3;
// Read a few more than are right, so that a long chain is named as such.
constexpr std::size_t chain_length_read_max = 8;

struct PckChain {
  HeldCertificate leaf;
  SharedPckIssuers issuers;

  const crypto::X509Certificate& authority() const { return issuers->authority.parsed; }
  const crypto::X509Certificate& root() const { return issuers->root.parsed; }
};

Result<HeldCertificate> read_named(Bytes der, std::string_view name) {
  auto certificate = HeldCertificate::read(std::move(der));
  if (!certificate) {
    return std::unexpected(std::move(certificate).error().while_doing(name));
  }
  return certificate;
}

Result<SharedPckIssuers> read_issuers(Bytes authority_der, Bytes root_der,
                                      const SharedPckIssuers& known) {
  if (known && known->authority.der == authority_der && known->root.der == root_der) {
    return known;
  }
  TRY(HeldCertificate authority,
      read_named(std::move(authority_der), "the intermediate certificate"));
  TRY(HeldCertificate root, read_named(std::move(root_der), "the root certificate"));
  Result<void> signature = crypto::verify_issued_by(authority.parsed, root.parsed);
  return std::make_shared<const PckIssuers>(
      PckIssuers{std::move(authority), std::move(root), std::move(signature)});
}

Result<PckChain> read_chain(ByteView chain_pem, const SharedPckIssuers& known) {
  TRY(std::vector<Bytes> der, crypto::split_pem_chain(chain_pem, chain_length_read_max));
  if (der.size() != pck_chain_length) {
    return refuse("the quote carries " + std::to_string(der.size()) +
                  " certificates, and must carry three: leaf, intermediate, root");
  }
  TRY(HeldCertificate leaf, read_named(std::move(der[0]), "the leaf certificate"));
  TRY(SharedPckIssuers issuers, read_issuers(std::move(der[1]), std::move(der[2]), known));
  return PckChain{std::move(leaf), std::move(issuers)};
}

Result<void> check_root(const TrustAnchor* anchor) {
  if (anchor == nullptr) {
    return refuse("the chain ends in a root certificate that is not one of the pinned roots");
  }
  return {};
}

bool is_simulated(const TrustAnchor* anchor) {
  return anchor != nullptr && anchor->kind == AnchorKind::simulated;
}

// Intel's names, unless the root is a simulated one: then the simulated names and no others.
Result<void> check_names(const PckChain& chain, const TrustAnchor* anchor) {
  const std::string_view leaf = chain.leaf.parsed.subject_common_name;
  const std::string_view authority = chain.authority().subject_common_name;
  const std::string_view root = chain.root().subject_common_name;
  const bool are_simulated = leaf == simulated_pck_name && authority == simulated_pck_ca_name &&
                             root == simulated_root_name;
  const bool are_intels =
      leaf == "Intel SGX PCK Certificate" &&
      (authority == "Intel SGX PCK Platform CA" || authority == "Intel SGX PCK Processor CA") &&
      root == "Intel SGX Root CA";
  if (is_simulated(anchor) ? !are_simulated : !are_intels) {
    return refuse("the certificates do not bear the names of a PCK chain of this root");
  }
  return {};
}

Result<void> check_constraints(const PckChain& chain) {
  CHECK_OK(check_issuing_certificate(chain.root(), /*authorities_below=*/1));
  CHECK_OK(check_issuing_certificate(chain.authority(), /*authorities_below=*/0));
  return check_end_certificate(chain.leaf.parsed);
}

Result<void> check_signatures(const PckChain& chain) {
  // The root's own signature adds nothing: chain_root compares all of its bytes.
  if (!chain.issuers->authority_signature) {
    return chain.issuers->authority_signature;
  }
  CHECK_OK(crypto::check_key_identifiers(chain.authority().extensions, chain.root().extensions));
  CHECK_OK(
      crypto::check_key_identifiers(chain.leaf.parsed.extensions, chain.authority().extensions));
  return crypto::verify_issued_by(chain.leaf.parsed, chain.authority());
}

Result<void> check_validity(const PckChain& chain, UnixMillis at) {
  const std::array<std::pair<std::string_view, const crypto::X509Certificate*>, pck_chain_length>
      all{{{"the leaf certificate", &chain.leaf.parsed},
           {"the intermediate certificate", &chain.authority()},
           {"the root certificate", &chain.root()}}};
  std::string why;
  for (const auto& [name, certificate] : all) {
    const std::string one =
        not_valid_at({name, certificate->not_before, certificate->not_after}, at);
    why += why.empty() || one.empty() ? one : "; " + one;
  }
  if (!why.empty()) {
    return refuse(why + "; the quote is appraised as of " + to_rfc3339(at));
  }
  return {};
}

TdxFinding read_platform(const PckChain& chain, const TrustAnchor* anchor, PckChainAppraisal& out) {
  const auto extension =
      crypto::find_extension(chain.leaf.parsed, tdx_layout::pck_extension_identifier);
  if (is_simulated(anchor)) {
    return {TdxCheck::pck_extension, CheckOutcome::not_asked, "a simulated platform has none"};
  }
  if (anchor == nullptr) {
    return not_evaluated(TdxCheck::pck_extension, "nobody that is trusted issued the certificate");
  }
  if (!extension) {
    return {TdxCheck::pck_extension, CheckOutcome::fail,
            "the leaf certificate does not say which platform it is for"};
  }
  auto platform = parse_pck_extension(*extension);
  if (!platform) {
    return {TdxCheck::pck_extension, CheckOutcome::fail, platform.error().message()};
  }
  out.platform = *platform;
  return {TdxCheck::pck_extension, CheckOutcome::pass, ""};
}

PckChainAppraisal unreadable(std::string why) {
  PckChainAppraisal out;
  out.findings.push_back({TdxCheck::chain_certificates, CheckOutcome::fail, std::move(why)});
  for (const TdxCheck check :
       {TdxCheck::chain_root, TdxCheck::chain_names, TdxCheck::chain_constraints,
        TdxCheck::chain_signatures, TdxCheck::chain_validity, TdxCheck::pck_extension}) {
    out.findings.push_back(not_evaluated(check, "there is no readable chain of certificates"));
  }
  return out;
}

}  // namespace

Result<HeldCertificate> HeldCertificate::read(Bytes der) {
  HeldCertificate out;
  out.der = std::move(der);
  TRY(out.parsed, crypto::parse_x509(out.der));
  return out;
}

const TrustAnchor* find_anchor(ByteView root_der, std::span<const TrustAnchor> anchors) {
  const auto found = std::ranges::find_if(anchors, [root_der](const TrustAnchor& anchor) {
    return std::ranges::equal(anchor.root_certificate, root_der);
  });
  return found == anchors.end() ? nullptr : &*found;
}

Result<void> check_issuing_certificate(const crypto::X509Certificate& certificate,
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

Result<void> check_end_certificate(const crypto::X509Certificate& certificate) {
  if (certificate.role != crypto::CertificateRole::end_entity) {
    return refuse("the leaf certificate is not marked as an end entity");
  }
  if (!certificate.key_usage || !certificate.key_usage->digital_signature) {
    return refuse("the leaf certificate's key is not for signatures");
  }
  return {};
}

PckChainAppraisal appraise_pck_chain(ByteView chain_pem, std::span<const TrustAnchor> anchors,
                                     UnixMillis at, const SharedPckIssuers& known) {
  auto chain = read_chain(chain_pem, known);
  if (!chain) {
    return unreadable(chain.error().message());
  }
  PckChainAppraisal out;
  out.anchor = find_anchor(chain->issuers->root.der, anchors);
  const TdxFinding platform = read_platform(*chain, out.anchor, out);
  out.findings = {
      {TdxCheck::chain_certificates, CheckOutcome::pass, ""},
      pass_or_fail(TdxCheck::chain_root, check_root(out.anchor)),
      pass_or_fail(TdxCheck::chain_names, check_names(*chain, out.anchor)),
      pass_or_fail(TdxCheck::chain_constraints, check_constraints(*chain)),
      pass_or_fail(TdxCheck::chain_signatures, check_signatures(*chain)),
      pass_or_fail(TdxCheck::chain_validity, check_validity(*chain, at)),
      platform,
  };
  out.is_authentic = std::ranges::none_of(out.findings, [](const TdxFinding& each) {
    return each.outcome == CheckOutcome::fail && each.check != TdxCheck::chain_validity;
  });
  out.is_valid = out.is_authentic && std::ranges::none_of(out.findings, [](const auto& each) {
                   return each.outcome == CheckOutcome::fail;
                 });
  out.leaf = std::move(chain->leaf);
  out.issuers = std::move(chain->issuers);
  return out;
}

}  // namespace mayfly::attest
