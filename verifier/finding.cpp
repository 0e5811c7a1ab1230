#include "verifier/finding.hpp"

#include <array>
#include <utility>

namespace mayfly::verifier {
namespace {

constexpr auto pass = State::pass;
constexpr auto failed = State::fail;
constexpr auto skip = State::skip;
constexpr auto unknown = State::unknown;

constexpr std::string_view ask_again =
    "Ask its issuer for the certificate again; do not rely on "
    "this one.";

constexpr std::array<CodeMeaning, code_count> meanings{{
    {Code::parse_ok, "parse-ok", Stage::parse, pass, Effect::none,
     "The bytes are one JSON document in canonical form.", ""},
    {Code::parse_not_canonical, "parse-not-canonical", Stage::parse, failed, Effect::malformed,
     "The bytes are not one JSON document in canonical form.",
     "Use the file exactly as it was issued: no reformatting, no added line end, nothing cut off."},
    {Code::parse_too_large, "parse-too-large", Stage::parse, failed, Effect::malformed,
     "The document is over a size limit of the format.",
     "Check that this is a certificate and not another file."},
    {Code::schema_ok, "schema-ok", Stage::schema, pass, Effect::none,
     "Every member is known, present and of its type.", ""},
    {Code::schema_broken, "schema-broken", Stage::schema, failed, Effect::malformed,
     "The document is not a mayfly/certificate/v1.",
     "Check that this is a certificate; one of a newer format needs a newer verifier."},
    {Code::ids_ok, "ids-ok", Stage::ids, pass, Effect::none,
     "The id and all hashes are those of the certificate's own bytes.", ""},
    {Code::certificate_id_differs, "certificate-id-differs", Stage::ids, failed,
     Effect::contradicted, "The certificate id is not the hash of the statement.", ask_again},
    {Code::claim_hash_differs, "claim-hash-differs", Stage::ids, failed, Effect::contradicted,
     "The claim hash is not the hash of the claim.", ask_again},
    {Code::sandbox_hash_differs, "sandbox-hash-differs", Stage::ids, failed, Effect::contradicted,
     "The sandbox hash is not the hash of the sandbox description.", ask_again},
    {Code::input_hash_differs, "input-hash-differs", Stage::ids, failed, Effect::contradicted,
     "The input hash is not the hash of the inputs.", ask_again},
    {Code::subject_differs, "subject-differs", Stage::ids, failed, Effect::contradicted,
     "The statement's subjects are not the claim, the dataset and the result.", ask_again},
    {Code::tee_kind_differs, "tee-kind-differs", Stage::ids, failed, Effect::contradicted,
     "The statement and the proof name different kinds of TEE.", ask_again},
    {Code::assertion_differs, "assertion-differs", Stage::ids, failed, Effect::contradicted,
     "An assertion's verdict does not follow from the result.", ask_again},
    {Code::truncation_differs, "truncation-differs", Stage::ids, failed, Effect::contradicted,
     "Whether the result was cut does not follow from what was printed and what may be kept.",
     ask_again},
    {Code::result_value_unreadable, "result-value-unreadable", Stage::ids, failed,
     Effect::contradicted,
     "The certificate shows a JSON value for a result that is not JSON or was cut.", ask_again},
    {Code::result_value_exact, "result-value-exact", Stage::ids, pass, Effect::none,
     "The JSON value shown is the result, byte for byte.", ""},
    {Code::result_value_unproven, "result-value-unproven", Stage::ids, unknown, Effect::none,
     "The JSON value shown is the measured environment's reading of the result; its digest covers "
     "the raw bytes, which are not here.",
     "Whoever holds the raw result can compare its SHA-256 with the result digest."},
    {Code::dataset_matches, "dataset-matches", Stage::dataset, pass, Effect::none,
     "The certificate is about the dataset given.", ""},
    {Code::dataset_differs, "dataset-differs", Stage::dataset, failed, Effect::contradicted,
     "The certificate is about another dataset than the one given.",
     "Check that the dataset is exactly the one that was sent, byte for byte."},
    {Code::dataset_not_given, "dataset-not-given", Stage::dataset, skip, Effect::none,
     "No dataset was given to compare.",
     "Give --dataset to check that the certificate is about your data."},
    {Code::signature_ok, "signature-ok", Stage::signature, pass, Effect::none,
     "The statement is signed by the key that it names.", ""},
    {Code::signature_missing, "signature-missing", Stage::signature, failed, Effect::contradicted,
     "There is no Ed25519 signature by the key that the statement names.", ask_again},
    {Code::signature_wrong, "signature-wrong", Stage::signature, failed, Effect::contradicted,
     "A signature is not one over this statement by the key that the statement names.", ask_again},
    {Code::second_signature_ok, "second-signature-ok", Stage::signature, pass, Effect::none,
     "The second signature, for other tools, is one by the P-256 key that the statement names.",
     ""},
    {Code::second_signature_missing, "second-signature-missing", Stage::signature, failed,
     Effect::contradicted, "There is no ECDSA signature by the P-256 key that the statement names.",
     ask_again},
    {Code::second_signature_wrong, "second-signature-wrong", Stage::signature, failed,
     Effect::contradicted,
     "An ECDSA signature is not one over this statement by the P-256 key that it names.",
     ask_again},
    {Code::second_signature_form, "second-signature-form", Stage::signature, failed,
     Effect::contradicted,
     "An ECDSA signature is not in its one form: strict DER, with the lower of its two values.",
     ask_again},
    {Code::second_signer_differs, "second-signer-differs", Stage::signature, failed,
     Effect::contradicted,
     "An ECDSA signature is by another P-256 key than the statement names, or it names none.",
     ask_again},
    {Code::signer_refused, "signer-refused", Stage::signature, failed, Effect::refused,
     "The policy does not list the key that signed the statement.",
     "Compare the key with its owner's, and add it to the policy."},
    {Code::quote_chain_ok, "quote-chain-ok", Stage::quote, pass, Effect::none,
     "The quote is signed by genuine hardware: its chain ends in a trusted root.", ""},
    {Code::quote_simulated, "quote-simulated", Stage::quote, failed, Effect::unattested,
     "The quote is simulated: its signatures fit together, but anyone can make one.",
     "For proof by hardware, run the job on a machine with a TEE."},
    {Code::quote_provider_signed, "quote-provider-signed", Stage::quote, failed, Effect::unattested,
     "A cloud provider says that hardware protects the machine; the hardware's own evidence is not "
     "there.",
     "For proof by hardware, have the run quoted by the TEE itself."},
    {Code::quote_missing, "quote-missing", Stage::quote, unknown, Effect::inconclusive,
     "There is no quote in the certificate.", "Ask its issuer for the certificate with its quote."},
    {Code::quote_format_unknown, "quote-format-unknown", Stage::quote, unknown,
     Effect::inconclusive, "The quote is of a format that this verifier does not know.",
     "Use a newer verifier."},
    {Code::quote_malformed, "quote-malformed", Stage::quote, failed, Effect::contradicted,
     "The quote's bytes are not a quote of the format that the certificate names.", ask_again},
    {Code::quote_not_genuine, "quote-not-genuine", Stage::quote, failed, Effect::contradicted,
     "The quote is not signed by a chain that ends in a trusted root.", ask_again},
    {Code::quote_kind_differs, "quote-kind-differs", Stage::quote, failed, Effect::contradicted,
     "The quote is of another kind of TEE than the statement says.", ask_again},
    {Code::quote_kind_refused, "quote-kind-refused", Stage::quote, failed, Effect::refused,
     "The policy does not accept this kind of TEE.",
     "Run the job in a TEE of a kind that the policy accepts."},
    {Code::quote_chain_not_valid_at_time, "quote-chain-not-valid-at-time", Stage::quote, unknown,
     Effect::inconclusive, "The quote's certificate chain is not valid at the time of appraisal.",
     "Give --at with a time at which you know that the certificate existed."},
    {Code::quote_age_refused, "quote-age-refused", Stage::quote, failed, Effect::refused,
     "The evidence was made too long before the time of appraisal, or after it.",
     "Give --at with a time at which you know that the certificate existed."},
    {Code::quote_part_missing, "quote-part-missing", Stage::quote, unknown, Effect::inconclusive,
     "Something that is needed to judge the evidence is missing.",
     "Ask its issuer for the certificate with all parts of its evidence."},
    {Code::report_data_ok, "report-data-ok", Stage::report_data, pass, Effect::none,
     "The quote was made for exactly this statement, signing key and nonce.", ""},
    {Code::report_data_differs, "report-data-differs", Stage::report_data, failed,
     Effect::contradicted,
     "The quote was made for something else than this statement, signing key and nonce.",
     ask_again},
    {Code::measurement_accepted, "measurement-accepted", Stage::measurement, pass, Effect::none,
     "The measured environment is one that the policy accepts.", ""},
    {Code::measurement_unknown, "measurement-unknown", Stage::measurement, failed, Effect::refused,
     "The policy does not know the measured environment.",
     "Rebuild the environment from source, compare its measurements, and add them to the policy."},
    {Code::measurement_simulated, "measurement-simulated", Stage::measurement, skip, Effect::none,
     "A simulated quote measures nothing.", ""},
    {Code::event_log_accounts, "event-log-accounts", Stage::measurement, pass, Effect::none,
     "The boot log leads to the quoted values: what was measured is known, event by event.", ""},
    {Code::event_log_differs, "event-log-differs", Stage::measurement, failed, Effect::contradicted,
     "The boot log does not lead to the quoted values.", ask_again},
    {Code::event_log_refused, "event-log-refused", Stage::measurement, failed, Effect::refused,
     "The boot log has something that the policy does not accept.",
     "Look at the events; if they are meant to be so, say it in the policy."},
    {Code::td_not_debug, "td-not-debug", Stage::tcb, pass, Effect::none,
     "The TEE does not run in debug mode.", ""},
    {Code::td_debug, "td-debug", Stage::tcb, failed, Effect::unattested,
     "The TEE runs in debug mode: its host can read and change its memory.",
     "Run the job in a TEE without debug."},
    {Code::td_attributes_refused, "td-attributes-refused", Stage::tcb, failed, Effect::refused,
     "The TEE runs with attributes that the policy refuses.",
     "Run the job in a TEE with the standard attributes."},
    {Code::platform_refused, "platform-refused", Stage::tcb, failed, Effect::refused,
     "The policy does not list the machine that the quote is of.",
     "Compare the machine's PPID with its owner's, and add it to the policy."},
    {Code::tcb_accepted, "tcb-accepted", Stage::tcb, pass, Effect::none,
     "The hardware's firmware is at a level that the policy accepts.", ""},
    {Code::tcb_refused, "tcb-refused", Stage::tcb, failed, Effect::refused,
     "The hardware's firmware is not at a level that the policy accepts.",
     "Have the machine's firmware updated, or accept its advisories in the policy."},
    {Code::collateral_not_genuine, "collateral-not-genuine", Stage::tcb, failed,
     Effect::contradicted,
     "The vendor's lists in the certificate are not the vendor's, or not for this hardware.",
     ask_again},
    {Code::collateral_not_valid_at_time, "collateral-not-valid-at-time", Stage::tcb, failed,
     Effect::refused, "The vendor's lists are not valid at the time of appraisal.",
     "Give --at with a time at which you know that the certificate existed."},
    {Code::tcb_not_evaluated, "tcb-not-evaluated", Stage::tcb, unknown, Effect::inconclusive,
     "Whether the hardware's firmware was up to date is not known: the certificate carries no "
     "collateral.",
     "Ask its issuer for the certificate with collateral."},
    {Code::tcb_waived, "tcb-waived", Stage::tcb, skip, Effect::none,
     "The policy does not ask whether the hardware's firmware was up to date.", ""},
    {Code::tcb_simulated, "tcb-simulated", Stage::tcb, skip, Effect::none,
     "A simulated quote has no firmware to appraise.", ""},
    {Code::lifecycle_ok, "lifecycle-ok", Stage::lifecycle, pass, Effect::none,
     "The run's events are in order.", ""},
    {Code::lifecycle_disordered, "lifecycle-disordered", Stage::lifecycle, failed,
     Effect::contradicted, "The run's events are not in order.", ask_again},
    {Code::timestamp_differs, "timestamp-differs", Stage::lifecycle, failed, Effect::contradicted,
     "The certificate's timestamp is not the signed end of its run.", ask_again},
    {Code::wipe_ok, "wipe-ok", Stage::lifecycle, pass, Effect::none,
     "The run says that the dataset was destroyed and that nothing was left.", ""},
    {Code::wipe_residue, "wipe-residue", Stage::lifecycle, failed, Effect::contradicted,
     "The run says that something was left after the dataset was destroyed.",
     "Treat the dataset as disclosed to the machine that ran the job."},
    {Code::wipe_incomplete, "wipe-incomplete", Stage::lifecycle, failed, Effect::contradicted,
     "The run destroyed less than the dataset, or did not look at what was left.",
     "Treat the dataset as disclosed to the machine that ran the job."},
    {Code::log_absent, "log-absent", Stage::log, skip, Effect::none,
     "The certificate is in no transparency log: others may have been shown other certificates.",
     ""},
    {Code::log_included, "log-included", Stage::log, pass, Effect::none,
     "The run was announced in the log that the statement names before it began, and its end is "
     "there too.",
     ""},
    {Code::log_missing, "log-missing", Stage::log, unknown, Effect::inconclusive,
     "The statement counts attempts in a log, and the proof that the run is in it is missing.",
     "Ask its issuer for the whole certificate."},
    {Code::log_required, "log-required", Stage::log, failed, Effect::refused,
     "The log policy asks for a log, and the certificate is in none.",
     "Run the job on a service that logs its runs."},
    {Code::log_unexpected, "log-unexpected", Stage::log, failed, Effect::contradicted,
     "There is a log proof, and the statement knows of no log.", ask_again},
    {Code::log_malformed, "log-malformed", Stage::log, failed, Effect::contradicted,
     "The log's key, entry or proof is not one.", ask_again},
    {Code::log_entry_differs, "log-entry-differs", Stage::log, failed, Effect::contradicted,
     "What was logged is about another run than this one.", ask_again},
    {Code::log_signature_wrong, "log-signature-wrong", Stage::log, failed, Effect::contradicted,
     "The checkpoint is not signed by the log that the statement names.", ask_again},
    {Code::log_not_included, "log-not-included", Stage::log, failed, Effect::contradicted,
     "The proof does not lead from the entry to the checkpoint.", ask_again},
    {Code::log_disordered, "log-disordered", Stage::log, failed, Effect::contradicted,
     "Announced, counted, ended: the places in the log are not in that order.", ask_again},
    {Code::log_inconsistent, "log-inconsistent", Stage::log, failed, Effect::contradicted,
     "The log as it was counted, and as it was when the run ended, are not one log.",
     "Keep this certificate: it shows that the log forked."},
    {Code::log_not_trusted, "log-not-trusted", Stage::log, failed, Effect::refused,
     "The log policy does not list this log.",
     "Ask who runs the log, compare its key, and add it to the policy."},
    {Code::witnesses_absent, "witnesses-absent", Stage::witnesses, skip, Effect::none,
     "No independent witness has seen the certificate.", ""},
    {Code::witnesses_operator_only, "operator-only", Stage::witnesses, unknown, Effect::none,
     "Operator-only: no witness is asked for, so whoever runs the log could show others another "
     "one.",
     "Give --log-policy with the witnesses that you trust."},
    {Code::witnesses_met, "witnesses-met", Stage::witnesses, pass, Effect::none,
     "Enough of the policy's witnesses saw this log grow without a fork.", ""},
    {Code::witnesses_too_few, "witnesses-too-few", Stage::witnesses, failed, Effect::refused,
     "Fewer witnesses cosigned than the policy asks for.",
     "Ask its issuer for the certificate with more cosignatures."},
    {Code::witness_signature_wrong, "witness-signature-wrong", Stage::witnesses, failed,
     Effect::contradicted, "A cosignature in the name of a witness is not by it.", ask_again},
    {Code::time_unverified, "time-unverified", Stage::time, unknown, Effect::none,
     "When this happened is only the issuing machine's word.", ""},
    {Code::time_verified, "time-verified", Stage::time, pass, Effect::none,
     "A time-stamping authority that you trust says by when the certificate existed.", ""},
    {Code::timestamps_not_checked, "timestamps-not-checked", Stage::time, skip, Effect::none,
     "There are time stamps, and no authority is trusted: they prove nothing.",
     "Name the authorities that you trust, by --tsa-roots or in the policy."},
    {Code::timestamp_required, "timestamp-required", Stage::time, failed, Effect::refused,
     "A time stamp is asked for, and the certificate has none.",
     "Have it stamped: mayfly certificates timestamp."},
    {Code::timestamp_malformed, "timestamp-malformed", Stage::time, failed, Effect::contradicted,
     "A time stamp's bytes are not a token of RFC 3161.", ask_again},
    {Code::timestamp_of_something_else, "timestamp-of-something-else", Stage::time, failed,
     Effect::contradicted, "A time stamp is over something else than this certificate.", ask_again},
    {Code::timestamps_disordered, "timestamps-disordered", Stage::time, failed,
     Effect::contradicted, "A time stamp is earlier than the one that it is over.", ask_again},
    {Code::timestamp_before_run, "timestamp-before-run", Stage::time, failed, Effect::contradicted,
     "The certificate was stamped before the time at which it says that the run ended.", ask_again},
    {Code::timestamp_signature_wrong, "timestamp-signature-wrong", Stage::time, failed,
     Effect::contradicted, "A time stamp is not signed by the authority that it names.", ask_again},
    {Code::timestamp_not_trusted, "timestamp-not-trusted", Stage::time, failed, Effect::refused,
     "A time stamp is of an authority that you do not trust, or that was not one at its time.",
     "Name its root if you trust it, or have the certificate stamped by another."},
    {Code::timestamp_expired, "timestamp-expired", Stage::time, failed, Effect::refused,
     "The certificate of a time stamp's authority expired before anyone stamped over it.",
     "Nothing mends this; the next ones are stamped over in good time."},
    {Code::timestamp_after_appraisal, "timestamp-after-appraisal", Stage::time, failed,
     Effect::inconclusive,
     "A time stamp is from after the time at which the certificate is judged.",
     "Check this machine's clock, or give --at."},
    {Code::time_after_appraisal, "time-after-appraisal", Stage::time, failed, Effect::inconclusive,
     "The certificate says that it was made after the time at which it is judged.",
     "Check this machine's clock, or give --at."},
    {Code::attempts_uncounted, "attempts-uncounted", Stage::attempts, unknown, Effect::none,
     "Uncounted: nothing shows how often the job was tried on this data before.", ""},
    {Code::attempts_counted, "attempts-counted", Stage::attempts, pass, Effect::none,
     "Counted by the measured service over the log, when this run ended.", ""},
    {Code::attempts_impossible, "attempts-impossible", Stage::attempts, failed,
     Effect::contradicted, "The numbers of attempts contradict one another.", ask_again},
    {Code::attempts_recounted, "attempts-recounted", Stage::attempts, pass, Effect::none,
     "Counted again over the log given: the numbers agree.", ""},
    {Code::attempts_differ, "attempts-differ", Stage::attempts, failed, Effect::contradicted,
     "Counted again over the log given: the numbers are others.", ask_again},
    {Code::attempts_other_log, "attempts-other-log", Stage::attempts, failed, Effect::contradicted,
     "The log given is not the one that the certificate is in: another, or forked.",
     "Fetch the log from where others fetch it; if it stays so, keep both: the log forked."},
    {Code::attempts_copy_older, "attempts-copy-older", Stage::attempts, unknown, Effect::none,
     "The log given ends before this run does.", "Fetch the log again."},
    {Code::revocation_ok, "revocation-ok", Stage::revocation, pass, Effect::none,
     "The vendor's lists revoke no key in the quote's chain.", ""},
    {Code::key_revoked, "key-revoked", Stage::revocation, failed, Effect::refused,
     "The vendor has revoked a key in the quote's chain.",
     "Do not rely on what that machine attests."},
    {Code::revocation_not_evaluated, "revocation-not-evaluated", Stage::revocation, unknown,
     Effect::none, "Whether any key in the chain was revoked was not checked.", ""},
    {Code::revoked_in_log, "revoked-in-log", Stage::revocation, failed, Effect::refused,
     "Whoever keeps the log says there not to rely on this certificate any more.",
     "Ask for what replaced it."},
    {Code::not_revoked_in_log, "not-revoked-in-log", Stage::revocation, pass, Effect::none,
     "The log given does not revoke this certificate, its keys or the programs that made it.", ""},
    {Code::disclosures_absent, "disclosures-absent", Stage::disclosures, skip, Effect::none,
     "No event of the trace is shown: the statement only commits to them.", ""},
    {Code::events_shown, "events-shown", Stage::disclosures, pass, Effect::none,
     "Each event shown is in the trace that the statement commits to, at its place.", ""},
    {Code::events_differ, "events-differ", Stage::disclosures, failed, Effect::contradicted,
     "The events shown are not those of the trace: altered, moved, left out or put in.", ask_again},
    {Code::withheld_unfixed, "withheld-unfixed", Stage::disclosures, failed, Effect::contradicted,
     "Events are withheld of a kind of which, before the run, none was to be.",
     "Ask for the certificate with all events of that kind."},
    {Code::result_shown, "result-shown", Stage::disclosures, pass, Effect::none,
     "The result shown is the one that the statement commits to.", ""},
    {Code::result_withheld, "result-withheld", Stage::disclosures, unknown, Effect::none,
     "The result is withheld, as was allowed before the run: nothing here says what it is.",
     "Ask its holder for the certificate with the result."},
    {Code::result_differs, "result-differs", Stage::disclosures, failed, Effect::contradicted,
     "The result shown is not the one that the statement commits to.", ask_again},
    {Code::trace_matches, "trace-matches", Stage::disclosures, pass, Effect::none,
     "The trace given is the one that the statement commits to, whole.", ""},
    {Code::trace_differs, "trace-differs", Stage::disclosures, failed, Effect::contradicted,
     "The trace given is not the one that the statement commits to.",
     "Give the trace of this very run, unchanged."},
    {Code::trace_malformed, "trace-malformed", Stage::disclosures, failed, Effect::contradicted,
     "What was given as the trace is none.", "Give the file that mayfly run --trace wrote."},
    {Code::stage_not_reached, "not-reached", Stage::policy, skip, Effect::none,
     "Not checked: an earlier check failed.", ""},
    {Code::policy_met, "policy-met", Stage::policy, pass, Effect::none,
     "All that the policy asks for is there.", ""},
    {Code::policy_not_met, "policy-not-met", Stage::policy, failed, Effect::refused,
     "The policy asks for more than the certificate shows.", ""},
    {Code::internal_error, "internal-error", Stage::policy, unknown, Effect::internal,
     "The verifier could not finish.", "Report this as a bug, with the certificate."},
}};

consteval bool in_order_of_code() {
  for (std::size_t i = 0; i < meanings.size(); ++i) {
    if (static_cast<std::size_t>(meanings[i].code) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_order_of_code());

constexpr std::array<std::string_view, stage_count> stage_names{
    "parse",       "schema",      "ids",        "dataset",     "signature", "quote",
    "report_data", "measurement", "tcb",        "lifecycle",   "log",       "witnesses",
    "time",        "attempts",    "revocation", "disclosures", "policy"};

}  // namespace

std::span<const CodeMeaning> all_code_meanings() {
  return meanings;
}

const CodeMeaning& meaning_of(Code code) {
  return meanings[static_cast<std::size_t>(code)];
}

std::string_view to_string(Stage stage) {
  return stage_names[static_cast<std::size_t>(stage)];
}

std::string_view to_string(State state) {
  switch (state) {
    case State::pass: return "pass";
    case State::fail: return "fail";
    case State::skip: return "skip";
    case State::unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Effect effect) {
  switch (effect) {
    case Effect::none: return "none";
    case Effect::refused: return "refused";
    case Effect::inconclusive: return "inconclusive";
    case Effect::unattested: return "unattested";
    case Effect::contradicted: return "contradicted";
    case Effect::malformed: return "malformed";
    case Effect::internal: return "internal";
  }
  return "internal";
}

Finding found(Code code, std::string detail) {
  return {.code = code, .stage = meaning_of(code).stage, .detail = std::move(detail)};
}

Finding not_reached(Stage stage) {
  return {.code = Code::stage_not_reached, .stage = stage, .detail = {}};
}

Finding internal_error(Stage stage, std::string detail) {
  return {.code = Code::internal_error, .stage = stage, .detail = std::move(detail)};
}

}  // namespace mayfly::verifier
