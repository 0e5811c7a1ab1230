// Who asks, and what they may: bearer tokens, each for one tenant, with scopes.
//
// Source    RFC 6750 (bearer tokens), sections 2.1 and 3.
// Shapes    A token is "mayfly_", 16 hex digits that name it, "_" and 64 that are its secret. Of
//           the secret only a SHA-256 is kept; it has 256 random bits, so that nothing slower is
//           needed. As long as no token was ever made, everybody on this machine may do everything.
// Errors    A Problem: unauthorized (not a token, unknown, expired, revoked: which is not told),
//           forbidden (not in its scopes), unavailable.
// Threads   Any number.
#pragma once
#include <atomic>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/token_store.hpp"

namespace mayfly::api {

enum class Scope : std::uint8_t { execute, read, admin, metrics };
std::string_view to_string(Scope scope);

class Scopes {
 public:
  Scopes() = default;
  static Scopes all();
  // malformed: a word that is no scope, or none at all.
  static Result<Scopes> parse(std::string_view words);

  void add(Scope scope) { bits_ |= 1U << static_cast<unsigned>(scope); }
  bool has(Scope scope) const { return (bits_ >> static_cast<unsigned>(scope) & 1U) != 0; }
  std::string to_text() const;

 private:
  unsigned bits_ = 0;
};

struct Caller {
  std::string tenant;    // empty: nobody in particular
  std::string token_id;  // empty: without a token
  Scopes scopes;
};

struct FreshToken {
  store::TokenRow row;
  std::string text;  // shown once, to the one it is for
};
inline constexpr std::size_t tenant_bytes_max = 64;
// malformed: a tenant that is not 1 to tenant_bytes_max of a-z 0-9 . _ -
Result<FreshToken> make_token(std::string_view tenant, Scopes scopes, UnixMillis now,
                              std::optional<UnixMillis> expires_at);

class Access {
 public:
  // Null: there are no tokens, and never will be.
  explicit Access(const store::TokenStore* tokens) : tokens_(tokens) {}

  // `authorization`: the field of that name, empty if absent. Without a token everything that is
  // public may be read, and as long as there are none at all, everything be done.
  std::expected<Caller, Problem> caller(std::string_view authorization, UnixMillis now) const;
  Result<bool> is_open() const;

 private:
  const store::TokenStore* tokens_;
  mutable std::atomic<bool> closed_ = false;  // once there was a token, there always was one
};

// unauthorized without a token, forbidden with one that does not allow it.
std::expected<void, Problem> require(const Caller& caller, Scope scope);

}  // namespace mayfly::api
