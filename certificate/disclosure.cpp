#include "certificate/disclosure.hpp"

#include <algorithm>
#include <utility>

#include "certificate/canonical_json.hpp"
#include "certificate/other_proof.hpp"

namespace mayfly::certificate {

std::string_view kind_of_event(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kinds{{
      {"bind", "network"},
      {"connect", "network"},
      {"exec", "executions"},
      {"exec-denied", "executions"},
      {"exec-failed", "executions"},
      {"exit", "executions"},
      {"llm", "llm"},
      {"refused-call", "executions"},
      {"send", "network"},
  }};
  const auto found = std::ranges::find(kinds, word, [](const auto& row) { return row.first; });
  return found == kinds.end() ? "files" : found->second;
}

bool may_withhold(const Claim& claim, std::string_view what) {
  return std::ranges::find(claim.withhold, what) != claim.withhold.end();
}

Bytes result_salt(const Sha256& disclosure_key) {
  const Sha256 salt = crypto::hmac_sha256(disclosure_key.view(), bytes_of("mayfly/result-salt/v1"));
  return {salt.bytes.begin(), salt.bytes.end()};
}

Sha256 result_commitment(ByteView salt, ByteView result) {
  crypto::Sha256Hasher hasher;
  hasher.update(bytes_of("mayfly/result/v1\n"));
  hasher.update(salt);
  hasher.update(result);
  return std::move(hasher).finish();
}

std::optional<std::string> value_of(const ShownResult& result) {
  auto value = canonicalize(result.bytes, TopLevel::container, result_value_bounds);
  if (!value) return std::nullopt;
  return *std::move(value);
}

Result<Bytes> with_disclosure(const DecodedCertificate& certificate,
                              std::optional<Disclosure> disclosure) {
  Proof proof = certificate.proof;
  if (disclosure && !disclosure->result && !disclosure->trace) disclosure.reset();
  proof.disclosure = std::move(disclosure);
  auto bytes = with_proof(certificate, proof);
  if (bytes || bytes.error().code() != ErrorCode::limit) return bytes;
  return fail(ErrorCode::limit,
              "a certificate has no room for so much: show less (" + bytes.error().message() + ")");
}

}  // namespace mayfly::certificate
