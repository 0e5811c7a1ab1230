#include "certificate/field_rules.hpp"

#include <algorithm>
#include <initializer_list>

#include "certificate/assertions.hpp"
#include "certificate/ids.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {
namespace {

using Text = std::string_view;

constexpr Text hex_digits = "0123456789abcdef";
constexpr Text lower_case = "abcdefghijklmnopqrstuvwxyz";

bool is_one_of(Text text, std::initializer_list<Text> words) {
  return std::ranges::find(words, text) != words.end();
}
bool consists_of(Text text, Text characters) {
  return text.find_first_not_of(characters) == Text::npos;
}
// `tag` and then that many hex digits.
bool is_tagged_hex(Text text, Text tag, std::size_t digits) {
  return text.starts_with(tag) && text.size() == tag.size() + digits &&
         consists_of(text.substr(tag.size()), hex_digits);
}
bool is_keyed_hash(Text text) {
  return is_tagged_hex(text, "hmac-sha256:", 64);
}
bool is_plain_hash(Text text) {
  return is_tagged_hex(text, "sha256:", 64);
}
bool is_word(Text text) {
  return !text.empty() && consists_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_.+:-");
}
bool is_member(Text text) {
  return !text.empty() && lower_case.find(text[0]) != Text::npos &&
         consists_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}
bool is_limit_status(Text text) {
  return text.starts_with("limit_") && is_member(text.substr(6));
}

}  // namespace

Result<void> check_text(const TextRule& rule, std::string_view text) {
  if (text.size() > rule.bytes_max) {
    return fail(ErrorCode::limit, "must have at most " + std::to_string(rule.bytes_max) +
                                      " bytes, has " + std::to_string(text.size()));
  }
  if (!rule.holds(text)) return fail(ErrorCode::malformed, std::string(rule.expectation));
  return {};
}

namespace rules {

constinit const TextRule any_text = {[](Text) { return true; }, "must be text"};
constinit const TextRule argument = {[](Text) { return true; }, "must be text", argument_bytes_max};
constinit const TextRule name = {[](Text text) { return !text.empty(); }, "must not be empty"};
constinit const TextRule word = {is_word, "must be one word of a-z, 0-9 and _ . + : -",
                                 word_bytes_max};
constinit const TextRule member = {
    is_member, "must be a name of a-z, 0-9 and _ that starts with a letter", word_bytes_max};
constinit const TextRule environment_entry = {
    [](Text text) { return text.find('=') != Text::npos && text[0] != '='; }, "must be NAME=value",
    argument_bytes_max};
constinit const TextRule dataset_hash = {
    [](Text text) { return text == "none" || is_plain_hash(text) || is_keyed_hash(text); },
    "must be \"sha256:\" or \"hmac-sha256:\" and 64 hex digits, or \"none\""};
constinit const TextRule keyed_hash = {is_keyed_hash, "must be \"hmac-sha256:\" and 64 hex digits"};
constinit const TextRule claim_hash = {is_plain_hash, "must be \"sha256:\" and 64 hex digits"};
constinit const TextRule certificate_id = {
    [](Text text) { return check_certificate_id(text).has_value(); },
    "must be \"cert_\" and 64 hex digits"};
constinit const TextRule run_id = {[](Text text) { return is_tagged_hex(text, "run_", 32); },
                                   "must be \"run_\" and 32 hex digits"};
constinit const TextRule determinism = {
    [](Text text) { return is_one_of(text, {"deterministic", "seeded", "external"}); },
    "must be \"deterministic\", \"seeded\" or \"external\""};
constinit const TextRule comparison = {
    [](Text text) { return is_one_of(text, {"==", "!=", "<", "<=", ">", ">="}); },
    "must be one of == != < <= > >="};
constinit const TextRule decimal = {is_canonical_decimal,
                                    "must be a plain decimal such as \"0.95\"", decimal_bytes_max};
constinit const TextRule result_path = {
    is_result_path, "must be a dotted path such as \"metrics.accuracy\"", result_path_bytes_max};
constinit const TextRule verdict = {
    [](Text text) { return is_one_of(text, {"true", "false", "unknown"}); },
    "must be \"true\", \"false\" or \"unknown\""};
constinit const TextRule status = {
    [](Text text) {
      return is_one_of(text, {"succeeded", "failed", "signalled", "timed_out", "denied",
                              "not_started"}) ||
             is_limit_status(text);
    },
    "must be \"succeeded\", \"failed\", \"signalled\", \"timed_out\", \"denied\", "
    "\"not_started\" or \"limit_...\"",
    word_bytes_max};
constinit const TextRule media_type = {
    [](Text text) {
      return is_one_of(
          text, {"application/json", "text/plain; charset=utf-8", "application/octet-stream"});
    },
    "must be \"application/json\", \"text/plain; charset=utf-8\" or "
    "\"application/octet-stream\""};
constinit const TextRule file_operation = {
    [](Text text) { return is_one_of(text, {"read", "write", "create", "remove", "denied"}); },
    "must be \"read\", \"write\", \"create\", \"remove\" or \"denied\""};
constinit const TextRule dataset_access = {
    [](Text text) { return is_one_of(text, {"none", "read"}); }, "must be \"none\" or \"read\""};
constinit const TextRule network_verdict = {
    [](Text text) { return is_one_of(text, {"denied", "allowed"}); },
    "must be \"denied\" or \"allowed\""};
constinit const TextRule withholdable = {
    [](Text text) { return is_one_of(text, {"executions", "files", "llm", "network", "result"}); },
    "must be one of executions, files, llm, network and result"};
constinit const TextRule coverage = {
    [](Text text) { return is_one_of(text, {"complete", "not-recorded", "blocked"}); },
    "must be \"complete\", \"not-recorded\" or \"blocked\""};
constinit const TextRule verifier_key = {[](Text text) { return text.find('+') != Text::npos; },
                                         "must be a verifier key, <name>+<id>+<key>",
                                         verifier_key_bytes_max};
constinit const TextRule log_proof = {
    [](Text text) { return text.starts_with("c2sp.org/tlog-proof@v1\n"); },
    "must be a c2sp.org/tlog-proof@v1", log_proof_text_bytes_max};
constinit const TextRule algorithm = {
    [](Text text) { return is_one_of(text, {ed25519_algorithm, p256_algorithm}); },
    "must be \"ed25519\" or \"ecdsa-p256-sha256\""};

}  // namespace rules
}  // namespace mayfly::certificate
