#include "transparency/log_entry.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"
#include "transparency/merkle.hpp"
#include "transparency/text_line.hpp"

namespace mayfly::transparency {
namespace {

constexpr std::string_view intent_title = "mayfly/log/intent/v1";
constexpr std::string_view result_title = "mayfly/log/result/v1";
constexpr std::string_view abort_title = "mayfly/log/abort/v1";
constexpr std::string_view study_title = "mayfly/log/study/v1";
constexpr std::string_view study_close_title = "mayfly/log/study-close/v1";
constexpr std::string_view revocation_title = "mayfly/log/revocation/v1";
constexpr std::array<std::string_view, 3> revoked_things{"certificate", "key", "measurement"};
constexpr std::string_view hex_digits = "0123456789abcdef";

Result<void> check_reason(std::string_view reason) {
  constexpr std::size_t reason_bytes_max = 32;
  if (!reason.empty() && reason.size() <= reason_bytes_max &&
      reason.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == reason.npos) {
    return {};
  }
  return fail(ErrorCode::malformed, "a reason is one word of at most 32 letters a-z and \"-\"");
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of(hex_digits) == text.npos;
}

std::string line(std::string_view key, std::string_view value) {
  return std::string(key) + " " + std::string(value) + "\n";
}
std::string line(std::string_view key, const Sha256& hash) {
  return line(key, crypto::to_text(hash));
}

Result<Sha256> take_hash(LineReader& lines, std::string_view key) {
  TRY(const std::string_view text, lines.take_value(key));
  return crypto::sha256_from_text(text);
}

// `tag` and 32 hex digits.
Result<std::string> take_id(LineReader& lines, std::string_view key, std::string_view tag) {
  TRY(const std::string_view text, lines.take_value(key));
  const bool is_id = text.size() == tag.size() + 32 && text.starts_with(tag) &&
                     text.substr(tag.size()).find_first_not_of(hex_digits) == text.npos;
  if (!is_id) {
    return fail(ErrorCode::malformed, "wanted \"" + std::string(tag) + "\" and 32 hex digits");
  }
  return std::string(text);
}

Result<std::string> take_reason(LineReader& lines) {
  TRY(const std::string_view reason, lines.take_value("reason"));
  CHECK_OK(check_reason(reason));
  return std::string(reason);
}

Result<std::string> take_dataset(LineReader& lines) {
  TRY(const std::string_view text, lines.take_value("dataset"));
  constexpr std::string_view keyed = "hmac-";
  const std::string_view hash = text.starts_with(keyed) ? text.substr(keyed.size()) : text;
  if (text != "none") CHECK_OK(crypto::sha256_from_text(hash));
  return std::string(text);
}

Result<LogEntry> take_intent(LineReader& lines) {
  IntentEntry entry;
  TRY(entry.run_id, take_id(lines, "run", "run_"));
  TRY(entry.dataset_hash, take_dataset(lines));
  TRY(entry.input_hash, take_hash(lines, "input"));
  TRY(const std::string_view signer, lines.take_value("signer"));
  TRY(const Bytes key, hex_decode(signer));
  if (key.size() != entry.signer.size()) {
    return fail(ErrorCode::malformed, "a signer is a key of 32 bytes");
  }
  std::ranges::copy(key, entry.signer.begin());
  TRY(const std::string_view size, lines.take_value("log-size"));
  TRY(entry.log_size, parse_decimal(size));
  TRY(entry.log_root, take_hash(lines, "log-root"));
  if (lines.next_is("study")) {
    TRY(entry.study, take_hash(lines, "study"));
  }
  return entry;
}

Result<LogEntry> take_result(LineReader& lines) {
  ResultEntry entry;
  TRY(entry.run_id, take_id(lines, "run", "run_"));
  TRY(entry.intent, take_hash(lines, "intent"));
  TRY(entry.statement, take_hash(lines, "statement"));
  TRY(entry.claim, take_hash(lines, "claim"));
  return entry;
}

Result<LogEntry> take_abort(LineReader& lines) {
  AbortEntry entry;
  TRY(entry.run_id, take_id(lines, "run", "run_"));
  TRY(entry.intent, take_hash(lines, "intent"));
  TRY(entry.reason, take_reason(lines));
  return entry;
}

Result<LogEntry> take_study(LineReader& lines) {
  StudyEntry entry;
  TRY(entry.study_id, take_id(lines, "study-id", "study_"));
  TRY(entry.plan, take_hash(lines, "plan"));
  TRY(entry.dataset_hash, take_dataset(lines));
  TRY(const std::string_view runs, lines.take_value("runs"));
  TRY(entry.runs, parse_decimal(runs));
  if (entry.runs == 0) return fail(ErrorCode::malformed, "a study plans at least one run");
  return entry;
}

Result<LogEntry> take_study_close(LineReader& lines) {
  StudyCloseEntry entry;
  TRY(entry.study_id, take_id(lines, "study-id", "study_"));
  TRY(entry.study, take_hash(lines, "study"));
  return entry;
}

Result<LogEntry> take_revocation(LineReader& lines) {
  RevocationEntry entry;
  TRY(const std::string_view kind, lines.take_value("kind"));
  const auto found = std::ranges::find(revoked_things, kind);
  if (found == revoked_things.end()) {
    return fail(ErrorCode::malformed, "what is revoked is a certificate, a key or a measurement");
  }
  entry.kind = static_cast<RevokedThing>(found - revoked_things.begin());
  TRY(entry.value, lines.take_value("value"));
  TRY(entry.reason, take_reason(lines));
  CHECK_OK(check_revocation(entry));
  return entry;
}

std::string text_of_entry(const IntentEntry& entry) {
  std::string text = std::string(intent_title) + "\n" + line("run", entry.run_id) +
                     line("dataset", entry.dataset_hash) + line("input", entry.input_hash) +
                     line("signer", hex_encode(entry.signer)) +
                     line("log-size", std::to_string(entry.log_size)) +
                     line("log-root", entry.log_root);
  if (entry.study) text += line("study", *entry.study);
  return text;
}
std::string text_of_entry(const ResultEntry& entry) {
  return std::string(result_title) + "\n" + line("run", entry.run_id) +
         line("intent", entry.intent) + line("statement", entry.statement) +
         line("claim", entry.claim);
}
std::string text_of_entry(const AbortEntry& entry) {
  return std::string(abort_title) + "\n" + line("run", entry.run_id) +
         line("intent", entry.intent) + line("reason", entry.reason);
}
std::string text_of_entry(const StudyEntry& entry) {
  return std::string(study_title) + "\n" + line("study-id", entry.study_id) +
         line("plan", entry.plan) + line("dataset", entry.dataset_hash) +
         line("runs", std::to_string(entry.runs));
}
std::string text_of_entry(const StudyCloseEntry& entry) {
  return std::string(study_close_title) + "\n" + line("study-id", entry.study_id) +
         line("study", entry.study);
}

std::string text_of_entry(const RevocationEntry& entry) {
  return std::string(revocation_title) + "\n" + line("kind", to_string(entry.kind)) +
         line("value", entry.value) + line("reason", entry.reason);
}

}  // namespace

std::string_view to_string(RevokedThing kind) {
  return revoked_things.at(static_cast<std::size_t>(kind));
}

Result<void> check_revocation(const RevocationEntry& entry) {
  CHECK_OK(check_reason(entry.reason));
  const std::string_view value = entry.value;
  constexpr std::string_view tag = "cert_";
  switch (entry.kind) {
    case RevokedThing::certificate:
      if (value.starts_with(tag) && is_hex(value.substr(tag.size()), 64)) return {};
      return fail(ErrorCode::malformed, "a certificate is named by \"cert_\" and 64 hex digits");
    case RevokedThing::key:
      if (is_hex(value, 64) || is_hex(value, 128)) return {};
      return fail(ErrorCode::malformed,
                  "a key is 64 hex digits (Ed25519) or 128 (P-256), as a certificate names it");
    case RevokedThing::measurement: {
      const auto hash = crypto::sha256_from_text(value);
      return hash ? Result<void>() : std::unexpected(hash.error());
    }
  }
  return fail(ErrorCode::internal, "a kind of revocation that does not exist");
}

std::string to_text(const LogEntry& entry) {
  return std::visit([](const auto& kind) { return text_of_entry(kind); }, entry);
}

Result<LogEntry> parse_log_entry(ByteView bytes) {
  struct Kind {
    std::string_view title;
    Result<LogEntry> (*take)(LineReader& lines);
  };
  constexpr std::array kinds{Kind{intent_title, take_intent},
                             Kind{result_title, take_result},
                             Kind{abort_title, take_abort},
                             Kind{study_title, take_study},
                             Kind{study_close_title, take_study_close},
                             Kind{revocation_title, take_revocation}};
  LineReader lines(text_of(bytes));
  TRY(const std::string_view title, lines.take("the entry's title"));
  const auto kind =
      std::ranges::find_if(kinds, [&](const Kind& each) { return each.title == title; });
  if (kind == kinds.end()) {
    return fail(ErrorCode::malformed, "this is no log entry of a kind that this program knows");
  }
  TRY(LogEntry entry, kind->take(lines));
  CHECK_OK(lines.expect_end());
  return entry;
}

Sha256 leaf_of(const LogEntry& entry) {
  return leaf_hash(bytes_of(to_text(entry)));
}

}  // namespace mayfly::transparency
