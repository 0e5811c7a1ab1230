#include "verifier/disclosure_checks.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "certificate/canonical_document.hpp"
#include "certificate/disclosure.hpp"
#include "transparency/partial_tree.hpp"

namespace mayfly::verifier {
namespace {

using certificate::DecodedCertificate;
using certificate::ShownEvent;
using certificate::ShownTrace;
using Counts = std::map<std::string, std::int64_t>;

Result<std::string> kind_of(const ShownEvent& shown) {
  TRY(const auto document, certificate::CanonicalDocument::parse(bytes_of(shown.event)));
  TRY(const certificate::JsonValue word, document.root().member("event"));
  TRY(const std::string text, word.string());
  return std::string(certificate::kind_of_event(text));
}

crypto::Sha256 leaf_of(const ShownEvent& shown) {
  transparency::TraceSalt salt{};
  std::ranges::copy(shown.salt, salt.begin());  // 16 bytes: decoding refused any other
  return transparency::trace_leaf(salt, bytes_of(shown.event));
}

Result<void> check_root(const certificate::Trace& trace, const ShownTrace& shown) {
  std::vector<transparency::ShownLeaf> leaves;
  leaves.reserve(shown.events.size());
  for (const ShownEvent& event : shown.events) {
    leaves.push_back({static_cast<std::uint64_t>(event.index), leaf_of(event)});
  }
  TRY(const crypto::Sha256 root,
      transparency::partial_root(leaves, shown.withheld, static_cast<std::uint64_t>(trace.size)));
  if (root == trace.root) return {};
  return fail(ErrorCode::rejected, "they lead to another root");
}

// How many events of each kind are withheld. Where the statement does not count kinds, all are of
// one that nobody allowed.
Result<Counts> withheld_of(const certificate::Trace& trace, const ShownTrace& shown) {
  Counts left = trace.kinds;
  std::int64_t sum = 0;
  for (const auto& [kind, count] : left) {
    if (count > trace.size - sum) return fail(ErrorCode::rejected, "the kinds are more than all");
    sum += count;
  }
  if (sum < trace.size) left["of no kind"] = trace.size - sum;
  for (const ShownEvent& event : shown.events) {
    TRY(const std::string kind, kind_of(event));
    const auto of = left.contains(kind) ? left.find(kind) : left.find("of no kind");
    if (of == left.end() || of->second == 0) {
      return fail(ErrorCode::rejected, "more events of a kind are shown than there are");
    }
    --of->second;
  }
  std::erase_if(left, [](const auto& entry) { return entry.second == 0; });
  return left;
}

std::string text_of_counts(const Counts& counts) {
  std::string text;
  for (const auto& [kind, count] : counts) {
    text += (text.empty() ? "" : ", ") + kind + " " + std::to_string(count);
  }
  return text;
}

void judge_events(const DecodedCertificate& decoded, DisclosureJudgement& judged) {
  const certificate::Trace& trace = decoded.statement.run.trace;
  const auto& disclosure = decoded.proof.disclosure;
  if (!disclosure || !disclosure->trace) {
    judged.findings.push_back(found(Code::disclosures_absent));
    judged.shown = "no events";
    return;
  }
  const ShownTrace& shown = *disclosure->trace;
  judged.shown =
      std::to_string(shown.events.size()) + " of " + std::to_string(trace.size) + " events";
  if (const auto checked = check_root(trace, shown); !checked) {
    judged.findings.push_back(found(Code::events_differ, checked.error().message()));
    return;
  }
  const auto withheld = withheld_of(trace, shown);
  if (!withheld) {
    judged.findings.push_back(found(Code::events_differ, withheld.error().message()));
    return;
  }
  if (!withheld->empty()) judged.shown += " (withheld: " + text_of_counts(*withheld) + ")";
  judged.findings.push_back(found(Code::events_shown, judged.shown));
  Counts unfixed = *withheld;
  std::erase_if(unfixed, [&decoded](const auto& entry) {
    return certificate::may_withhold(decoded.statement.claim, entry.first);
  });
  if (!unfixed.empty()) {
    judged.findings.push_back(found(Code::withheld_unfixed, text_of_counts(unfixed)));
  }
}

bool shown_result_is_it(const DecodedCertificate& decoded) {
  const auto& shown = decoded.proof.disclosure->result;
  return certificate::result_commitment(shown->salt, shown->bytes) ==
         decoded.statement.claim.result.digest;
}

void judge_result(const DecodedCertificate& decoded, DisclosureJudgement& judged) {
  const auto& disclosure = decoded.proof.disclosure;
  const bool is_shown = disclosure && disclosure->result;
  if (!certificate::may_withhold(decoded.statement.claim, "result")) {
    if (is_shown) {
      judged.findings.push_back(found(Code::result_differs, "the claim has the result itself"));
    }
    return;
  }
  judged.shown += is_shown ? "; result shown" : "; result withheld";
  if (!is_shown) {
    judged.findings.push_back(found(Code::result_withheld));
    return;
  }
  judged.findings.push_back(
      found(shown_result_is_it(decoded) ? Code::result_shown : Code::result_differs));
}

void judge_given(const certificate::Trace& trace, const GivenTrace& given,
                 DisclosureJudgement& judged) {
  const auto size = static_cast<std::uint64_t>(trace.size);
  if (given.first_malformed) {
    judged.findings.push_back(
        found(Code::trace_malformed,
              "line " + std::to_string(*given.first_malformed) + ": " + given.why_malformed));
    return;
  }
  if (given.size == size && given.root == trace.root) {
    judged.findings.push_back(found(Code::trace_matches, std::to_string(size) + " events"));
    return;
  }
  std::string why =
      "it has " + std::to_string(given.size) + " events, the statement " + std::to_string(size);
  if (given.size == size) why = "lines were exchanged, or are of another trace";
  if (given.stated_root == trace.root && given.first_differing) {
    why = "event " + std::to_string(*given.first_differing) + " is the first that differs";
  }
  judged.findings.push_back(found(Code::trace_differs, std::move(why)));
}

}  // namespace

DisclosureJudgement judge_disclosures(const DecodedCertificate& decoded,
                                      const std::optional<GivenTrace>& trace) {
  DisclosureJudgement judged;
  judge_events(decoded, judged);
  judge_result(decoded, judged);
  if (trace) judge_given(decoded.statement.run.trace, *trace, judged);
  return judged;
}

bool result_is_withheld(const DecodedCertificate& decoded) {
  const auto& disclosure = decoded.proof.disclosure;
  return certificate::may_withhold(decoded.statement.claim, "result") &&
         !(disclosure && disclosure->result);
}

std::optional<std::string> result_value(const DecodedCertificate& decoded) {
  if (!certificate::may_withhold(decoded.statement.claim, "result")) {
    return decoded.statement.claim.result.value;
  }
  if (result_is_withheld(decoded) || !shown_result_is_it(decoded)) return std::nullopt;
  return certificate::value_of(*decoded.proof.disclosure->result);
}

}  // namespace mayfly::verifier
