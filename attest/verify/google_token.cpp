#include "attest/verify/google_token.hpp"

#include <algorithm>
#include <utility>

#include "attest/verify/collateral_json.hpp"
#include "base/text_encoding.hpp"

namespace mayfly::attest {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::size_t parts_count = 3;

std::unexpected<Error> malformed(const std::string& what) {
  return fail(ErrorCode::malformed, "not an attestation token of Google's: " + what);
}

struct Parts {
  std::array<std::string_view, parts_count> texts;
};

Result<Parts> split(std::string_view token) {
  Parts out;
  for (std::size_t i = 0; i < parts_count; ++i) {
    const std::size_t dot = token.find('.');
    const bool is_last = i + 1 == parts_count;
    if ((dot == std::string_view::npos) != is_last) {
      return malformed("it has another number of parts than three");
    }
    out.texts.at(i) = token.substr(0, dot);
    token.remove_prefix(is_last ? token.size() : dot + 1);
  }
  return out;
}

Result<std::string> owned_text(const JsonPart& object, std::string_view name) {
  TRY(const std::string_view text, object.text_of(name));
  return std::string(text);
}

Result<std::string> optional_text(const JsonPart& object, std::string_view name) {
  return object.find(name) ? owned_text(object, name) : Result<std::string>(std::string());
}

// One string, or a list of them.
Result<std::vector<std::string>> texts_of(const JsonPart& object, std::string_view name) {
  std::vector<std::string> out;
  const auto part = object.find(name);
  if (!part) {
    return out;
  }
  if (const auto single = part->text()) {
    out.emplace_back(*single);
    return out;
  }
  TRY(const std::vector<JsonPart> items, part->items());
  if (items.size() > google_token_texts_max) {
    return fail(ErrorCode::limit, "the claim " + std::string(name) + " has more than 16 values");
  }
  for (const JsonPart& item : items) {
    TRY(const std::string_view text, item.text());
    out.emplace_back(text);
  }
  return out;
}

Result<UnixMillis> time_of(const JsonPart& claims, std::string_view name) {
  TRY(const std::uint32_t seconds, claims.integer_of(name, 0xffffffff));
  return UnixMillis{static_cast<std::int64_t>(seconds) * second_ms};
}

Result<void> read_header(std::string_view encoded, ParsedGoogleToken& out) {
  TRY(const Bytes bytes, base64url_decode(encoded));
  TRY(const CollateralJson document, CollateralJson::parse(bytes, JsonText::escaped));
  const JsonPart header = document.root();
  TRY(const std::string_view algorithm, header.text_of("alg"));
  if (algorithm != "RS256") {
    return malformed("it is signed by another algorithm than RS256");
  }
  if (header.find("crit")) {
    return malformed("its header asks for an extension");
  }
  TRY(out.key_id, optional_text(header, "kid"));
  const auto chain = header.find("x5c");
  if (!chain) {
    return {};
  }
  TRY(const std::vector<JsonPart> certificates, chain->items());
  if (certificates.empty() || certificates.size() > google_token_certificates_max) {
    return fail(ErrorCode::limit, "a token has 1 to 8 certificates, or no list of them");
  }
  for (const JsonPart& certificate : certificates) {
    TRY(const std::string_view text, certificate.text());
    TRY(Bytes der, base64_decode(text));
    out.certificates.push_back(std::move(der));
  }
  return {};
}

Result<void> read_workload(const JsonPart& claims, ParsedGoogleToken& out) {
  const auto modules = claims.find("submods");
  const auto space = modules ? modules->find("confidential_space") : std::nullopt;
  if (space) {
    TRY(out.support, texts_of(*space, "support_attributes"));
  }
  const auto container = modules ? modules->find("container") : std::nullopt;
  if (container) {
    TRY(out.image_digest, optional_text(*container, "image_digest"));
    TRY(out.image_reference, optional_text(*container, "image_reference"));
  }
  return {};
}

Result<void> read_secure_boot(const JsonPart& claims, ParsedGoogleToken& out) {
  TRY(const JsonPart part, claims.member("secboot"));
  const std::string_view word = text_of(part.slice());
  if (word != "true" && word != "false") {
    return malformed("secboot is neither true nor false");
  }
  out.secure_boot = word == "true";
  return {};
}

Result<void> read_claims(std::string_view encoded, ParsedGoogleToken& out) {
  TRY(const Bytes bytes, base64url_decode(encoded));
  TRY(const CollateralJson document, CollateralJson::parse(bytes, JsonText::escaped));
  const JsonPart claims = document.root();
  TRY(out.issuer, owned_text(claims, "iss"));
  TRY(out.audience, owned_text(claims, "aud"));
  TRY(out.subject, owned_text(claims, "sub"));
  TRY(out.issued_at, time_of(claims, "iat"));
  TRY(out.not_before, time_of(claims, "nbf"));
  TRY(out.expires_at, time_of(claims, "exp"));
  TRY(out.hardware, owned_text(claims, "hwmodel"));
  TRY(out.software, owned_text(claims, "swname"));
  TRY(const std::vector<std::string> versions, texts_of(claims, "swversion"));
  out.software_version = versions.empty() ? std::string() : versions.front();
  TRY(out.debug_status, owned_text(claims, "dbgstat"));
  TRY(out.nonces, texts_of(claims, "eat_nonce"));
  CHECK_OK(read_secure_boot(claims, out));
  return read_workload(claims, out);
}

}  // namespace

Result<ParsedGoogleToken> parse_google_token(ByteView token) {
  if (token.size() > google_token_bytes_max) {
    return fail(ErrorCode::limit, "an attestation token has at most 64 KiB, this one has " +
                                      std::to_string(token.size()) + " bytes");
  }
  const std::string_view text = text_of(token);
  TRY(const Parts parts, split(text));
  ParsedGoogleToken out;
  CHECK_OK(read_header(parts.texts[0], out));
  CHECK_OK(read_claims(parts.texts[1], out));
  TRY(out.signature, base64url_decode(parts.texts[2]));
  out.signed_bytes = token.first(parts.texts[0].size() + 1 + parts.texts[1].size());
  return out;
}

}  // namespace mayfly::attest
