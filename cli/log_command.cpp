// `mayfly log`: show, export and recount a transparency log.
#include <algorithm>
#include <array>
#include <memory>

#include "api/loopback_client.hpp"
#include "api/witness_server.hpp"
#include "base/file_io.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_text.hpp"
#include "cli/log_files.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"
#include "cli/state_folder.hpp"
#include "cli/workshop.hpp"
#include "store/log_key.hpp"
#include "store/witness_store.hpp"

namespace mayfly::cli {
namespace {

using transparency::RunEnd;
using transparency::RunFacts;

std::string_view end_word(const RunFacts& run) {
  switch (run.end) {
    case RunEnd::result: return "result";
    case RunEnd::abort: return "abort";
    case RunEnd::none: return "open";
  }
  return "open";
}

void print_runs_json(const transparency::AttemptIndex& index) {
  for (const RunFacts& run : index.runs()) {
    print(
        "{{\"dataset_hash\":{},\"end\":{},\"input_hash\":{},\"intent_index\":{},\"number\":{},"
        "\"reason\":{},\"run_id\":{}}}\n",
        json_text(run.dataset_hash), json_text(end_word(run)),
        json_text(crypto::to_text(run.input_hash)), run.intent_index, run.number,
        json_text(run.end_reason), json_text(run.run_id));
  }
}

void print_runs(const transparency::AttemptIndex& index) {
  for (const RunFacts& run : index.runs()) {
    print("{:>6}  {}  {:<6}  attempt {} on {}\n", run.intent_index, run.run_id, end_word(run),
          run.number, run.dataset_hash.substr(0, 7 + 16));
  }
}

struct Totals {
  std::uint64_t results = 0;
  std::uint64_t aborts = 0;
  std::uint64_t open = 0;
};
Totals totals_of(const transparency::AttemptIndex& index) {
  Totals totals;
  for (const RunFacts& run : index.runs()) {
    totals.results += run.end == RunEnd::result ? 1 : 0;
    totals.aborts += run.end == RunEnd::abort ? 1 : 0;
    totals.open += run.end == RunEnd::none ? 1 : 0;
  }
  return totals;
}

enum class LogForm : std::uint8_t { text, json };

Result<int> show_log(LogForm form) {
  TRY(store::Log log, open_log());
  TRY(const transparency::AttemptIndex index, log.attempts());
  if (form == LogForm::json) {
    print_runs_json(index);
    return to_int(ExitCode::ok);
  }
  TRY(const auto checkpoint, log.checkpoint());
  print("key   {}\nsize  {}\n", to_text(log.key()), checkpoint ? checkpoint->checkpoint.size : 0);
  print_runs(index);
  const Totals totals = totals_of(index);
  if (totals.open != 0) {
    say("{} without an end: still running, or lost\n", totals.open);
  }
  return to_int(ExitCode::ok);
}

Result<void> write_below(const std::filesystem::path& folder, const std::string& path,
                         ByteView bytes) {
  const std::filesystem::path file = folder / path;
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) {
    return fail(ErrorCode::unavailable,
                "making the folder " + file.parent_path().string() + ": " + error.message());
  }
  return write_file(file, bytes);
}

Result<int> export_to(const std::filesystem::path& folder) {
  TRY(store::Log log, open_log());
  TRY(const auto checkpoint, log.checkpoint());
  if (!checkpoint) return fail(ErrorCode::rejected, "the log is empty: nothing to export");
  for (const auto& name : transparency::tiles_of(checkpoint->checkpoint.size)) {
    TRY(const auto tile, log.tile(name));
    if (!tile) return fail(ErrorCode::internal, "the log lacks a tile of its own size");
    CHECK_OK(write_below(folder, tile_path(name), *tile));
  }
  // Last, so that it never speaks of tiles that are not there yet.
  CHECK_OK(write_below(folder, "checkpoint", bytes_of(to_text(checkpoint->note))));
  print("{} entries\n", checkpoint->checkpoint.size);
  return to_int(ExitCode::ok);
}

transparency::Fetch files_at(std::string url) {
  if (!url.ends_with('/')) url += '/';
  return [url](const std::string& path) -> Result<Bytes> {
    TRY(api::LoopbackAnswer answer, api::ask_loopback("GET", url + path, {}, log_file_bytes_max));
    if (answer.status != 200) {
      return fail(ErrorCode::unavailable, url + path + " answers " + std::to_string(answer.status));
    }
    return std::move(answer.body);
  };
}

struct LogVerifyOptions {
  std::string place;
  std::string key;
  bool json = false;
};

Result<int> verify_log(const LogVerifyOptions& options) {
  std::optional<transparency::VerifierKey> key;
  if (!options.key.empty()) {
    TRY(key, transparency::parse_verifier_key(options.key));
  }
  TRY(const transparency::LogCopy copy,
      transparency::read_log(api::is_http_url(options.place) ? files_at(options.place)
                                                             : files_below(options.place)));
  if (key) CHECK_OK(verify_log_signature(copy.newest, *key));
  const Totals totals = totals_of(copy.index);
  const auto& checkpoint = copy.newest.checkpoint;
  if (options.json) {
    print(
        "{{\"aborts\":{},\"entries\":{},\"foreign\":{},\"open\":{},\"origin\":{},\"results\":{},"
        "\"root\":{},\"runs\":{},\"signature_checked\":{}}}\n",
        totals.aborts, checkpoint.size, copy.foreign, totals.open, json_text(checkpoint.origin),
        totals.results, json_text(crypto::to_text(checkpoint.root)), copy.index.runs().size(),
        key.has_value());
  } else {
    print(
        "{} entries lead to the checkpoint: {} runs, {} with a result, {} aborted, {} without an "
        "end\n",
        checkpoint.size, copy.index.runs().size(), totals.results, totals.aborts, totals.open);
    if (!key) say("the checkpoint's signature was not checked: give --key\n");
  }
  return to_int(ExitCode::ok);
}

struct RevokeOptions {
  std::string certificate;
  std::string key;
  std::string measurement;
  std::string reason;
};

Result<transparency::RevocationEntry> revocation_of(const RevokeOptions& options) {
  using transparency::RevokedThing;
  const std::array given{std::pair(RevokedThing::certificate, &options.certificate),
                         std::pair(RevokedThing::key, &options.key),
                         std::pair(RevokedThing::measurement, &options.measurement)};
  const auto is_given = [](const auto& each) { return !each.second->empty(); };
  if (std::ranges::count_if(given, is_given) != 1) {
    return fail(ErrorCode::malformed, "give one of --certificate, --key and --measurement");
  }
  const auto& [kind, value] = *std::ranges::find_if(given, is_given);
  transparency::RevocationEntry entry{.kind = kind, .value = *value, .reason = options.reason};
  auto good = transparency::check_revocation(entry);
  if (!good) {
    return std::unexpected(
        std::move(good).error().while_doing("--" + std::string(to_string(kind))));
  }
  return entry;
}

Result<int> revoke_in_log(const RevokeOptions& options) {
  TRY(transparency::RevocationEntry entry, revocation_of(options));
  TRY(store::Log log, open_log());
  TRY(const store::Appended appended, log.append(std::move(entry)));
  say("entry {}: whoever verifies with a copy of this log from now on is told\n", appended.index);
  return to_int(ExitCode::ok);
}

void add_revoke(Verb log, Action& chosen) {
  auto options = std::make_shared<RevokeOptions>();
  Verb verb = log.add_verb("revoke", "say in the log not to rely on something any more, for good");
  verb.add_option("--certificate", options->certificate, "one certificate").type_name("ID");
  verb.add_option("--key", options->key, "all that this key signed (run.signer, run.signer_p256)")
      .type_name("HEX");
  verb.add_option("--measurement", options->measurement,
                  "all that this program of Mayfly's made (run.software)")
      .type_name("SHA256");
  verb.add_option("--reason", options->reason, "one word, as in key-compromised or wrong-dataset")
      .required()
      .type_name("WORD");
  choose(verb, chosen, [options] { return revoke_in_log(*options); });
}

struct WitnessVerbOptions {
  std::string policy;
  std::string name;
  std::uint16_t port = 8421;
};

Result<int> witness(const WitnessVerbOptions& verb_options) {
  TRY(auto policy, log_policy_option(verb_options.policy));
  TRY(const std::filesystem::path folder, state_folder());
  TRY(const transparency::NoteSigner signer,
      store::open_key_file(folder / "witness.key", verb_options.name,
                           transparency::KeyType::cosignature_v1));
  TRY(store::WitnessStore state, store::WitnessStore::open(folder / "witness"));
  api::WitnessOptions options{.listen = {.port = verb_options.port},
                              .logs = policy->logs,
                              .on_listening = {},
                              .log = [](std::string_view line) { say("{}\n", line); },
                              .now = system_clock_now};
  options.on_listening = [&](const api::ListenAddress& address) {
    print("key {}\nlistening on http://{}:{}\n", to_text(signer.key()), address.address,
          address.port);
    static_cast<void>(flush_out());  // finish() tells
  };
  TRY(const Interrupt interrupt, Interrupt::install());
  CHECK_OK(api::serve_witness(options, signer, state, interrupt.fd()));
  return to_int(ExitCode::ok);
}

}  // namespace

void add_log(Verb program, Action& chosen) {
  Verb verb = program.add_verb("log", "the transparency log: who tried what, how often");
  verb.needs_verb();

  Verb show_verb = verb.add_verb("show", "this machine's log: its key and its runs");
  auto json = std::make_shared<bool>(false);
  show_verb.add_flag("--json", *json, "one JSON object per run");
  choose(show_verb, chosen, [json] { return show_log(*json ? LogForm::json : LogForm::text); });

  Verb export_verb =
      verb.add_verb("export", "write the log's tiles, for others to verify and to serve");
  auto folder = std::make_shared<std::string>();
  export_verb.add_option("folder", *folder, "where to").required().type_name("FOLDER");
  choose(export_verb, chosen, [folder] { return export_to(*folder); });

  Verb verify_verb =
      verb.add_verb("verify", "recount a log from its tiles alone, against its checkpoint");
  auto options = std::make_shared<LogVerifyOptions>();
  verify_verb.add_option("place", options->place, "a folder, or http://127.0.0.1:PORT/log")
      .required()
      .type_name("FOLDER|URL");
  verify_verb.add_option("--key", options->key, "the log's verifier key, to check who signed")
      .type_name("NAME+ID+KEY");
  verify_verb.add_flag("--json", options->json, "one JSON object");
  choose(verify_verb, chosen, [options] { return verify_log(*options); });

  add_revoke(verb, chosen);

  Verb witness_verb = verb.add_verb(
      "witness", "cosign the logs of a policy as long as they only grow; on 127.0.0.1");
  auto witness_options = std::make_shared<WitnessVerbOptions>();
  witness_verb.add_option("--log-policy", witness_options->policy, "lists the logs to watch")
      .required()
      .type_name("FILE");
  witness_verb.add_option("--name", witness_options->name, "of its key, when it is made");
  witness_verb.add_option("--port", witness_options->port, "0 lets the system choose")
      .between(0, 65535)
      .shows_default();
  choose(witness_verb, chosen, [witness_options] { return witness(*witness_options); });
}

}  // namespace mayfly::cli
