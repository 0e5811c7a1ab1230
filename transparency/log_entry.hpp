// What a log of runs holds: an intent before each run, how the run ended, and what of it is
// revoked.
//
// Source    docs/transparency-log.md, "Entries".
// Shapes    Lines of text, each "<key> <value>", in one order; hashes as "sha256:<hex>". Hashes and
//           numbers only: no entry holds a byte of a dataset, a script or a result.
// Errors    malformed: another form, or a kind that this program does not know.
// Threads   Pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::transparency {

using crypto::Sha256;

// "This run is about to see this dataset." Logged before the job may open it.
struct IntentEntry {
  std::string run_id;        // "run_" and 32 hex digits
  std::string dataset_hash;  // as in a claim: "sha256:...", "hmac-sha256:..." or "none"
  Sha256 input_hash;
  std::array<std::uint8_t, 32> signer{};  // the key that will sign the certificate
  std::uint64_t log_size = 0;             // the newest checkpoint then
  Sha256 log_root;
  std::optional<Sha256> study;  // leaf hash of the study that the run is part of
  bool operator==(const IntentEntry&) const = default;
};

// "This run ended with this statement." Logged before any of its output leaves.
struct ResultEntry {
  std::string run_id;
  Sha256 intent;     // leaf hash
  Sha256 statement;  // SHA-256 of the statement: the certificate's id
  Sha256 claim;      // the claim hash
  bool operator==(const ResultEntry&) const = default;
};

// "This run had its data and left no certificate."
struct AbortEntry {
  std::string run_id;
  Sha256 intent;       // leaf hash
  std::string reason;  // one word of a-z and "-"
  bool operator==(const AbortEntry&) const = default;
};

// "These runs are planned." Fixed before the first of them.
struct StudyEntry {
  std::string study_id;  // "study_" and 32 hex digits
  Sha256 plan;           // of the text that says what is measured and by which rule
  std::string dataset_hash;
  std::uint64_t runs = 0;  // how many are planned, at least 1
  bool operator==(const StudyEntry&) const = default;
};
// "No further run belongs to it."
struct StudyCloseEntry {
  std::string study_id;
  Sha256 study;  // leaf hash
  bool operator==(const StudyCloseEntry&) const = default;
};

// "Do not rely on this any more." By whoever keeps the log, about certificates that are in it.
enum class RevokedThing : std::uint8_t { certificate, key, measurement };
struct RevocationEntry {
  RevokedThing kind = RevokedThing::certificate;
  // certificate: its id, "cert_" and 64 hex digits.  key: of a signer, Ed25519 or P-256, 64 or 128
  // hex digits.  measurement: of a program of Mayfly's that made certificates, "sha256:...".
  std::string value;
  std::string reason;  // one word of a-z and "-"
  bool operator==(const RevocationEntry&) const = default;
};
std::string_view to_string(RevokedThing kind);  // "certificate", "key", "measurement"
Result<void> check_revocation(const RevocationEntry& entry);

using LogEntry = std::variant<IntentEntry, ResultEntry, AbortEntry, StudyEntry, StudyCloseEntry,
                              RevocationEntry>;

std::string to_text(const LogEntry& entry);
Result<LogEntry> parse_log_entry(ByteView bytes);
Sha256 leaf_of(const LogEntry& entry);

}  // namespace mayfly::transparency
