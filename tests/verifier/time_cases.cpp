// The cases of tests/certificates about time stamps.
#include <cstdlib>
#include <utility>

#include "certificate/timestamps.hpp"
#include "tests/verifier/cases.hpp"
#include "tests/verifier/certificate_builder.hpp"
#include "tests/verifier/test_time_authority.hpp"

namespace mayfly::test {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr UnixMillis far_away{4'000'000'000'000};
constexpr UnixMillis stamped_at{run_began_at.value + minute_ms / 2};
constexpr UnixMillis just_after{run_began_at.value + 45'000};

const TestTimeAuthority& authority() {
  static const TestTimeAuthority made("Time authority", 41, far_away);
  return made;
}

Bytes plain() {
  Draft draft;
  sign_twice(draft);
  return build(draft);
}

Bytes with_token(const Bytes& certificate, ByteView token) {
  const auto decoded = certificate::decode_certificate(certificate);
  auto stamped = decoded ? certificate::with_timestamp(*decoded, token)
                         : Result<Bytes>(std::unexpected(decoded.error()));
  if (!stamped) std::abort();
  return *std::move(stamped);
}

// The certificate as it is, stamped.
Bytes stamped(const Bytes& certificate, const TestTimeAuthority& by, UnixMillis at) {
  return with_token(certificate, by.token(certificate, at));
}

Bytes once() {
  return stamped(plain(), authority(), stamped_at);
}

Case valid(std::string name, std::string description, Bytes certificate) {
  return {.name = std::move(name),
          .description = std::move(description),
          .certificate = std::move(certificate),
          .exit_code = 5,
          .failing = {"quote-simulated", "policy-not-met"},
          .tsa_roots = authority().root_pem()};
}

Case contradicted(std::string name, std::string description, const std::string& code,
                  Bytes certificate) {
  Case one = valid(std::move(name), std::move(description), std::move(certificate));
  one.exit_code = 1;
  one.failing = {"quote-simulated", code};
  return one;
}

// Nothing is wrong with it, and the caller's rules or clock do not take it.
Case refused(std::string name, std::string description, const std::string& code,
             Bytes certificate) {
  Case one = valid(std::move(name), std::move(description), std::move(certificate));
  one.failing = {"quote-simulated", code, "policy-not-met"};
  return one;
}

const TestTimeAuthority& old_authority() {
  static const TestTimeAuthority made("Old authority", 42, just_after);
  return made;
}

void add_valid_times(std::vector<Case>& cases) {
  cases.push_back(
      valid("valid-stamped", "An authority that the caller trusts says by when it was.", once()));
  Case unchecked = valid("valid-stamped-unchecked",
                         "Nobody's word is taken: a token alone proves nothing.", once());
  unchecked.tsa_roots.reset();
  cases.push_back(std::move(unchecked));
  Case renewed = valid(
      "valid-stamped-over",
      "The first authority's certificate has expired, and the quote's chain too; another authority "
      "stamped over the token before.",
      stamped(stamped(plain(), old_authority(), stamped_at), authority(),
              {just_after.value - 5'000}));
  *renewed.tsa_roots += old_authority().root_pem();
  renewed.at = "2040-01-01T00:00:00Z";
  cases.push_back(std::move(renewed));
}

void add_refused(std::vector<Case>& cases) {
  const TestTimeAuthority foreign("Time authority", 43, far_away);
  cases.push_back(refused("token_authority_fail",
                          "The token is by an authority of a trusted one's name, and not it.",
                          "timestamp-not-trusted", stamped(plain(), foreign, stamped_at)));
  Case late = refused("token_after_authority_fail",
                      "When the token was made, its authority's certificate had expired.",
                      "timestamp-not-trusted",
                      stamped(plain(), old_authority(), {just_after.value + 1'000}));
  late.tsa_roots = old_authority().root_pem();
  cases.push_back(std::move(late));
  const Bytes by_old = stamped(plain(), old_authority(), stamped_at);
  Case unrenewed = refused("token_unrenewed_fail",
                           "The authority's certificate has expired since, and nobody stamped over "
                           "its token before.",
                           "timestamp-expired", by_old);
  unrenewed.tsa_roots = old_authority().root_pem();
  cases.push_back(std::move(unrenewed));
  Case too_late =
      refused("token_renewed_late_fail",
              "It was stamped over when the first authority's certificate had expired.",
              "timestamp-expired", stamped(by_old, authority(), {just_after.value + 1'000}));
  *too_late.tsa_roots += old_authority().root_pem();
  cases.push_back(std::move(too_late));
  cases.push_back(
      refused("token_after_appraisal_fail",
              "The token is from ten minutes after the time at which the certificate is judged.",
              "timestamp-after-appraisal",
              stamped(plain(), authority(), {appraised_at.value + 10 * minute_ms})));
  cases.push_back(refused("token_missing_fail", "A time stamp is asked for, and there is none.",
                          "timestamp-required", plain()));
}

void add_contradicted(std::vector<Case>& cases) {
  cases.push_back(contradicted(
      "token_imprint_fail", "The token is over other bytes.", "timestamp-of-something-else",
      with_token(plain(), authority().token(bytes_of("other"), stamped_at))));
  // Two quotes of one statement: each is good, and differs in its signature.
  cases.push_back(contradicted(
      "token_quote_fail", "The quote was made, and put there, after the token: it is not under it.",
      "timestamp-of-something-else", with_token(plain(), authority().token(plain(), stamped_at))));
  const Bytes first = once();
  cases.push_back(contradicted("token_over_fail", "The second token is not over the first.",
                               "timestamp-of-something-else",
                               with_token(first, authority().token(plain(), stamped_at))));
  cases.push_back(contradicted("token_order_fail", "The second token is from before the first.",
                               "timestamps-disordered",
                               stamped(first, authority(), {stamped_at.value - 6 * minute_ms})));
  cases.push_back(contradicted(
      "token_before_run_fail", "Stamped ten minutes before the run is said to have ended.",
      "timestamp-before-run",
      stamped(plain(), authority(), {run_began_at.value - 10 * minute_ms})));
  const Bytes certificate = plain();
  Bytes token = authority().token(certificate, stamped_at);
  token.back() ^= 1;
  cases.push_back(contradicted("token_signature_fail",
                               "One bit of the authority's signature is changed.",
                               "timestamp-signature-wrong", with_token(certificate, token)));
  token.pop_back();
  cases.push_back(contradicted("token_truncated_fail", "The token's last byte is missing.",
                               "timestamp-malformed", with_token(certificate, token)));
}

}  // namespace

void add_times(std::vector<Case>& cases) {
  add_valid_times(cases);
  add_refused(cases);
  add_contradicted(cases);
}

}  // namespace mayfly::test
