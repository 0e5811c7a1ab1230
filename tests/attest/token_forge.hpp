// Makes whole, correctly signed attestation tokens under a stand-in for Google, every part of which
// a test may change first. What it makes with nothing changed is accepted; so a refusal is due to
// the change.
#pragma once
#include <string>
#include <vector>

#include "attest/verify/google_token_verify.hpp"
#include "base/bytes.hpp"

namespace mayfly::attest {

inline constexpr UnixMillis token_forge_now{1772366400000};  // 2026-03-01T12:00:00Z

struct TokenForge {
  TokenForge();

  std::string token() const;                          // PKI
  std::string oidc_token() const;                     // no chain in it
  std::string sign(const std::string& header) const;  // over these claims
  GoogleTokenKey key() const;                         // of the leaf, as Google's list has it
  GoogleTokenPolicy policy() const;
  GoogleTokenAppraisal appraise(const GoogleTokenPolicy& policy) const;
  GoogleTokenAppraisal appraise() const { return appraise(policy()); }

  std::vector<Bytes> chain;  // DER: leaf, authority, root
  std::string nonce = std::string(64, 'a');
  // Claims by name, as JSON; written in this order.
  std::vector<std::pair<std::string, std::string>> claims;
  void set(const std::string& name, const std::string& json);
  void remove(const std::string& name);
};

std::vector<std::string> failed_checks(const GoogleTokenAppraisal& appraisal);

}  // namespace mayfly::attest
