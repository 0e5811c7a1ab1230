// The findings of one appraisal: one outcome for every check of its kind of evidence, none left
// out and none evaluated in silence. A check that nobody judged stays `not_evaluated`, and then the
// verdict is not `accepted`.
//
// Use       A kind of evidence has an enum of its checks and specialises CheckTable for it.
// Threads   Plain values.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "attest/model/expectation.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

// `waived`: the policy says "any" and why. `not_evaluated` is never a pass.
enum class FindingOutcome : std::uint8_t { pass, fail, waived, not_evaluated };

enum class CheckStage : std::uint8_t {
  layout,     // is it readable as what it claims to be?
  chain,      // does its key lead to something pinned?
  signature,  // is it what that key signed?
  binding,    // is it about what the caller asked for?
  policy,     // is the machine of an acceptable kind?
};

enum class EvidenceVerdict : std::uint8_t {
  malformed,     // a layout check failed
  rejected,      // readable, and at least one check failed
  inconclusive,  // nothing failed, but something could not be evaluated
  accepted,      // every check passed or was waived by the policy
};

std::string_view to_string(FindingOutcome outcome);
std::string_view to_string(CheckStage stage);
std::string_view to_string(EvidenceVerdict verdict);

struct CheckRow {
  CheckStage stage;
  std::string_view name;
};

// `static const std::array<CheckRow, N> rows`, one row for each value of the enum, in order.
template <class Check>
struct CheckTable;

template <class Check>
struct CheckFinding {
  Check check;
  FindingOutcome outcome = FindingOutcome::not_evaluated;
  std::string detail = "what it looks at could not be read";  // one sentence; empty for a pass

  CheckStage stage() const { return CheckTable<Check>::rows.at(index_of(check)).stage; }
  std::string_view name() const { return CheckTable<Check>::rows.at(index_of(check)).name; }
  static std::size_t index_of(Check check) { return static_cast<std::size_t>(check); }
};

template <class Check>
class Findings {
 public:
  Findings() {
    for (std::size_t i = 0; i < CheckTable<Check>::rows.size(); ++i) {
      all_.push_back({.check = static_cast<Check>(i)});
    }
  }

  const std::vector<CheckFinding<Check>>& all() const { return all_; }
  const CheckFinding<Check>& at(Check check) const {
    return all_.at(CheckFinding<Check>::index_of(check));
  }

  void judge(Check check, const Result<void>& result) {
    if (result) {
      set(check, FindingOutcome::pass, "");
    } else {
      set(check, FindingOutcome::fail, result.error().message());
    }
  }
  void pass_if(Check check, bool condition, std::string_view otherwise) {
    set(check, condition ? FindingOutcome::pass : FindingOutcome::fail,
        condition ? std::string() : std::string(otherwise));
  }
  void fail(Check check, std::string why) { set(check, FindingOutcome::fail, std::move(why)); }
  void leave_out(Check check, std::string why) {
    set(check, FindingOutcome::not_evaluated, std::move(why));
  }
  void waive(Check check, const Any& waiver) {
    if (waiver.reason.empty()) {
      set(check, FindingOutcome::fail, "the policy waives this check without a reason");
    } else {
      set(check, FindingOutcome::waived, waiver.reason);
    }
  }
  // `test` is called with what is expected, unless nothing is.
  template <class T, class Test>
  void expect(Check check, const Expected<T>& expected, Test test) {
    if (const Any* waiver = std::get_if<Any>(&expected)) {
      waive(check, *waiver);
    } else {
      judge(check, test(std::get<T>(expected)));
    }
  }

  bool any_failed() const {
    return std::ranges::any_of(
        all_, [](const auto& each) { return each.outcome == FindingOutcome::fail; });
  }
  // Every check of the stage passed or was waived.
  bool holds(CheckStage stage) const {
    return std::ranges::all_of(all_, [stage](const auto& each) {
      return each.stage() != stage || each.outcome == FindingOutcome::pass ||
             each.outcome == FindingOutcome::waived;
    });
  }
  EvidenceVerdict verdict() const {
    for (const auto& each : all_) {
      if (each.stage() == CheckStage::layout && each.outcome == FindingOutcome::fail) {
        return EvidenceVerdict::malformed;
      }
    }
    if (any_failed()) {
      return EvidenceVerdict::rejected;
    }
    const bool is_complete = std::ranges::none_of(
        all_, [](const auto& each) { return each.outcome == FindingOutcome::not_evaluated; });
    return is_complete ? EvidenceVerdict::accepted : EvidenceVerdict::inconclusive;
  }

 private:
  void set(Check check, FindingOutcome outcome, std::string detail) {
    auto& finding = all_.at(CheckFinding<Check>::index_of(check));
    finding.outcome = outcome;
    finding.detail = std::move(detail);
  }

  std::vector<CheckFinding<Check>> all_;
};

}  // namespace mayfly::attest
