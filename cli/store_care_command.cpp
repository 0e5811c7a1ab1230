#include "cli/store_care_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/pending_file.hpp"
#include "base/unique_fd.hpp"
#include "certificate/decode.hpp"
#include "cli/certificate_lines.hpp"
#include "cli/exit_code.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"

namespace mayfly::cli {
namespace {

using store::CertificateRow;

Result<int> seal_all() {
  TRY(const auto key_file, store_key_file());
  if (!key_file) {
    return fail(ErrorCode::malformed,
                "no key: openssl rand -hex 32 > FILE, chmod 600 FILE, and name it in "
                "MAYFLY_STORE_KEY");
  }
  TRY(store::Store store, open_store());
  TRY(const std::int64_t count, store.reseal());
  say("{} certificates sealed under the first key of {}\n", count, key_file->string());
  return to_int(ExitCode::ok);
}

Result<int> back_up(const std::string& file) {
  TRY(const store::Store store, open_store());
  CHECK_OK(store.back_up(file));
  say("{}: the store as of now; it opens with the keys that it has here\n", file);
  return to_int(ExitCode::ok);
}

// Calls `on_certificate(row, what the store gives)` for each one, newest first.
template <class OnCertificate>
Result<void> for_each_certificate(const store::Store& store, OnCertificate on_certificate) {
  store::Query query;
  query.limit = store::search_limit_max;
  do {
    TRY(const store::Page page, store.search(query));
    for (const CertificateRow& row : page.rows) {
      CHECK_OK(on_certificate(row, store.get(row.certificate_id)));
    }
    query.cursor = page.next;
  } while (query.cursor);
  return {};
}

// What a search must find it by. Everything is recomputed from the certificate.
Result<CertificateRow> row_of(ByteView bytes) {
  TRY(const auto decoded, certificate::decode_certificate(bytes));
  TRY(const certificate::RecomputedIds ids, certificate::recompute_ids(decoded));
  if (decoded.stated_certificate_id != ids.certificate_id ||
      decoded.stated_claim_hash != ids.claim_hash) {
    return fail(ErrorCode::rejected, "its id or its claim hash is not that of what it says");
  }
  const certificate::Claim& claim = decoded.statement.claim;
  return CertificateRow{.certificate_id = ids.certificate_id,
                        .claim_hash = ids.claim_hash,
                        .dataset_hash = claim.dataset_hash,
                        .sandbox_hash = crypto::to_text(ids.sandbox_hash),
                        .status = claim.result.status,
                        .tee = decoded.statement.run.tee,
                        .issued_at = decoded.proof.timestamp};
}

bool are_equal(const CertificateRow& a, const CertificateRow& b) {
  return a.certificate_id == b.certificate_id && a.claim_hash == b.claim_hash &&
         a.dataset_hash == b.dataset_hash && a.sandbox_hash == b.sandbox_hash &&
         a.status == b.status && a.tee == b.tee && a.issued_at.value == b.issued_at.value;
}

using Given = Result<std::optional<Bytes>>;

// nullopt: nothing.
std::optional<std::string> what_is_wrong(const CertificateRow& row, const Given& given) {
  if (!given) return given.error().message();
  if (!*given) return "it was removed while this went on";
  const auto recomputed = row_of(**given);
  if (!recomputed) return recomputed.error().message();
  if (!are_equal(row, *recomputed)) return "the columns that a search asks are not what it says";
  return std::nullopt;
}

struct Checked {
  std::int64_t whole = 0;
  std::int64_t wrong = 0;

  bool take(const CertificateRow& row, const Given& given) {
    const auto why = what_is_wrong(row, given);
    ++(why ? wrong : whole);
    if (why) say("{}: {}\n", row.certificate_id, *why);
    return !why;
  }
};

Result<int> check_store() {
  TRY(const store::Store store, open_store());
  TRY(const auto damage, store.damage());
  for (const std::string& line : damage) say("the database: {}\n", line);
  Checked checked;
  CHECK_OK(for_each_certificate(store, [&](const CertificateRow& row, const Given& given) {
    checked.take(row, given);
    return Result<void>();
  }));
  say("{} certificates are whole, {} are not\n", checked.whole, checked.wrong);
  if (damage.empty() && checked.wrong == 0) return to_int(ExitCode::ok);
  return fail(ErrorCode::rejected,
              "the store is damaged: export what is whole, and import it into a new one");
}

Result<int> export_all(const std::string& file) {
  TRY(const store::Store store, open_store());
  TRY(PendingFile place,
      file == "-" ? PendingFile::of_descriptor(STDOUT_FILENO) : PendingFile::open(file));
  TRY(GrowingFile output, std::move(place).begin());
  Checked checked;
  const auto copy = [&](const CertificateRow& row, const Given& given) -> Result<void> {
    if (!checked.take(row, given)) return {};
    CHECK_OK(output.append(**given));
    return output.append(bytes_of("\n"));
  };
  CHECK_OK(for_each_certificate(store, copy));
  CHECK_OK(std::move(output).finish());
  say("{} certificates, newest first\n", checked.whole);
  if (checked.wrong == 0) return to_int(ExitCode::ok);
  return fail(ErrorCode::rejected,
              std::to_string(checked.wrong) + " certificates are not whole and were left out");
}

Result<int> import_all(const std::string& file) {
  UniqueFd opened;
  if (file != "-") {
    opened = UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return fail_errno(file);
  }
  CertificateLines lines(file == "-" ? STDIN_FILENO : opened.borrow());
  TRY(store::Store store, open_store());
  std::int64_t count = 0;
  for (;;) {
    TRY(const std::optional<Bytes> line, lines.next());
    if (!line) break;
    const auto put = [&]() -> Result<void> {
      TRY(const CertificateRow row, row_of(*line));
      return store.put(row, *line);
    }();
    if (!put) {
      return std::unexpected(Error(put.error())
                                 .while_doing(file + ", line " + std::to_string(lines.number()) +
                                              " (those before it are in the store)"));
    }
    ++count;
  }
  say("{} certificates are in the store; verify-cert --batch says what they are worth\n", count);
  return to_int(ExitCode::ok);
}

// A verb with one operand.
template <class Body>
void add_with_file(Verb parent, const char* name, const char* help, const char* operand_help,
                   Action& chosen, Body body) {
  auto file = std::make_shared<std::string>();
  Verb verb = parent.add_verb(name, help);
  verb.add_option("file", *file, operand_help).required().type_name("FILE");
  choose(verb, chosen, [file, body] { return body(*file); });
}

}  // namespace

void add_store_care(Verb certificates, Action& chosen) {
  Verb seal =
      certificates.add_verb("seal", "encrypt all of them under the first key of $MAYFLY_STORE_KEY");
  choose(seal, chosen, [] { return seal_all(); });
  Verb check =
      certificates.add_verb("check", "whether the store is whole, certificate by certificate");
  choose(check, chosen, [] { return check_store(); });
  add_with_file(certificates, "backup", "copy the store while it is used, as it is encrypted",
                "a new file", chosen, back_up);
  add_with_file(certificates, "export", "all of them, one a line, in the clear",
                "a new file, or - for standard output", chosen, export_all);
  add_with_file(certificates, "import", "what export wrote, from this store or another",
                "a file, or - for standard input", chosen, import_all);
}

}  // namespace mayfly::cli
