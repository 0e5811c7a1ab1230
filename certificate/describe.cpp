#include "certificate/describe.hpp"

#include <algorithm>
#include <map>

#include "base/text_encoding.hpp"
#include "certificate/attempt_text.hpp"
#include "certificate/disclosure.hpp"
#include "certificate/json_string.hpp"

namespace mayfly::certificate {
namespace {

constexpr std::size_t shown_text_bytes_max = 200;
constexpr std::size_t printed_result_bytes_max = 2000;
constexpr std::size_t shown_entries_max = 20;
constexpr std::size_t label_width = 16;

std::string shown(std::string_view text) {
  return inert_text(text, shown_text_bytes_max);
}

// Precondition: a well-formed sequence of `length` bytes stands at `at`.
std::uint32_t code_point(std::string_view text, std::size_t at, std::size_t length) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return static_cast<unsigned char>(text[at + i]);
  };
  if (length == 1) return byte(0);
  std::uint32_t value = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3F);
  return value;
}

// Characters that act on a terminal, reorder text, or cannot be seen.
bool is_unsafe(std::uint32_t c) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  static constexpr Range ranges[] = {
      {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x061C, 0x061C},
      {0x115F, 0x1160}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E},
      {0x2060, 0x206F}, {0x3164, 0x3164}, {0xE000, 0xF8FF}, {0xFE00, 0xFE0F},
      {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0xE0000, 0x10FFFF}};
  return std::ranges::any_of(ranges, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

std::string hex_of(std::uint32_t value) {
  std::string text;
  for (; value != 0 || text.empty(); value /= 16) {
    text.insert(text.begin(), "0123456789abcdef"[value % 16]);
  }
  return text;
}

// "1,234,567"
std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::ptrdiff_t first = digits.starts_with('-') ? 1 : 0;
  for (auto at = std::ssize(digits) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return shown(text);
}

class Page {
 public:
  void title(std::string_view text) {
    text_.append(text_.empty() ? "" : "\n").append(text) += '\n';
  }
  void line(std::string_view label, std::string_view value) {
    const std::size_t gap = label.size() < label_width ? label_width - label.size() : 1;
    text_.append("  ").append(label).append(gap, ' ').append(value) += '\n';
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

void describe_commitment(Page& page, const ResultRecord& result,
                         const std::optional<Disclosure>& disclosure) {
  if (disclosure && disclosure->result) {
    page.line("shown", inert_text(text_of(disclosure->result->bytes), printed_result_bytes_max));
  } else {
    page.line("WITHHELD", "the result, as was allowed before the run");
  }
  page.line("commitment", crypto::to_text(result.digest));
}

void describe_result(Page& page, const Claim& claim, const std::optional<Disclosure>& disclosure) {
  const ResultRecord& result = claim.result;
  page.title("Result");
  if (result.value) {
    page.line("value", inert_text(*result.value, printed_result_bytes_max));
  }
  page.line("status", result.status + ", exit code " + std::to_string(result.exit_code));
  if (may_withhold(claim, "result")) {
    describe_commitment(page, result, disclosure);
  } else {
    page.line("digest", crypto::to_text(result.digest));
    page.line("size", grouped(result.size) + " bytes, " + result.media_type);
  }
  if (result.truncated) {
    page.line("CUT", "the job printed more than the " + grouped(claim.limits.output_bytes) +
                         " bytes that are kept; this is their digest");
  }
}

void describe_assertions(Page& page, const Claim& claim) {
  if (claim.assertions.empty()) return;
  page.title("Asserted before the run");
  const std::string_view unknown =
      claim.result.truncated ? "UNKNOWN: the output was cut" : "UNKNOWN: no such number";
  for (const Assertion& assertion : claim.assertions) {
    const std::string_view verdict = assertion.verdict == "true"    ? "holds"
                                     : assertion.verdict == "false" ? "DOES NOT HOLD"
                                                                    : unknown;
    page.line(verdict, assertion.name + " " + assertion.op + " " + assertion.value);
  }
}

void describe_llm(Page& page, const Claim& claim) {
  const LlmAccess& llm = *claim.sandbox.llm;
  page.line("may ask", (claim.models.empty() ? "any model" : joined(claim.models, " ")) + " at " +
                           shown(llm.endpoint));
  page.line("may spend", grouped(llm.calls) + " calls, " + grouped(llm.total_tokens) +
                             " tokens, of them " + grouped(llm.output_tokens) + " written" +
                             (llm.cost_microusd == 0
                                  ? ""
                                  : ", " + grouped(llm.cost_microusd) + " millionths of a USD"));
}

void describe_input(Page& page, const Claim& claim) {
  page.title("What ran over what");
  page.line("dataset", claim.dataset_hash == "none"
                           ? "none"
                           : claim.dataset_hash + ", " + grouped(claim.dataset_bytes) +
                                 " bytes of " + claim.dataset_format);
  for (const Stage& stage : claim.sandbox.stages) {
    page.line(stage.name, joined(stage.command, " ") +
                              (stage.dataset == "none" ? ", without the dataset" : ""));
  }
  page.line("command", joined(claim.sandbox.command, " "));
  const auto& scripts = claim.sandbox.scripts;
  for (std::size_t i = 0; i < std::min(scripts.size(), shown_entries_max); ++i) {
    page.line("script", shown(scripts[i].name) + ", " + crypto::to_text(scripts[i].digest) + ", " +
                            grouped(scripts[i].size) + " bytes");
  }
  if (scripts.size() > shown_entries_max) {
    page.line("", "and " + std::to_string(scripts.size() - shown_entries_max) + " more scripts");
  }
  page.line("tools", claim.sandbox.tools.empty() ? "any program of the image"
                                                 : joined(claim.sandbox.tools, " "));
  page.line("image", shown(claim.sandbox.image) + ", " + grouped(claim.files_used.count) +
                         " files of it used");
  page.line("sandbox", crypto::to_text(claim.sandbox_hash));
  page.line("determinism", claim.determinism);
  if (claim.sandbox.llm) describe_llm(page, claim);
}

// What an absent list means is said by the trace's coverage of that kind of event.
std::string_view why_absent(const Trace& trace, const std::string& kind) {
  const auto coverage = trace.coverage.find(kind);
  return coverage != trace.coverage.end() && coverage->second == "blocked"
             ? "blocked; attempts are not recorded"
             : "not recorded";
}

template <class T, class Line>
void describe_list(Page& page, std::string_view label, std::string_view absent,
                   const std::optional<std::vector<T>>& entries, const Line& line) {
  if (!entries) return page.line(label, absent);
  if (entries->empty()) return page.line(label, "none");
  for (std::size_t i = 0; i < std::min(entries->size(), shown_entries_max); ++i) {
    page.line(i == 0 ? label : "", line((*entries)[i]));
  }
  if (entries->size() > shown_entries_max) {
    page.line("", "and " + std::to_string(entries->size() - shown_entries_max) + " more kinds");
  }
}

struct FileSum {
  std::string op;
  std::int64_t files = 0;
  std::int64_t times = 0;
};

// Paths are hashed, so a line for each would say nothing: how many files, how often.
std::optional<std::vector<FileSum>> sums_of(const std::optional<std::vector<FileOp>>& ops) {
  if (!ops) return std::nullopt;
  std::map<std::string, FileSum> by_op;
  for (const FileOp& op : *ops) {
    FileSum& sum = by_op[op.op];
    sum.op = op.op;
    ++sum.files;
    sum.times += op.count;
  }
  std::vector<FileSum> sums;
  sums.reserve(by_op.size());
  for (auto& [op, sum] : by_op) sums.push_back(std::move(sum));
  return sums;
}

void describe_execution(Page& page, const Execution& execution, const Trace& trace) {
  page.title("What it did");
  describe_list(page, "programs", why_absent(trace, "executions"), execution.tool_uses,
                [](const ToolUse& use) {
                  return shown(use.tool) + (use.script ? " (" + shown(*use.script) + ")" : "") +
                         ": " + grouped(use.count) + " times, exit code " +
                         std::to_string(use.exit_code);
                });
  describe_list(page, "LLM calls", why_absent(trace, "llm"), execution.llm_calls,
                [](const LlmCall& call) {
                  return shown(call.model) + ": " + grouped(call.count) + " times, " +
                         grouped(call.tokens_used) + " tokens each";
                });
  describe_list(page, "file operations", why_absent(trace, "files"), sums_of(execution.file_ops),
                [](const FileSum& sum) {
                  return sum.op + ": " + grouped(sum.files) +
                         (sum.files == 1 ? " file" : " files") + ", " + grouped(sum.times) +
                         (sum.times == 1 ? " time" : " times");
                });
  describe_list(page, "network calls", why_absent(trace, "network"), execution.network_calls,
                [](const NetworkCall& call) {
                  return shown(call.destination) + ": " + call.verdict + " " + grouped(call.count) +
                         " times";
                });
}

void describe_end(Page& page, const Run& run) {
  const Lifecycle& at = run.lifecycle;
  page.title("Destroyed");
  page.line("loaded", to_rfc3339(at.dataset_loaded));
  page.line("started", to_rfc3339(at.execution_started));
  page.line("completed", to_rfc3339(at.execution_completed));
  page.line("dataset gone", to_rfc3339(at.dataset_deleted));
  page.line("sandbox gone", to_rfc3339(at.sandbox_destroyed));
  page.line("wiped", grouped(run.wipe.bytes) + " bytes, " + run.wipe.method);
  page.line("looked at", joined(run.wipe.scanned, ", "));
  page.line("found left",
            run.wipe.residue == 0 ? "nothing" : grouped(run.wipe.residue) + " THINGS");
}

void describe_proof(Page& page, const DecodedCertificate& certificate) {
  const Proof& proof = certificate.proof;
  const Run& run = certificate.statement.run;
  page.title("Attested by");
  if (proof.tee_kind.starts_with("simulated") || run.tee.starts_with("simulated")) {
    page.line("SIMULATED", "no hardware stands behind this certificate");
  }
  page.line("evidence", proof.tee_kind + ", " + proof.tee_format + ", " +
                            grouped(static_cast<std::int64_t>(proof.tee_quote.size())) + " bytes");
  page.line("assurance", run.assurance);
  for (const Signature& signature : proof.signatures) {
    page.line("signature", signature.algorithm + " by " + hex_encode(signature.public_key));
  }
  page.line("issued", to_rfc3339(proof.timestamp) + " by " + run.time_source);
  page.line("attempt", attempt_text(run.attempt));
  if (proof.disclosure && proof.disclosure->trace) {
    const auto count = static_cast<std::int64_t>(proof.disclosure->trace->events.size());
    page.line("events shown", grouped(count) + " of " + grouped(run.trace.size));
  }
  page.line("software",
            "mayfly " + shown(run.software.version) + ", " + crypto::to_text(run.software.mayfly));
}

}  // namespace

std::string inert_text(std::string_view utf8, std::size_t bytes_max) {
  std::string text;
  std::size_t at = 0;
  while (at < utf8.size()) {
    if (text.size() >= bytes_max) {
      text += "... (" + std::to_string(utf8.size()) + " bytes in all)";
      break;
    }
    const std::size_t length = utf8_sequence_bytes(utf8, at);
    if (length == 0) {
      text += "\\x{" + hex_of(static_cast<unsigned char>(utf8[at])) + "}";
      ++at;
      continue;
    }
    const std::uint32_t c = code_point(utf8, at, length);
    if (is_unsafe(c)) {
      text += "\\u{" + hex_of(c) + "}";
    } else {
      text.append(utf8, at, length);
    }
    at += length;
  }
  return text;
}

std::string describe(const DecodedCertificate& certificate) {
  const Statement& statement = certificate.statement;
  Page page;
  page.title("Certificate " + certificate.stated_certificate_id);
  page.line("claim", certificate.stated_claim_hash);
  page.line("run", statement.run.run_id);
  describe_result(page, statement.claim, certificate.proof.disclosure);
  describe_assertions(page, statement.claim);
  describe_input(page, statement.claim);
  describe_execution(page, statement.claim.execution, statement.run.trace);
  describe_end(page, statement.run);
  describe_proof(page, certificate);
  return std::move(page).take();
}

}  // namespace mayfly::certificate
