#include "api/access.hpp"

#include <algorithm>
#include <array>

#include "base/ascii_case.hpp"
#include "base/text_encoding.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/random.hpp"

namespace mayfly::api {
namespace {

constexpr std::array scopes_in_order = {Scope::execute, Scope::read, Scope::admin, Scope::metrics};
constexpr std::string_view token_prefix = "mayfly_";
constexpr std::size_t id_digits = 16;
constexpr std::size_t secret_digits = 64;

struct TokenText {
  std::string_view id;
  std::string_view secret;
};

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<TokenText> parse_token(std::string_view text) {
  if (!text.starts_with(token_prefix)) return std::nullopt;
  text.remove_prefix(token_prefix.size());
  if (text.size() != id_digits + 1 + secret_digits || text[id_digits] != '_') return std::nullopt;
  const TokenText token{.id = text.substr(0, id_digits), .secret = text.substr(id_digits + 1)};
  if (!is_hex(token.id) || !is_hex(token.secret)) return std::nullopt;
  return token;
}

// "Bearer" in any case, white space, the token.
std::optional<TokenText> parse_authorization(std::string_view field) {
  constexpr std::string_view scheme = "bearer ";
  if (field.size() < scheme.size()) return std::nullopt;
  if (!same_without_case(field.substr(0, scheme.size()), scheme)) return std::nullopt;
  field.remove_prefix(scheme.size());
  field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
  return parse_token(field);
}

Problem not_a_token() {
  return {ProblemKind::unauthorized,
          "this token is not one that is valid here; mayfly token create makes one"};
}

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::execute: return "execute";
    case Scope::read: return "read";
    case Scope::admin: return "admin";
    case Scope::metrics: return "metrics";
  }
  return "";
}

Scopes Scopes::all() {
  Scopes scopes;
  for (const Scope scope : scopes_in_order) scopes.add(scope);
  return scopes;
}

Result<Scopes> Scopes::parse(std::string_view words) {
  Scopes scopes;
  for (bool more = true; more;) {
    const std::size_t space = words.find(' ');
    const auto scope = std::ranges::find(scopes_in_order, words.substr(0, space),
                                         [](Scope one) { return to_string(one); });
    if (scope == scopes_in_order.end()) {
      return fail(ErrorCode::malformed, "a scope is execute, read, admin or metrics");
    }
    scopes.add(*scope);
    more = space != std::string_view::npos;
    if (more) words.remove_prefix(space + 1);
  }
  return scopes;
}

std::string Scopes::to_text() const {
  std::string words;
  for (const Scope scope : scopes_in_order) {
    if (!has(scope)) continue;
    if (!words.empty()) words += ' ';
    words += to_string(scope);
  }
  return words;
}

Result<FreshToken> make_token(std::string_view tenant, Scopes scopes, UnixMillis now,
                              std::optional<UnixMillis> expires_at) {
  const bool is_name =
      !tenant.empty() && tenant.size() <= tenant_bytes_max &&
      tenant.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
  if (!is_name) {
    return fail(ErrorCode::malformed, "a tenant is 1 to " + std::to_string(tenant_bytes_max) +
                                          " of a-z, 0-9, '.', '_' and '-'");
  }
  std::array<std::uint8_t, id_digits / 2> id{};
  std::array<std::uint8_t, secret_digits / 2> secret{};
  crypto::fill_random(id);
  crypto::fill_random(secret);
  const std::string secret_text = hex_encode(secret);
  FreshToken token{.row = {.token_id = hex_encode(id),
                           .tenant = std::string(tenant),
                           .scopes = scopes.to_text(),
                           .secret_hash = crypto::sha256(bytes_of(secret_text)),
                           .created_at = now,
                           .expires_at = expires_at},
                   .text = {}};
  token.text = std::string(token_prefix) + token.row.token_id + "_" + secret_text;
  return token;
}

Result<bool> Access::is_open() const {
  if (tokens_ == nullptr) return true;
  if (closed_) return false;
  TRY(const bool any, tokens_->any());
  if (any) closed_ = true;
  return !any;
}

std::expected<Caller, Problem> Access::caller(std::string_view authorization,
                                              UnixMillis now) const {
  const auto open = is_open();
  if (!open) return std::unexpected(problem_of(open.error()));
  if (*open) return Caller{.tenant = {}, .token_id = {}, .scopes = Scopes::all()};
  if (authorization.empty()) return Caller{};
  const auto presented = parse_authorization(authorization);
  if (!presented) return std::unexpected(not_a_token());
  const auto row = tokens_->find(presented->id);
  if (!row) return std::unexpected(problem_of(row.error()));
  // A token that does not exist takes as long as one with a wrong secret.
  const crypto::Sha256 hash = crypto::sha256(bytes_of(presented->secret));
  const crypto::Sha256 wanted = *row ? (*row)->secret_hash : crypto::Sha256{};
  const bool right = crypto::equal_in_constant_time(hash.view(), wanted.view());
  if (!right || !*row || (*row)->revoked_at || ((*row)->expires_at && *(*row)->expires_at <= now)) {
    return std::unexpected(not_a_token());
  }
  const auto scopes = Scopes::parse((*row)->scopes);
  if (!scopes) return std::unexpected(problem_of(scopes.error()));
  return Caller{.tenant = (*row)->tenant, .token_id = (*row)->token_id, .scopes = *scopes};
}

std::expected<void, Problem> require(const Caller& caller, Scope scope) {
  if (caller.scopes.has(scope)) return {};
  if (caller.token_id.empty()) {
    return std::unexpected(Problem{ProblemKind::unauthorized,
                                   "this needs a token: send Authorization: Bearer mayfly_..."});
  }
  return std::unexpected(Problem{ProblemKind::forbidden, "your token does not have the scope " +
                                                             std::string(to_string(scope))});
}

}  // namespace mayfly::api
