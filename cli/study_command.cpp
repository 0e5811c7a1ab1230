// `mayfly study`: how many runs, fixed before the first of them.
#include <array>
#include <memory>

#include "api/query.hpp"
#include "base/text_encoding.hpp"
#include "cli/command.hpp"
#include "cli/dataset_hash.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/json_text.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"
#include "cli/study.hpp"
#include "crypto/random.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t plan_bytes_max = std::size_t{1024} * 1024;

std::string fresh_study_id() {
  std::array<std::uint8_t, 16> random{};
  crypto::fill_random(random);
  return "study_" + hex_encode(random);
}

struct StudyOptions {
  std::string dataset;
  std::string plan;
  std::uint64_t runs = 0;
};

Result<int> create_study(const StudyOptions& options) {
  transparency::StudyEntry study{.study_id = fresh_study_id(), .plan = {}, .dataset_hash = {}};
  study.runs = options.runs;
  auto plan = read_regular_file(options.plan, plan_bytes_max);
  if (!plan) return std::unexpected(std::move(plan).error().while_doing("--plan"));
  study.plan = crypto::sha256(*plan);
  // By hash, for whoever plans without holding the data.
  if (api::is_sha256_text(options.dataset)) {
    study.dataset_hash = options.dataset;
  } else {
    TRY(study.dataset_hash, dataset_hash(options.dataset));
  }
  TRY(store::Log log, open_log());
  TRY(const store::Appended appended, log.append(study));
  print("{}\n", study.study_id);
  say("logged as entry {}: {} runs on {}, by the plan {}\n", appended.index, study.runs,
      study.dataset_hash, crypto::to_text(study.plan));
  return to_int(ExitCode::ok);
}

Result<int> close(const std::string& id) {
  TRY(store::Log log, open_log());
  TRY(const crypto::Sha256 leaf, study_leaf(log, id));
  CHECK_OK(log.append(transparency::StudyCloseEntry{.study_id = id, .study = leaf}));
  say("closed: no further run belongs to it\n");
  return to_int(ExitCode::ok);
}

Result<int> show_study(const std::string& id) {
  TRY(store::Log log, open_log());
  TRY(const crypto::Sha256 leaf, study_leaf(log, id));
  TRY(const transparency::AttemptIndex index, log.attempts());
  const auto counts = index.study(leaf);
  if (!counts) return fail(ErrorCode::internal, "the log lost a study");
  print(
      "{{\"closed\":{},\"entry\":{},\"finished\":{},\"planned\":{},\"started\":{},"
      "\"study_id\":{}}}\n",
      counts->is_closed, json_text(crypto::to_text(leaf)), counts->finished, counts->planned,
      counts->started, json_text(id));
  return to_int(ExitCode::ok);
}

}  // namespace

Result<crypto::Sha256> study_leaf(store::Log& log, const std::string& study_id) {
  TRY(const transparency::AttemptIndex index, log.attempts());
  const auto leaf = index.study_leaf(study_id);
  if (!leaf) {
    return fail(ErrorCode::malformed, "this machine's log has no study \"" + study_id +
                                          "\"; mayfly study create prints its id");
  }
  return *leaf;
}

void add_study(Verb program, Action& chosen) {
  Verb verb = program.add_verb("study", "fix how many runs there will be, before the first");
  verb.needs_verb();

  Verb create_verb = verb.add_verb("create", "log a plan; prints the study's id");
  auto options = std::make_shared<StudyOptions>();
  create_verb.add_option("--dataset", options->dataset, "what it is about: a path or sha256:...")
      .required()
      .type_name("PATH|HASH");
  create_verb.add_option("--plan", options->plan, "what is measured, by which rule; only hashed")
      .required()
      .type_name("FILE");
  create_verb.add_option("--runs", options->runs, "how many").required().between(1, 1'000'000);
  choose(create_verb, chosen, [options] { return create_study(*options); });

  auto closed = std::make_shared<std::string>();
  Verb close_verb = verb.add_verb("close", "no further run belongs to it");
  close_verb.add_option("id", *closed, "study_...").required();
  choose(close_verb, chosen, [closed] { return close(*closed); });

  auto shown = std::make_shared<std::string>();
  Verb show_verb = verb.add_verb("show", "planned, started, finished, as JSON");
  show_verb.add_option("id", *shown, "study_...").required();
  choose(show_verb, chosen, [shown] { return show_study(*shown); });
}

}  // namespace mayfly::cli
