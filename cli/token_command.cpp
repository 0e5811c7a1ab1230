// `mayfly token`: who may ask the HTTP service for what.
#include <memory>

#include "api/access.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/json_text.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"
#include "cli/quantities.hpp"
#include "cli/workshop.hpp"
#include "store/audit_log.hpp"

namespace mayfly::cli {
namespace {

constexpr std::string_view actor = "command line";

struct TokenOptions {
  std::string tenant;
  std::vector<std::string> scopes;
  std::string expires;
};

Result<int> create_token(const TokenOptions& options) {
  std::string words;
  for (const std::string& scope : options.scopes) words += (words.empty() ? "" : " ") + scope;
  TRY(const api::Scopes scopes, api::Scopes::parse(words));
  const UnixMillis now = system_clock_now();
  std::optional<UnixMillis> expires_at;
  if (!options.expires.empty()) {
    auto lifetime_ms = parse_duration_ms(options.expires);
    if (!lifetime_ms) {
      return std::unexpected(std::move(lifetime_ms).error().while_doing("--expires"));
    }
    expires_at = UnixMillis{now.value + *lifetime_ms};
  }
  TRY(const api::FreshToken token, api::make_token(options.tenant, scopes, now, expires_at));
  TRY(const store::ServiceDatabase database, open_service_database());
  CHECK_OK(store::TokenStore(database).add(token.row));
  CHECK_OK(store::AuditLog(database).append({.at = now,
                                             .actor = std::string(actor),
                                             .action = "token.create",
                                             .subject = token.row.token_id}));
  print("{}\n", token.text);
  say("for {}: {}. It is shown this once; only a hash of it is kept\n", token.row.tenant,
      token.row.scopes);
  return to_int(ExitCode::ok);
}

std::string_view state_of(const store::TokenRow& token, UnixMillis now) {
  if (token.revoked_at) return "revoked";
  return token.expires_at && *token.expires_at <= now ? "expired" : "valid";
}

enum class TokenForm : std::uint8_t { text, json };

Result<int> list(TokenForm form) {
  TRY(const store::ServiceDatabase database, open_service_database());
  TRY(const auto tokens, store::TokenStore(database).list());
  const UnixMillis now = system_clock_now();
  for (const store::TokenRow& token : tokens) {
    const std::string_view state = state_of(token, now);
    const std::string expires = token.expires_at ? to_rfc3339(*token.expires_at) : "never";
    if (form == TokenForm::text) {
      print("{}  {:<7}  {:<16}  {:<20}  made {}  expires {}\n", token.token_id, state, token.tenant,
            token.scopes, to_rfc3339(token.created_at), expires);
      continue;
    }
    print(
        "{{\"created_at\":{},\"expires_at\":{},\"scopes\":{},\"state\":{},\"tenant\":{},"
        "\"token_id\":{}}}\n",
        json_text(to_rfc3339(token.created_at)),
        token.expires_at ? json_text(expires) : std::string("null"), json_text(token.scopes),
        json_text(state), json_text(token.tenant), json_text(token.token_id));
  }
  return to_int(ExitCode::ok);
}

Result<int> revoke(const std::string& token_id) {
  TRY(const store::ServiceDatabase database, open_service_database());
  const UnixMillis now = system_clock_now();
  TRY(const bool revoked, store::TokenStore(database).revoke(token_id, now));
  if (!revoked) {
    return fail(ErrorCode::malformed,
                "no valid token has the id \"" + token_id + "\": see mayfly token list");
  }
  CHECK_OK(store::AuditLog(database).append(
      {.at = now, .actor = std::string(actor), .action = "token.revoke", .subject = token_id}));
  say("revoked: a running server refuses it from now on\n");
  return to_int(ExitCode::ok);
}

}  // namespace

void add_token(Verb program, Action& chosen) {
  Verb verb = program.add_verb("token", "who may ask the HTTP service for what");
  verb.needs_verb();

  Verb create_verb = verb.add_verb("create", "make a token and print it, once");
  auto options = std::make_shared<TokenOptions>();
  create_verb.add_option("--tenant", options->tenant, "whom it stands for: a name of your choice")
      .required();
  create_verb
      .add_option("--scope", options->scopes,
                  "execute, read, admin or metrics; may be given several times")
      .required()
      .one_value_each();
  create_verb
      .add_option("--expires", options->expires, "how long it is valid; for ever if not given")
      .type_name("TIME");
  create_verb.footer("Example:\n  mayfly token create --tenant lab --scope execute --expires 720h");
  choose(create_verb, chosen, [options] { return create_token(*options); });

  Verb list_verb = verb.add_verb("list", "the tokens there are, without their secrets");
  auto as_json = std::make_shared<bool>(false);
  list_verb.add_flag("--json", *as_json, "one object a line");
  choose(list_verb, chosen,
         [as_json] { return list(*as_json ? TokenForm::json : TokenForm::text); });

  Verb revoke_verb = verb.add_verb("revoke", "make a token useless");
  auto id = std::make_shared<std::string>();
  revoke_verb.add_option("ID", *id, "as mayfly token list shows it").required();
  choose(revoke_verb, chosen, [id] { return revoke(*id); });
}

}  // namespace mayfly::cli
