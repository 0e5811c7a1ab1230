// `mayfly certificates`: what the local store holds.
#include <memory>

#include "api/query.hpp"
#include "certificate/decode.hpp"
#include "certificate/field_rules.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/json_text.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"
#include "cli/store_care_command.hpp"
#include "cli/timestamp_command.hpp"

namespace mayfly::cli {
namespace {

struct SearchOptions {
  std::string claim_hash;
  std::string dataset_hash;
  std::string sandbox_hash;
  std::string status;
  std::string cursor;
  std::size_t limit = 50;
  bool json = false;
};

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void print_row(const store::CertificateRow& row) {
  print("{}  {:<10} {}  {}\n", to_rfc3339(row.issued_at), row.status,
        row.certificate_id.substr(0, 5 + 16), row.claim_hash.substr(0, 7 + 16));
}

void print_row_json(const store::CertificateRow& row) {
  print(
      "{{\"certificate_id\":{},\"claim_hash\":{},\"dataset_hash\":{},\"issued_at\":{},"
      "\"sandbox_hash\":{},\"status\":{},\"tee\":{}}}\n",
      json_text(row.certificate_id), json_text(row.claim_hash), json_text(row.dataset_hash),
      json_text(to_rfc3339(row.issued_at)), json_text(row.sandbox_hash), json_text(row.status),
      json_text(row.tee));
}

Result<void> check_hash(std::string_view option, const std::string& text) {
  if (text.empty() || api::is_sha256_text(text)) return {};
  return fail(ErrorCode::malformed, std::string(option) + ": \"" + text +
                                        "\" is not \"sha256:\" and 64 lower-case hex digits");
}

// A value that no certificate can have finds nothing, and that would read as an answer.
Result<void> check_values(const SearchOptions& options) {
  CHECK_OK(check_hash("--claim", options.claim_hash));
  CHECK_OK(check_hash("--sandbox", options.sandbox_hash));
  if (options.dataset_hash != "none") CHECK_OK(check_hash("--dataset", options.dataset_hash));
  if (options.status.empty()) return {};
  auto known = certificate::check_text(certificate::rules::status, options.status);
  if (!known) return std::unexpected(std::move(known).error().while_doing("--status"));
  return {};
}

Result<int> search(const SearchOptions& options) {
  CHECK_OK(check_values(options));
  TRY(const store::Store store, open_store());
  store::Query query;
  query.claim_hash = given(options.claim_hash);
  query.dataset_hash = given(options.dataset_hash);
  query.sandbox_hash = given(options.sandbox_hash);
  query.status = given(options.status);
  query.cursor = given(options.cursor);
  query.limit = options.limit;
  TRY(const store::Page page, store.search(query));
  for (const store::CertificateRow& row : page.rows) {
    options.json ? print_row_json(row) : print_row(row);
  }
  if (page.rows.empty() && !options.json) say("no certificates\n");
  if (page.next) say("more: --cursor {}\n", *page.next);
  return to_int(ExitCode::ok);
}

Result<int> show_one(const std::string& id) {
  TRY(const Bytes bytes, stored_certificate(id));
  // What is printed is a certificate, whatever has become of the store.
  CHECK_OK(certificate::decode_certificate(bytes));
  put_out(text_of(bytes));
  return to_int(ExitCode::ok);
}

void add_page_options(Verb verb, SearchOptions& options) {
  verb.add_option("--limit", options.limit, "at most this many").between(1, 1000).shows_default();
  verb.add_option("--cursor", options.cursor, "continue where the last page ended");
  verb.add_flag("--json", options.json, "one JSON object per line");
}

void choose_search(Verb verb, const std::shared_ptr<SearchOptions>& options, Action& chosen) {
  choose(verb, chosen, [options] { return search(*options); });
}

}  // namespace

void add_certificates(Verb program, Action& chosen) {
  Verb verb = program.add_verb("certificates", "list, show, search, keep or move the local store");
  verb.needs_verb();

  auto list_options = std::make_shared<SearchOptions>();
  Verb list = verb.add_verb("list", "newest first");
  add_page_options(list, *list_options);
  choose_search(list, list_options, chosen);

  auto search_options = std::make_shared<SearchOptions>();
  Verb find = verb.add_verb("search", "by what a certificate is about");
  find.add_option("--claim", search_options->claim_hash, "claim hash, sha256:...");
  find.add_option("--dataset", search_options->dataset_hash, "dataset hash, sha256:...");
  find.add_option("--sandbox", search_options->sandbox_hash, "sandbox hash, sha256:...");
  find.add_option("--status", search_options->status, "succeeded, failed, timed_out, ...");
  add_page_options(find, *search_options);
  choose_search(find, search_options, chosen);

  auto id = std::make_shared<std::string>();
  Verb one = verb.add_verb("show", "print one certificate's exact bytes");
  one.add_option("id", *id, "id, or a unique prefix of 12 hex digits or more").required();
  choose(one, chosen, [id] { return show_one(*id); });

  add_timestamp(verb, chosen);
  add_store_care(verb, chosen);
}

}  // namespace mayfly::cli
