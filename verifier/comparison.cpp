#include "verifier/comparison.hpp"

#include <algorithm>
#include <array>

#include "certificate/canonical_document.hpp"
#include "certificate/decode.hpp"

namespace mayfly::verifier {
namespace {

using certificate::CanonicalDocument;
using certificate::JsonValue;

constexpr std::string_view claim_path = "statement.predicate.claim.";
constexpr std::string_view run_path = "statement.predicate.run.";

struct PathConcern {
  std::string_view begins;  // of the path below claim or run
  Concern concern;
};
// The first that fits; what is not listed is the question of a claim, the circumstances of a run.
constexpr std::array claim_concerns{
    PathConcern{"result", Concern::answer},
    PathConcern{"execution", Concern::answer},
    PathConcern{"files_used", Concern::environment},
};
constexpr std::array run_concerns{
    PathConcern{"assurance", Concern::environment},   PathConcern{"backend", Concern::environment},
    PathConcern{"confinement", Concern::environment}, PathConcern{"host", Concern::environment},
    PathConcern{"software", Concern::environment},    PathConcern{"tee", Concern::environment},
};

template <std::size_t count>
Concern concern_below(std::string_view path, const std::array<PathConcern, count>& concerns,
                      Concern otherwise) {
  for (const PathConcern& one : concerns) {
    if (path.starts_with(one.begins)) return one.concern;
  }
  return otherwise;
}

Concern concern_of(std::string_view path) {
  if (path.starts_with(claim_path)) {
    path.remove_prefix(claim_path.size());
    const bool is_verdict = path.starts_with("assertions[") && path.ends_with("].verdict");
    return is_verdict ? Concern::answer : concern_below(path, claim_concerns, Concern::question);
  }
  if (path.starts_with(run_path)) {
    path.remove_prefix(run_path.size());
    return concern_below(path, run_concerns, Concern::circumstances);
  }
  return Concern::evidence;
}

class Walk {
 public:
  std::vector<Difference> take() && {
    std::ranges::stable_sort(differences_, {}, &Difference::concern);
    return std::move(differences_);
  }

  // Precondition: both have the same path. Depth is bounded by the format (json depth 32).
  void values(const JsonValue& a, const JsonValue& b) {
    if (std::ranges::equal(a.slice(), b.slice())) return;
    const std::string path = a.path();
    const bool is_leaf = a.kind() != b.kind() || path.ends_with(".result.value") ||
                         path.starts_with("proof.");  // the job's own JSON; each its own proof
    if (!is_leaf && a.kind() == certificate::JsonKind::object) return members(a, b);
    if (!is_leaf && a.kind() == certificate::JsonKind::array && length(a) == length(b)) {
      return entries(a, b);
    }
    add(path, text_of(a.slice()), text_of(b.slice()));
  }

 private:
  static std::size_t length(const JsonValue& array) {
    std::size_t count = 0;
    for (auto child = array.first_child(); child; child = child->next_sibling()) ++count;
    return count;
  }

  void add(std::string path, std::string_view a, std::string_view b) {
    if (differences_.size() >= differences_max) return;
    const Concern concern = concern_of(path);
    differences_.push_back({std::move(path), concern, std::string(a), std::string(b)});
  }

  // Both are sorted by name, and names outside result.value are ASCII.
  void members(const JsonValue& a, const JsonValue& b) {
    auto left = a.first_child();
    auto right = b.first_child();
    while (left || right) {
      if (!right || (left && left->raw_name() < right->raw_name())) {
        add(left->path(), text_of(left->slice()), {});
        left = left->next_sibling();
      } else if (!left || right->raw_name() < left->raw_name()) {
        add(right->path(), {}, text_of(right->slice()));
        right = right->next_sibling();
      } else {
        values(*left, *right);
        left = left->next_sibling();
        right = right->next_sibling();
      }
    }
  }

  void entries(const JsonValue& a, const JsonValue& b) {
    auto left = a.first_child();
    auto right = b.first_child();
    for (; left && right; left = left->next_sibling(), right = right->next_sibling()) {
      values(*left, *right);
    }
  }

  std::vector<Difference> differences_;
};

bool is_comparable(const Report& report) {
  const Verdict verdict = report.verdict();
  return report.stated && verdict != Verdict::contradicted && verdict != Verdict::malformed &&
         verdict != Verdict::internal;
}

Sameness sameness_of(const Stated& a, const Stated& b) {
  if (a.certificate_id == b.certificate_id) return Sameness::same_certificate;
  if (a.claim_hash == b.claim_hash) return Sameness::same_claim;
  if (a.input_hash != b.input_hash) return Sameness::other_question;
  const bool same_result = a.result_digest == b.result_digest &&
                           a.result_status == b.result_status &&
                           a.result_exit_code == b.result_exit_code && a.assertions == b.assertions;
  return same_result ? Sameness::same_result : Sameness::other_result;
}

}  // namespace

std::string_view to_string(Concern concern) {
  switch (concern) {
    case Concern::question: return "question";
    case Concern::answer: return "answer";
    case Concern::environment: return "environment";
    case Concern::circumstances: return "circumstances";
    case Concern::evidence: return "evidence";
  }
  return "evidence";
}

std::string_view why_it_matters(Concern concern) {
  switch (concern) {
    case Concern::question: return "It matters: another question was asked.";
    case Concern::answer: return "It matters: the answer is another one.";
    case Concern::environment: return "It may matter: the job ran in another environment.";
    case Concern::circumstances: return "It does not matter: true of each run alone.";
    case Concern::evidence: return "It does not matter: each certificate proves its own run.";
  }
  return "";
}

std::string_view to_string(Sameness sameness) {
  switch (sameness) {
    case Sameness::same_certificate: return "same-certificate";
    case Sameness::same_claim: return "same-claim";
    case Sameness::same_result: return "same-result";
    case Sameness::other_result: return "other-result";
    case Sameness::other_question: return "other-question";
    case Sameness::not_comparable: return "not-comparable";
  }
  return "not-comparable";
}

std::string_view explain(Sameness sameness) {
  switch (sameness) {
    case Sameness::same_certificate: return "These are the same certificate.";
    case Sameness::same_claim:
      return "Two runs of the same question, and the same answer: one reproduces the other.";
    case Sameness::same_result:
      return "The same question and the same result; how it came about differs.";
    case Sameness::other_result: return "The same question, and another answer.";
    case Sameness::other_question:
      return "These answer different questions: their results cannot be compared.";
    case Sameness::not_comparable:
      return "Nothing was compared: one of them is no certificate, or contradicts itself.";
  }
  return "";
}

int exit_code(Sameness sameness) {
  switch (sameness) {
    case Sameness::same_certificate:
    case Sameness::same_claim: return 0;
    case Sameness::same_result:
    case Sameness::other_result: return 1;
    case Sameness::not_comparable: return 2;
    case Sameness::other_question: return 3;
  }
  return 2;
}

Comparison compare(ByteView a, ByteView b, const Policy& policy, UnixMillis now) {
  Comparison comparison{.outcome = Sameness::not_comparable,
                        .a = verify(a, policy, now, {}),
                        .b = verify(b, policy, now, {}),
                        .differences = {}};
  if (!is_comparable(comparison.a) || !is_comparable(comparison.b)) return comparison;
  const auto left = CanonicalDocument::parse(a);
  const auto right = CanonicalDocument::parse(b);
  if (!left || !right) return comparison;
  Walk walk;
  walk.values(left->root(), right->root());
  comparison.differences = std::move(walk).take();
  comparison.outcome = sameness_of(*comparison.a.stated, *comparison.b.stated);
  return comparison;
}

}  // namespace mayfly::verifier
