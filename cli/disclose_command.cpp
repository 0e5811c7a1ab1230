// `mayfly disclose`: a certificate that shows some of what its statement only commits to, and
// visibly withholds the rest. Nothing that is signed changes.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/pending_file.hpp"
#include "certificate/disclosure.hpp"
#include "certificate/field_rules.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/trace_file.hpp"
#include "transparency/partial_tree.hpp"

namespace mayfly::cli {
namespace {

using certificate::DecodedCertificate;
using certificate::ShownEvent;
using certificate::ShownTrace;

struct DiscloseOptions {
  std::string certificate;
  std::string trace;
  std::string events;
  std::string output;
  bool withhold_result = false;
};

// "executions", "0,4-7", "none", "all".
struct Selection {
  std::vector<std::string> kinds;
  std::vector<transparency::LeafRange> ranges;
  bool selects(std::uint64_t index, std::string_view kind) const {
    return std::ranges::find(kinds, kind) != kinds.end() ||
           std::ranges::any_of(ranges, [index](const transparency::LeafRange& range) {
             return range.begin <= index && index < range.end;
           });
  }
};

Result<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error == std::errc{} && end == text.data() + text.size() && index < UINT64_MAX) return index;
  return fail(ErrorCode::malformed,
              "--events: give kinds (" +
                  fmt::format("{}", fmt::join(certificate::event_kinds, ", ")) +
                  "), places (0,4-7), all or none");
}

Result<Selection> parse_events(std::string_view text) {
  Selection selection;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word == "none") continue;
    if (word == "all") {
      selection.kinds.assign(certificate::event_kinds.begin(), certificate::event_kinds.end());
    } else if (std::ranges::find(certificate::event_kinds, word) !=
               certificate::event_kinds.end()) {
      selection.kinds.emplace_back(word);
    } else {
      const std::size_t dash = word.find('-');
      TRY(const std::uint64_t first, parse_index(word.substr(0, dash)));
      std::uint64_t last = first;
      if (dash != std::string_view::npos) {
        TRY(last, parse_index(word.substr(dash + 1)));
      }
      selection.ranges.push_back({first, last + 1});
    }
  }
  return selection;
}

struct Chosen {
  std::vector<std::uint64_t> indices;
  std::map<std::string, std::int64_t> left_out;  // by kind
};

// The first reading: is it the trace, and which events are chosen?
Result<Chosen> choose_events(const DecodedCertificate& decoded, const std::string& path,
                             const Selection& selection) {
  verifier::TraceCheck check;
  Chosen chosen;
  std::uint64_t index = 0;
  CHECK_OK(read_trace_lines(path, [&](std::string_view line) -> Result<void> {
    check.add(line);
    TRY(const verifier::TraceLine parsed, verifier::parse_trace_line(line));
    const std::string_view kind = certificate::kind_of_event(parsed.event_word);
    if (!selection.selects(index, kind)) {
      ++chosen.left_out[std::string(kind)];
    } else if (chosen.indices.size() == certificate::list_entries_max) {
      return fail(ErrorCode::limit, fmt::format("--events: a certificate shows at most {} events",
                                                certificate::list_entries_max));
    } else {
      chosen.indices.push_back(index);
    }
    ++index;
    return {};
  }));
  const verifier::GivenTrace given = std::move(check).finish();
  const certificate::Trace& trace = decoded.statement.run.trace;
  if (given.root != trace.root || given.size != static_cast<std::uint64_t>(trace.size)) {
    return fail(ErrorCode::malformed,
                "--trace " + path +
                    " is not the trace of this certificate's run; verify-cert "
                    "--trace says where it differs");
  }
  return chosen;
}

Result<void> check_withheld(const certificate::Claim& claim, const Chosen& chosen) {
  for (const auto& [kind, count] : chosen.left_out) {
    if (certificate::may_withhold(claim, kind)) continue;
    return fail(ErrorCode::malformed,
                fmt::format("--events: {} events of {} would be withheld, and the run did not say "
                            "--may-withhold {}: choose {} too",
                            count, kind, kind, kind));
  }
  return {};
}

// The second reading.
Result<ShownTrace> show(const DecodedCertificate& decoded, const std::string& path,
                        const std::vector<std::uint64_t>& indices) {
  TRY(const auto ranges,
      transparency::withheld_subtrees(
          indices, static_cast<std::uint64_t>(decoded.statement.run.trace.size)));
  ShownTrace shown;
  transparency::RootBuilder subtree;
  std::uint64_t index = 0;
  auto range = ranges.begin();
  CHECK_OK(read_trace_lines(path, [&](std::string_view line) -> Result<void> {
    TRY(verifier::TraceLine parsed, verifier::parse_trace_line(line));
    if (range != ranges.end() && index >= range->begin) {
      subtree.append(verifier::leaf_of(parsed));
      if (index + 1 == range->end) {
        shown.withheld.push_back(subtree.root());
        subtree = {};
        ++range;
      }
    } else {
      shown.events.push_back({.index = static_cast<std::int64_t>(index),
                              .event = std::move(parsed.event),
                              .salt = Bytes(parsed.salt.begin(), parsed.salt.end())});
    }
    ++index;
    return {};
  }));
  if (shown.events.size() == indices.size() && shown.withheld.size() == ranges.size()) return shown;
  return fail(ErrorCode::unavailable, "the trace " + path + " changed while it was read");
}

Result<certificate::Disclosure> disclosure_from(const DecodedCertificate& decoded,
                                                const DiscloseOptions& options) {
  certificate::Disclosure disclosure = decoded.proof.disclosure.value_or(certificate::Disclosure());
  if (options.withhold_result) {
    if (!certificate::may_withhold(decoded.statement.claim, "result")) {
      return fail(
          ErrorCode::malformed,
          "--withhold-result: the result is in the signed claim, because the run did not say "
          "--may-withhold result");
    }
    disclosure.result.reset();
  }
  if (options.events.empty()) return disclosure;
  if (options.trace.empty()) {
    return fail(ErrorCode::malformed, "--events: add --trace with the file of mayfly run --trace");
  }
  TRY(const Selection selection, parse_events(options.events));
  TRY(const Chosen chosen, choose_events(decoded, options.trace, selection));
  CHECK_OK(check_withheld(decoded.statement.claim, chosen));
  TRY(disclosure.trace, show(decoded, options.trace, chosen.indices));
  return disclosure;
}

Result<int> disclose(const DiscloseOptions& options) {
  TRY(PendingFile output,
      options.output == "-" ? PendingFile::of_descriptor(1) : PendingFile::open(options.output));
  TRY(const Bytes bytes, certificate_argument(options.certificate));
  TRY(const DecodedCertificate decoded, certificate::decode_certificate(bytes));
  TRY(certificate::Disclosure disclosure, disclosure_from(decoded, options));
  TRY(const Bytes written, certificate::with_disclosure(decoded, std::move(disclosure)));
  CHECK_OK(std::move(output).write(written));
  return to_int(ExitCode::ok);
}

}  // namespace

void add_disclose(Verb program, Action& chosen) {
  Verb verb = program.add_verb(
      "disclose", "show some of what a certificate commits to, and visibly withhold the rest");
  auto options = std::make_shared<DiscloseOptions>();
  verb.add_option("certificate", options->certificate, "file, - for standard input, or id")
      .required()
      .type_name("FILE|ID");
  verb.add_option("--trace", options->trace, "the trace that mayfly run --trace wrote")
      .type_name("FILE");
  verb.add_option("--events", options->events,
                  "events to show: executions, files, llm, network, places (0,4-7), all, none")
      .type_name("LIST");
  verb.add_flag("--withhold-result", options->withhold_result,
                "leave the result out, if the run allowed it");
  verb.add_option("-o,--output", options->output, "where to write it; - is standard output")
      .required()
      .type_name("FILE");
  verb.footer(
      "What may be withheld is fixed before a run: mayfly run --may-withhold files,result ...\n"
      "Examples:\n"
      "  mayfly disclose cert.json --trace trace.jsonl --events executions -o shown.json\n"
      "  mayfly disclose cert.json --withhold-result -o without.json");
  choose(verb, chosen, [options] { return disclose(*options); });
}

}  // namespace mayfly::cli
