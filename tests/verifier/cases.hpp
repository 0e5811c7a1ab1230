// Certificates with a known answer, as case folders below tests/certificates: for this verifier and
// for any other implementation of the format.
//
// Shapes    A case fails for one reason; `failing` lists every check that must fail, in order.
// Threads   Plain values.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace mayfly::test {

struct Case {
  std::string name;  // "valid-..." or "..._fail"
  std::string description;
  Bytes certificate;
  int exit_code = 0;
  std::vector<std::string> failing;
  std::string at = "2026-03-01T12:01:00Z";
  std::optional<std::string> dataset{};     // contents of dataset.csv, given as --dataset
  std::optional<std::string> log_policy{};  // contents of log-policy, given as --log-policy
  std::optional<std::string> tsa_roots{};   // contents of tsa-roots.pem, given as --tsa-roots
  std::optional<std::string> trace{};       // contents of trace.jsonl, given as --trace
};

// The same each time but for ECDSA signatures, of quotes, statements and tokens: never the same
// twice.
std::vector<Case> all_cases();
void add_times(std::vector<Case>& cases);  // of all_cases(): those about time stamps

// case.json: {"at", "dataset"?, "description", "exit_code", "failing", "log_policy"?,
// "tsa_roots"?, "trace"?}.
std::string case_json(const Case& one);

// The certificate's text without its quote, P-256 signatures and tokens: what all_cases() makes the
// same each time.
std::string without_ecdsa(ByteView certificate);

}  // namespace mayfly::test
