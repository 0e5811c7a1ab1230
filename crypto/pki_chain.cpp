#include "crypto/pki_chain.hpp"

#include <algorithm>
#include <string>

namespace mayfly::crypto {
namespace {

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::rejected, std::move(why));
}

std::string position(std::size_t index, std::size_t count) {
  if (index == 0) return "the leaf certificate";
  if (index + 1 == count) return "the root certificate";
  return "certificate " + std::to_string(index + 1) + " of " + std::to_string(count);
}

Result<void> check_anchor(std::span<const PkiCertificate> chain,
                          std::span<const ByteView> anchors) {
  if (chain.size() < 2) {
    return refuse("there is no root certificate after the leaf");
  }
  const bool is_pinned = std::ranges::any_of(
      anchors, [&](ByteView anchor) { return std::ranges::equal(anchor, chain.back().der()); });
  if (!is_pinned) {
    return refuse("the chain does not end in a pinned root");
  }
  return {};
}

Result<void> check_names(std::span<const PkiCertificate> chain) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].issuer() != chain[i + 1].subject()) {
      return refuse(position(i, chain.size()) + " names another issuer than the next one's name");
    }
  }
  return {};
}

Result<void> check_constraints(std::span<const PkiCertificate> chain) {
  if (chain.front().is_authority()) {
    return refuse("the leaf certificate is an authority's");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const PkiCertificate& issuer = chain[i];
    if (!issuer.is_authority() || !issuer.may_sign_certificates()) {
      return refuse(position(i, chain.size()) + " may not sign certificates");
    }
    // i - 1 intermediates lie between it and the leaf.
    if (issuer.path_length_max() && *issuer.path_length_max() < i - 1) {
      return refuse(position(i, chain.size()) + " does not allow so long a chain");
    }
  }
  return {};
}

Result<void> check_signatures(std::span<const PkiCertificate> chain) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (!chain[i].verify_signature_of(chain[i + 1])) {
      return refuse(position(i, chain.size()) + " is not signed by the next one's key");
    }
  }
  return {};
}

Result<void> check_validity(std::span<const PkiCertificate> chain, UnixMillis at) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (!chain[i].is_valid_at(at)) {
      return refuse(position(i, chain.size()) + " is valid from " +
                    to_rfc3339(chain[i].not_before()) + " to " + to_rfc3339(chain[i].not_after()) +
                    ", not at " + to_rfc3339(at));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<PkiCertificate>> read_pki_chain(std::span<const Bytes> der) {
  if (der.empty()) {
    return fail(ErrorCode::malformed, "there is no certificate");
  }
  if (der.size() > pki_chain_length_max) {
    return fail(ErrorCode::limit,
                "a chain has at most 8 certificates, this one has " + std::to_string(der.size()));
  }
  std::vector<PkiCertificate> chain;
  for (std::size_t i = 0; i < der.size(); ++i) {
    auto certificate = PkiCertificate::parse(der[i]);
    if (!certificate) {
      return std::unexpected(
          std::move(certificate).error().while_doing("reading " + position(i, der.size())));
    }
    chain.push_back(std::move(*certificate));
  }
  return chain;
}

PkiChainReport check_pki_chain(std::span<const PkiCertificate> chain,
                               std::span<const ByteView> anchors, UnixMillis at) {
  if (chain.empty()) {
    const Result<void> none = refuse("there is no certificate");
    return {none, none, none, none, none};
  }
  return {.anchored = check_anchor(chain, anchors),
          .names = check_names(chain),
          .constraints = check_constraints(chain),
          .signatures = check_signatures(chain),
          .validity = check_validity(chain, at)};
}

}  // namespace mayfly::crypto
