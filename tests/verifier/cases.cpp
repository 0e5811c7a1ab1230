#include "tests/verifier/cases.hpp"

#include <cstdlib>
#include <utility>

#include "attest/verify/tdx_quote.hpp"
#include "base/file_io.hpp"
#include "crypto/p256_form.hpp"
#include "tests/verifier/certificate_builder.hpp"
#include "tests/verifier/disclosed_draft.hpp"
#include "tests/verifier/logged_draft.hpp"
#include "tests/verifier/test_vendor.hpp"
#include "transparency/log_proof.hpp"
#include "verifier/inert_text.hpp"

namespace mayfly::test {
namespace {

using Codes = std::vector<std::string>;

// What every simulated certificate fails with besides its own fault.
const Codes simulated{"quote-simulated", "policy-not-met"};

// The fault's stage comes before the quote, or after it.
Codes before_quote(const std::string& code) {
  return {code, "quote-simulated"};
}
Codes after_quote(const std::string& code) {
  return {"quote-simulated", code};
}

Case contradicted(std::string name, std::string description, const Draft& draft, Codes failing) {
  return {.name = std::move(name),
          .description = std::move(description),
          .certificate = build(draft),
          .exit_code = 1,
          .failing = std::move(failing)};
}

template <class Change>
Draft with_proof(Change change) {
  Draft draft;
  draft.before_encoding = std::move(change);
  return draft;
}

Draft with_other_digit_after(const std::string& start) {
  Draft draft;
  draft.before_signing = [start](std::string& text) {
    const std::size_t at = text.find(start) + start.size();
    text.at(at) = text.at(at) == '0' ? '1' : '0';
  };
  return draft;
}

Bytes quote_of(Draft draft) {
  Bytes quote;
  draft.before_encoding = [&quote](certificate::Proof& proof) { quote = proof.tee_quote; };
  build(draft);
  return quote;
}

Draft cut_result() {
  Draft cut;
  cut.statement.claim.result.truncated = true;
  cut.statement.claim.result.media_type = "text/plain; charset=utf-8";
  cut.statement.claim.result.size = cut.statement.claim.limits.output_bytes;
  cut.statement.claim.result.value.reset();
  for (auto& assertion : cut.statement.claim.assertions) assertion.verdict = "unknown";
  cut.statement.run.usage.stdout_bytes = cut.statement.claim.limits.output_bytes + 1;
  cut.statement.run.output_truncated = true;
  return cut;
}

void add_valid(std::vector<Case>& cases) {
  const Draft plain;
  cases.push_back({.name = "valid-simulated",
                   .description = "Everything fits together; the quote is simulated.",
                   .certificate = build(plain),
                   .exit_code = 5,
                   .failing = simulated});
  cases.push_back({.name = "valid-dataset",
                   .description = "The dataset is at hand, and is the one.",
                   .certificate = build(plain),
                   .exit_code = 5,
                   .failing = simulated,
                   .dataset = sample_dataset});
  Draft without;
  without.statement.claim.dataset_hash = "none";
  without.statement.claim.dataset_format = "none";
  without.statement.claim.dataset_bytes = 0;
  without.statement.run.wipe = {.method = "none", .bytes = 0, .scanned = {}, .residue = 0};
  cases.push_back({.name = "valid-no-dataset",
                   .description = "A job that takes no dataset.",
                   .certificate = build(without),
                   .exit_code = 5,
                   .failing = simulated});
  Draft failed;
  failed.statement.claim.assertions.clear();
  failed.statement.claim.result = {.digest = crypto::sha256({}),
                                   .media_type = "text/plain; charset=utf-8",
                                   .size = 0,
                                   .value = std::nullopt,
                                   .exit_code = 3,
                                   .status = "failed"};
  cases.push_back({.name = "valid-failed-job",
                   .description = "A job that failed has a certificate like any other.",
                   .certificate = build(failed),
                   .exit_code = 5,
                   .failing = simulated});
  cases.push_back({.name = "valid-cut-result",
                   .description = "More was printed than is kept: no value, and nothing judged.",
                   .certificate = build(cut_result()),
                   .exit_code = 5,
                   .failing = simulated});
}

void add_wrong_ids(std::vector<Case>& cases) {
  std::string text(text_of(build(Draft{})));
  const std::size_t digit = text.find("\"cert_") + 6;
  text.at(digit) = text.at(digit) == '0' ? '1' : '0';
  cases.push_back({.name = "certificate_id_fail",
                   .description = "The id at the top is not the hash of the statement.",
                   .certificate = {text.begin(), text.end()},
                   .exit_code = 1,
                   .failing = before_quote("certificate-id-differs")});
  cases.push_back(contradicted(
      "sandbox_hash_fail", "Signed and quoted, but not the hash of the sandbox's description.",
      with_other_digit_after("\"sandbox_hash\":\"sha256:"), before_quote("sandbox-hash-differs")));
  cases.push_back(contradicted(
      "input_hash_fail", "Signed and quoted, but not the hash of the inputs.",
      with_other_digit_after("\"input_hash\":\"sha256:"), before_quote("input-hash-differs")));
  Draft subject;
  subject.before_signing = [](std::string& statement) {
    const std::size_t at = statement.rfind("\"},\"name\":\"result\"") - 1;
    statement.at(at) = statement.at(at) == '0' ? '1' : '0';
  };
  cases.push_back(contradicted("subject_fail", "The subject names another result than the claim.",
                               subject, {"subject-differs"}));
  Draft assertion;
  assertion.statement.claim.assertions[1].verdict = "true";
  cases.push_back(contradicted("assertion_fail",
                               "score.mean is 0.5, and the assertion says that it is over 0.95.",
                               assertion, before_quote("assertion-differs")));
  Draft media_type;
  media_type.statement.claim.result.media_type = "application/octet-stream";
  cases.push_back(contradicted("result_value_fail", "A JSON value is shown for a binary result.",
                               media_type, before_quote("result-value-unreadable")));
  Draft cut = cut_result();
  cut.statement.claim.result.truncated = false;
  cases.push_back(contradicted("truncation_fail", "More was printed than is kept, and it says not.",
                               cut, before_quote("truncation-differs")));
  cases.push_back(
      contradicted("tee_kind_fail", "The proof names another TEE than the statement.",
                   with_proof([](certificate::Proof& proof) { proof.tee_kind = "tdx"; }),
                   before_quote("tee-kind-differs")));
  Case other_data = contradicted("dataset_fail", "The dataset at hand is another one.", Draft{},
                                 before_quote("dataset-differs"));
  other_data.dataset = sample_dataset + "\n";
  cases.push_back(std::move(other_data));
}

void add_wrong_signatures(std::vector<Case>& cases) {
  const Codes wrong{"signature-wrong", "signature-missing", "quote-simulated"};
  cases.push_back(contradicted(
      "signature_bit_fail", "One bit of the signature is changed.",
      with_proof([](certificate::Proof& proof) { proof.signatures[0].signature[5] ^= 4; }), wrong));
  Draft other_run;
  other_run.statement.run.run_id = "run_ffffffffffffffffffffffffffffffff";
  const certificate::Signature swapped = other_run.signer.sign(bytes_of(statement_text(other_run)));
  cases.push_back(contradicted(
      "signature_swapped_fail", "The signature is this key's, over another run's statement.",
      with_proof([&swapped](certificate::Proof& proof) { proof.signatures = {swapped}; }), wrong));
  const certificate::Signature foreign = TestSigner(2).sign(bytes_of(statement_text(Draft{})));
  cases.push_back(contradicted(
      "signature_key_fail", "The signature is right, and by another key than run.signer.",
      with_proof([&foreign](certificate::Proof& proof) { proof.signatures = {foreign}; }), wrong));
  Draft signer;
  signer.statement.run.signer = TestSigner(2).public_key();
  cases.push_back(contradicted("signer_fail", "run.signer is another key than the one that signed.",
                               signer, wrong));
  cases.push_back(
      contradicted("signature_missing_fail", "There is no signature.",
                   with_proof([](certificate::Proof& proof) { proof.signatures.clear(); }),
                   before_quote("signature-missing")));
}

// The second signature is the last one.
template <class Change>
Draft with_second_signature(Change change) {
  Draft draft = with_proof(
      [change](certificate::Proof& proof) { change(proof.signatures.back().signature); });
  sign_twice(draft);
  return draft;
}

Draft with_every_signature_twice(Draft draft) {
  draft.before_encoding = [](certificate::Proof& proof) {
    const auto once = proof.signatures;
    proof.signatures.insert(proof.signatures.end(), once.begin(), once.end());
  };
  return draft;
}

void add_second_signatures(std::vector<Case>& cases) {
  Draft both;
  sign_twice(both);
  cases.push_back({.name = "valid-two-signatures",
                   .description = "Signed by Ed25519, and by ECDSA P-256 for other tools.",
                   .certificate = build(both),
                   .exit_code = 5,
                   .failing = simulated});
  const auto without_a_good_one = [](const std::string& code) {
    return Codes{code, "second-signature-missing", "quote-simulated"};
  };
  cases.push_back(contradicted("p256_signature_bit_fail", "One bit of the second one is changed.",
                               with_second_signature([](Bytes& der) { der.back() ^= 1; }),
                               without_a_good_one("second-signature-wrong")));
  cases.push_back(contradicted(
      "p256_high_s_fail", "The second one has n - s in place of s: right, and not its one form.",
      with_second_signature([](Bytes& der) {
        der = crypto::ecdsa_signature_to_der(
            crypto::with_negated_s(crypto::p256_signature_from_der(der).value()));
      }),
      without_a_good_one("second-signature-form")));
  cases.push_back(
      contradicted("p256_der_fail", "The second one's length is written in two bytes.",
                   with_second_signature([](Bytes& der) { der.insert(der.begin() + 1, 0x81); }),
                   without_a_good_one("second-signature-form")));
  cases.push_back(contradicted("signature_twice_fail", "A copy of the signature stands beside it.",
                               with_every_signature_twice({}), before_quote("signature-wrong")));
  cases.push_back(
      contradicted("p256_signature_twice_fail", "Copies of both signatures stand beside them.",
                   with_every_signature_twice(both),
                   Codes{"signature-wrong", "second-signature-wrong", "quote-simulated"}));
  Draft exchanged = both;
  exchanged.before_encoding = [](certificate::Proof& proof) {
    std::ranges::reverse(proof.signatures);
  };
  cases.push_back(contradicted("signatures_exchanged_fail",
                               "The two signatures, both good, stand in the other order.",
                               exchanged, before_quote("signature-wrong")));
  Draft missing = both;
  missing.p256 = nullptr;
  cases.push_back(contradicted("p256_missing_fail",
                               "The second one, whose key is named, is missing.", missing,
                               before_quote("second-signature-missing")));
  Draft foreign = both;
  foreign.p256 = fixed_p256_key(2);
  cases.push_back(contradicted("p256_key_fail", "The second one is by a key that is not named.",
                               foreign, without_a_good_one("second-signer-differs")));
  Draft unnamed = both;
  unnamed.statement.run.signer_p256.reset();
  cases.push_back(contradicted("p256_unnamed_fail",
                               "There is a second one, and the statement names no key for it.",
                               unnamed, before_quote("second-signer-differs")));
}

void add_wrong_quotes(std::vector<Case>& cases) {
  const Codes unbound{"quote-simulated", "report-data-differs"};
  Draft other_run;
  other_run.statement.run.run_id = "run_ffffffffffffffffffffffffffffffff";
  Draft other_data;
  other_data.statement.claim.dataset_hash = "sha256:" + std::string(64, '5');
  Draft other_nonce;
  other_nonce.before_quoting = [](attest::ReportData& data) { data[32] ^= 1; };
  const auto with_quote = [](Bytes quote) {
    return with_proof([quote](certificate::Proof& proof) { proof.tee_quote = quote; });
  };
  cases.push_back(contradicted("quote_run_fail", "The quote is another run's.",
                               with_quote(quote_of(other_run)), unbound));
  cases.push_back(contradicted("quote_dataset_fail",
                               "The quote is that of a run over another dataset.",
                               with_quote(quote_of(other_data)), unbound));
  cases.push_back(contradicted("quote_nonce_fail",
                               "The quote binds the statement, and another key, intent or nonce.",
                               other_nonce, unbound));
  Draft called_hardware;
  called_hardware.statement.run.tee = "tdx";
  cases.push_back(contradicted("quote_kind_fail", "A simulated quote that is called hardware.",
                               called_hardware, {"quote-simulated", "quote-kind-differs"}));
  Bytes flipped = quote_of(Draft{});
  flipped[48 + 136] ^= 1;  // in MRTD
  cases.push_back(contradicted("quote_bit_fail", "One bit of the quote's measurement is changed.",
                               with_quote(flipped), {"quote-not-genuine"}));
  Bytes padded = quote_of(Draft{});
  padded.push_back(0);
  cases.push_back(contradicted("quote_padding_fail", "A byte follows the quote.",
                               with_quote(padded), {"quote-simulated", "quote-malformed"}));
  const TestVendor vendor(run_began_at);
  Draft other_root;
  other_root.statement.run.tee = "tdx";
  other_root.quote = [&vendor](const attest::ReportData& data) { return vendor.quote(data, {}); };
  cases.push_back(contradicted(
      "quote_root_fail", "The quote's chain bears the vendor's names and ends in another root.",
      other_root, {"quote-not-genuine"}));
}

void add_foreign_and_missing_quotes(std::vector<Case>& cases) {
  const auto file = read_file(MAYFLY_VECTORS "/attest/tdx/quotes/v4_phala_uptodate.bin", 65536);
  const auto genuine = file ? attest::parse_tdx_quote(*file)
                            : Result<attest::ParsedTdxQuote>(std::unexpected(file.error()));
  if (!genuine) {
    std::abort();
  }
  const ByteView trimmed = genuine->quote_bytes;
  Draft hardware = with_proof([trimmed](certificate::Proof& proof) {
    proof.tee_quote.assign(trimmed.begin(), trimmed.end());
  });
  hardware.statement.run.tee = "tdx";
  cases.push_back(contradicted("quote_genuine_fail",
                               "A genuine Intel TDX quote that was made for something else.",
                               hardware, {"report-data-differs", "measurement-unknown"}));
  Case missing = contradicted(
      "quote_missing_fail", "There is no quote.",
      with_proof([](certificate::Proof& proof) { proof.tee_quote.clear(); }), {"policy-not-met"});
  missing.exit_code = 3;
  cases.push_back(std::move(missing));
  Case format =
      contradicted("quote_format_fail", "The quote is said to be of a format that nobody knows.",
                   with_proof([](certificate::Proof& proof) { proof.tee_format = "tdx-quote-v9"; }),
                   {"policy-not-met"});
  format.exit_code = 3;
  cases.push_back(std::move(format));
  Case expired = contradicted("quote_expired_fail",
                              "Judged at a time when the quote's chain is no longer valid.",
                              Draft{}, {"policy-not-met"});
  expired.exit_code = 3;
  expired.at = "2040-01-01T00:00:00Z";
  cases.push_back(std::move(expired));
}

void add_wrong_runs(std::vector<Case>& cases) {
  Draft order;
  order.statement.run.lifecycle.dataset_deleted.value -= 100;  // while the job still ran
  cases.push_back(contradicted("lifecycle_fail", "The dataset was deleted while the job ran.",
                               order, after_quote("lifecycle-disordered")));
  cases.push_back(contradicted(
      "timestamp_fail", "The timestamp, which is not signed, is a day earlier than the run.",
      with_proof([](certificate::Proof& proof) { proof.timestamp.value -= 86'400'000; }),
      after_quote("timestamp-differs")));
  Draft residue;
  residue.statement.run.wipe.residue = 1;
  cases.push_back(contradicted("wipe_residue_fail", "Something was left after the wipe.", residue,
                               after_quote("wipe-residue")));
  Draft less;
  --less.statement.run.wipe.bytes;
  cases.push_back(contradicted("wipe_incomplete_fail", "Less was wiped than the dataset holds.",
                               less, after_quote("wipe-incomplete")));
}

void add_logged(std::vector<Case>& cases) {
  const auto logged = [&cases](std::string name, std::string description,
                               const LogChanges& changes) {
    cases.push_back({.name = std::move(name),
                     .description = std::move(description),
                     .certificate = build(logged_draft(changes)),
                     .exit_code = 5,
                     .failing = simulated});
  };
  logged("valid-logged", "The third run on its dataset, in a log that no witness saw.", {});
  logged("valid-witnessed", "The same, cosigned by two of three witnesses.", {.cosigners = 2});
  cases.back().log_policy = log_policy_text();
  const auto refused = [&cases](std::string name, std::string description, LogChanges changes,
                                const std::string& code) {
    cases.push_back(contradicted(std::move(name), std::move(description), logged_draft(changes),
                                 after_quote(code)));
  };
  refused("log_foreign_entry_fail", "The logged result is another statement's.",
          {.result = [](auto& result) { result.statement.bytes[0] ^= 1; }}, "log-entry-differs");
  refused("log_foreign_intent_fail", "The logged intent names another signing key.",
          {.intent = [](auto& intent) { intent.signer[0] ^= 1; }}, "log-entry-differs");
  refused("log_fork_fail", "The tree that was counted is no prefix of the one at the end.",
          {.attempt = [](auto& attempt) { attempt.log_root.bytes[0] ^= 1; }}, "log-inconsistent");
  refused("log_order_fail", "Counted before the run was announced.",
          {.attempt = [](auto& attempt) { attempt.log_size = 3; }}, "log-disordered");
  refused("log_numbers_fail", "The fourth of three attempts.",
          {.attempt = [](auto& attempt) { attempt.number = 4; }}, "attempts-impossible");
  refused(
      "log_key_fail", "The checkpoints are signed by another log than the statement names.",
      {.attempt =
           [](auto& attempt) {
             attempt.log = to_text(
                 fixed_note_signer("log.example/mayfly", transparency::KeyType::ed25519, 9).key());
           }},
      "log-signature-wrong");
  refused("log_path_fail", "One hash of the inclusion proof is changed.",
          {.proof =
               [](auto& proof) {
                 auto parsed = transparency::parse_log_proof(bytes_of(proof.log->proof)).value();
                 parsed.hashes[0].bytes[0] ^= 1;
                 proof.log->proof = to_text(parsed);
               }},
          "log-not-included");
}

void add_malformed(std::vector<Case>& cases) {
  const Bytes valid = build(Draft{});
  const auto malformed = [&cases](std::string name, std::string description, Bytes certificate,
                                  std::string code) {
    cases.push_back({.name = std::move(name),
                     .description = std::move(description),
                     .certificate = std::move(certificate),
                     .exit_code = 2,
                     .failing = {std::move(code)}});
  };
  Bytes line_end = valid;
  line_end.push_back('\n');
  const Bytes half(valid.begin(), valid.begin() + std::ssize(valid) / 2);
  malformed("empty_fail", "No bytes at all.", {}, "parse-not-canonical");
  malformed("truncated_fail", "The first half of a certificate.", half, "parse-not-canonical");
  malformed("line_end_fail", "A line end was added.", line_end, "parse-not-canonical");
  malformed("white_space_fail", "A space was added.", with_replaced(valid, "\":", "\": "),
            "parse-not-canonical");
  malformed("duplicate_member_fail", "A member stands twice.",
            with_replaced(valid, "\"proof\":", "\"proof\":{},\"proof\":"), "parse-not-canonical");
  malformed("number_form_fail", "A number is written with an exponent.",
            with_replaced(valid, "\"wall_ms\":60000", "\"wall_ms\":6e4"), "parse-not-canonical");
  malformed("escape_fail", "A letter is written as an escape.",
            with_replaced(valid, "\"host-usr\"", "\"\\u0068ost-usr\""), "parse-not-canonical");
  malformed("unknown_member_fail", "A member that the format does not know.",
            with_replaced(valid, "\"schema\":\"mayfly/certificate/v1\"",
                          "\"reviewed\":true,\"schema\":\"mayfly/certificate/v1\""),
            "schema-broken");
  malformed("missing_member_fail", "A member is missing.",
            with_replaced(valid, "\"attempt\":\"uncounted\",", ""), "schema-broken");
  malformed("newer_format_fail", "Another version of the format.",
            with_replaced(valid, "mayfly/certificate/v1", "mayfly/certificate/v2"),
            "schema-broken");
}

Draft disclosed_otherwise(std::function<void(certificate::Disclosure&)> change) {
  return disclosed_draft({.change = std::move(change)});
}

void add_disclosed(std::vector<Case>& cases) {
  cases.push_back({.name = "valid-events-shown",
                   .description =
                       "Six of twelve events are shown, and the result; what is withheld "
                       "was allowed to be.",
                   .certificate = build(disclosed_draft()),
                   .exit_code = 5,
                   .failing = simulated});
  cases.push_back({.name = "valid-result-withheld",
                   .description = "The claim commits to the result, and nobody is shown it.",
                   .certificate = build(disclosed_otherwise(
                       [](certificate::Disclosure& shown) { shown.result.reset(); })),
                   .exit_code = 5,
                   .failing = simulated});
}

void add_wrongly_disclosed(std::vector<Case>& cases) {
  const Codes differ = after_quote("events-differ");
  const auto add = [&](std::string name, std::string description, const Codes& failing,
                       std::function<void(certificate::ShownTrace&)> change) {
    cases.push_back(contradicted(
        std::move(name), std::move(description),
        disclosed_otherwise([&change](certificate::Disclosure& shown) { change(*shown.trace); }),
        failing));
  };
  add("events_altered_fail", "A shown event says another path.", differ,
      [](certificate::ShownTrace& trace) {
        std::string& event = trace.events[4].event;
        event.replace(event.rfind('6'), 1, "9");
      });
  add("events_salt_fail", "A shown event has another salt.", differ,
      [](certificate::ShownTrace& trace) { trace.events[2].salt[0] ^= 1; });
  add("events_moved_fail", "Two shown events are at each other's place.", differ,
      [](certificate::ShownTrace& trace) {
        std::swap(trace.events[0].index, trace.events[1].index);
        std::swap(trace.events[0], trace.events[1]);
      });
  add("events_twice_fail", "One event is shown twice.", differ,
      [](certificate::ShownTrace& trace) { trace.events.push_back(trace.events.back()); });
  add("events_left_out_fail", "A shown event was taken away, without its hash in its place.",
      differ, [](certificate::ShownTrace& trace) { trace.events.pop_back(); });
  add("events_hash_fail", "One hash of what is withheld is another.", differ,
      [](certificate::ShownTrace& trace) { trace.withheld[1].bytes[3] ^= 1; });
  cases.push_back(contradicted(
      "events_unfixed_fail", "An execution is withheld, and before the run only files were to be.",
      disclosed_draft({.events = {0, 1, 3}}), after_quote("withheld-unfixed")));
  cases.push_back(contradicted(
      "result_differs_fail", "Another result is shown than committed to.",
      disclosed_otherwise([](certificate::Disclosure& shown) { shown.result->bytes.back() ^= 1; }),
      after_quote("result-differs")));
  Draft unexpected;
  unexpected.before_encoding = [](certificate::Proof& proof) {
    proof.disclosure = certificate::Disclosure{
        .result = certificate::ShownResult{.bytes = {}, .salt = Bytes(32, 1)}, .trace = {}};
  };
  cases.push_back(contradicted("result_unexpected_fail",
                               "A result is shown beside the one that the claim has.", unexpected,
                               after_quote("result-differs")));
}

// A trace beside a certificate that shows none of it.
void add_given_traces(std::vector<Case>& cases) {
  const auto add = [&](std::string name, std::string description, const Codes& failing,
                       std::vector<std::string> lines) {
    Draft draft = disclosed_otherwise([](certificate::Disclosure& shown) { shown.trace.reset(); });
    Case one = contradicted(std::move(name), std::move(description), std::move(draft), failing);
    one.trace.emplace();
    for (const std::string& line : lines) *one.trace += line + "\n";
    cases.push_back(std::move(one));
  };
  const std::vector<std::string> lines = trace_lines();
  add("valid-trace", "The whole trace is at hand, and gives the root.", simulated, lines);
  cases.back().exit_code = 5;
  const Codes differs = after_quote("trace-differs");
  std::vector<std::string> changed = lines;
  changed[7].replace(changed[7].find("/work/7"), 7, "/work/9");
  add("trace_altered_fail", "An event of the trace says another path.", differs, changed);
  changed = lines;
  changed[2].replace(changed[2].find("\"salt\":\"03"), 10, "\"salt\":\"04");
  add("trace_salt_fail", "An event of the trace has another salt.", differs, changed);
  changed = lines;
  std::swap(changed[5], changed[6]);
  add("trace_moved_fail", "Two events of the trace are at each other's place.", differs, changed);
  changed = lines;
  changed.pop_back();
  add("trace_short_fail", "The last event of the trace is missing.", differs, changed);
  changed = lines;
  changed.push_back(lines.back());
  add("trace_long_fail", "The trace has its last event twice.", differs, changed);
  changed = lines;
  changed[3] += " ";
  add("trace_spelling_fail", "A line of the trace is not canonical.",
      after_quote("trace-malformed"), changed);
}

}  // namespace

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  add_valid(cases);
  add_wrong_ids(cases);
  add_wrong_signatures(cases);
  add_second_signatures(cases);
  add_wrong_quotes(cases);
  add_foreign_and_missing_quotes(cases);
  add_wrong_runs(cases);
  add_logged(cases);
  add_disclosed(cases);
  add_wrongly_disclosed(cases);
  add_given_traces(cases);
  add_times(cases);
  add_malformed(cases);
  return cases;
}

std::string case_json(const Case& one) {
  using verifier::inert_json_string;
  std::string failing;
  for (const std::string& code : one.failing) {
    failing += (failing.empty() ? "" : ", ") + inert_json_string(code);
  }
  return "{\n  \"at\": " + inert_json_string(one.at) +
         (one.dataset ? ",\n  \"dataset\": \"dataset.csv\"" : "") +
         ",\n  \"description\": " + inert_json_string(one.description) +
         ",\n  \"exit_code\": " + std::to_string(one.exit_code) + ",\n  \"failing\": [" + failing +
         "]" + (one.log_policy ? ",\n  \"log_policy\": \"log-policy\"" : "") +
         (one.tsa_roots ? ",\n  \"tsa_roots\": \"tsa-roots.pem\"" : "") +
         (one.trace ? ",\n  \"trace\": \"trace.jsonl\"" : "") + "\n}\n";
}

std::string without_ecdsa(ByteView certificate) {
  std::string text(text_of(certificate));
  // The value of the first `member` after `place`.
  const auto erase_value = [&text](std::string_view place, std::string_view member) {
    for (std::size_t at = text.find(place); at != std::string::npos;
         at = text.find(place, at + 1)) {
      const std::size_t begin = text.find(member, at) + member.size();
      text.erase(begin, text.find('"', begin) - begin);
    }
  };
  erase_value("\"tee_quote\":\"", "\"tee_quote\":\"");
  erase_value("\"algorithm\":\"ecdsa-p256-sha256\"", "\"signature\":\"");
  constexpr std::string_view tokens = "\"timestamps\":[";
  if (const std::size_t at = text.find(tokens); at != std::string::npos) {
    const std::size_t begin = at + tokens.size();
    text.erase(begin, text.find(']', begin) - begin);
  }
  return text;
}

}  // namespace mayfly::test
