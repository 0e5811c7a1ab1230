// Two certificates side by side: is it the same claim, and if not, what differs and does it matter?
//
// Source    docs/certificate-format.md, "Comparing two".
// Errors    None: bytes that are no certificate, or that contradict themselves, cannot be compared,
//           and the outcome says so.
// Threads   Pure function.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "verifier/report.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {

// What a member is about, and so whether a difference in it matters.
enum class Concern : std::uint8_t {
  question,       // what was asked: other data, code, limits or thresholds
  answer,         // what came out
  environment,    // what it ran in: other programs of the image, another backend
  circumstances,  // true of each run alone: times, nonce, usage
  evidence,       // each certificate proves its own
};
std::string_view to_string(Concern concern);
std::string_view why_it_matters(Concern concern);  // one sentence

struct Difference {
  std::string path;  // "statement.predicate.claim.result.digest"
  Concern concern;
  std::string a;  // canonical JSON; empty: absent there
  std::string b;
};
inline constexpr std::size_t differences_max = 1000;  // the rest is not listed

enum class Sameness : std::uint8_t {
  same_certificate,  // the statements are equal, byte for byte
  same_claim,        // another run of the same question, with the same answer
  same_result,       // the same question and result; something else in the claim differs
  other_result,      // the same question, another answer
  other_question,
  not_comparable,  // one of them is malformed or contradicts itself
};
std::string_view to_string(Sameness sameness);  // "same-claim"
std::string_view explain(Sameness sameness);    // one sentence
// 0: same certificate or claim. 1: same question, and something that matters differs. 2: not
// comparable. 3: another question.
int exit_code(Sameness sameness);

struct Comparison {
  Sameness outcome = Sameness::not_comparable;
  Report a;
  Report b;
  std::vector<Difference> differences;  // those that matter most first
};

Comparison compare(ByteView a, ByteView b, const Policy& policy, UnixMillis now);

}  // namespace mayfly::verifier
