#include "cli/verify_cert_arguments.hpp"

#include <algorithm>
#include <array>

#include "cli/appraisal_time.hpp"
#include "cli/nearest.hpp"

namespace mayfly::cli {

const std::string_view verify_cert_help =
    R"(verify-cert: says whether a Mayfly certificate holds. Offline: no network, no daemon.

Examples:
  verify-cert cert.json                        what it says, and whether to believe it
  verify-cert cert.json --dataset records.csv  also: is it about this data?
  verify-cert cert.json --json | jq .verdict   for programs
  curl -s https://example.org/cert | verify-cert - --quiet && echo verified
  verify-cert --compare mine.json theirs.json  the same claim? if not, what differs
  verify-cert --batch certificates/ | grep -v '"exit_code":0'

Usage: verify-cert CERTIFICATE [options]
       verify-cert --compare A B [--policy, --at, --json, -q]
       verify-cert --batch FOLDER|- [options]
       verify-cert --explain                   every code, what it means and what to do
  CERTIFICATE            a file, or - for standard input
  --dataset FILE|DIR|-   recompute the dataset's hash and compare
  --log-policy FILE      which logs and witnesses are believed (C2SP tlog-policy)
  --log FOLDER           a copy of the log: count the attempts again, as of now
  --tsa-roots FILE       time-stamping authorities that you trust (PEM): the certificate is then
                         judged as of the time that they say
  --trace FILE           the run's trace: recompute its root and compare
  --at TIME              judge as of this time (2026-03-01T12:00:00Z or Unix milliseconds);
                         without it, as of now by this machine's clock
  --policy FILE|NAME     what to ask for: a document, "default" or "genuine-only"
  --compare A B          two certificates: 0 same claim, 1 same question and something that
                         matters differs, 3 another question, 2 cannot be compared
  --batch FOLDER|-       every *.json below a folder, or one certificate a line: one JSON object
                         a line out, in that order; the exit code is that of the worst
  --explain              what each check asks, how far each part is to be believed
  --json                 one JSON object instead of text
  -q, --quiet            print nothing; the exit code is the answer
  --no-color             no colours (also: NO_COLOR, TERM=dumb, not a terminal)
  --version, -h, --help

Exit codes:
  0  verified
  1  contradicted: a hash, a signature or the binding to the hardware is wrong
  2  malformed: not a certificate
  3  inconclusive: something needed to believe it is missing
  4  genuine, refused by policy
  5  consistent, not hardware-attested (simulated, debug, a provider's word)
  64 usage      70 internal
)";

namespace {

constexpr std::array<std::string_view, 15> verify_option_names{
    "--dataset", "--log-policy", "--tsa-roots", "--log",      "--trace",
    "--at",      "--policy",     "--compare",   "--batch",    "--explain",
    "--json",    "--quiet",      "--version",   "--no-color", "--help"};

// Those that only carry a text.
struct TextOption {
  std::string_view name;
  std::optional<std::string> VerifyCertArguments::* value;
};
constexpr std::array<TextOption, 6> text_options{
    {{"--dataset", &VerifyCertArguments::dataset},
     {"--log-policy", &VerifyCertArguments::log_policy},
     {"--tsa-roots", &VerifyCertArguments::tsa_roots},
     {"--log", &VerifyCertArguments::log},
     {"--trace", &VerifyCertArguments::trace},
     {"--policy", &VerifyCertArguments::policy}}};

std::unexpected<Error> no_such_option(std::string_view name) {
  std::string message = "unknown option " + std::string(name);
  if (const auto meant = nearest(name, verify_option_names)) {
    message += "; did you mean " + std::string(*meant) + "?";
  }
  return fail(ErrorCode::malformed, std::move(message));
}

// Goes over the words once, left to right; a later option replaces an earlier one.
class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  Result<VerifyCertArguments> run() {
    while (next_ < words_.size()) {
      const std::string_view word = words_[next_++];
      const bool is_option = !only_operands_ && word.size() > 1 && word.starts_with('-');
      CHECK_OK(is_option ? take_option(word) : take_operand(word));
    }
    CHECK_OK(settle_operands());
    return arguments_;
  }

 private:
  Result<void> settle_operands() {
    using Action = VerifyCertAction;
    if (arguments_.action == Action::help || arguments_.action == Action::version) return {};
    if (arguments_.action == Action::compare) return settle_comparison();
    if (operands_.empty()) {
      if (arguments_.form == ReportForm::explained && arguments_.action == Action::verify) {
        arguments_.action = Action::explain_codes;
        return {};
      }
      return fail(ErrorCode::malformed, "which certificate? Give a file, or - for standard input");
    }
    if (operands_.size() > 1) {
      return fail(ErrorCode::malformed,
                  "one certificate at a time; --compare A B takes two, --batch a folder of them");
    }
    arguments_.certificate = operands_.front();
    if (arguments_.certificate == "-" && arguments_.dataset == "-") {
      return fail(ErrorCode::malformed,
                  "the certificate and the dataset cannot both come from standard input");
    }
    return {};
  }

  Result<void> settle_comparison() {
    if (operands_.size() != 2)
      return fail(ErrorCode::malformed, "--compare takes two certificates");
    if (operands_[0] == "-" && operands_[1] == "-") {
      return fail(ErrorCode::malformed, "only one of the two can come from standard input");
    }
    if (arguments_.dataset || arguments_.log || arguments_.log_policy || arguments_.tsa_roots ||
        arguments_.trace) {
      return fail(
          ErrorCode::malformed,
          "--compare judges by --policy and --at alone; give each certificate by itself for "
          "--dataset, --log, --log-policy, --tsa-roots and --trace");
    }
    arguments_.certificate = operands_[0];
    arguments_.other = operands_[1];
    return {};
  }

  Result<void> take_operand(std::string_view word) {
    operands_.emplace_back(word);
    return {};
  }

  Result<void> take_option(std::string_view word) {
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
    const std::string_view name = word.substr(0, equals);
    std::optional<std::string_view> attached;
    if (equals != std::string_view::npos) {
      attached = word.substr(equals + 1);
    }
    const auto text = std::ranges::find(text_options, name, &TextOption::name);
    if (text != text_options.end()) {
      TRY(arguments_.*text->value, value_of(name, attached));
      return {};
    }
    if (name == "--at") {
      TRY(const std::string text, value_of(name, attached));
      TRY(arguments_.at, parse_appraisal_time(text));
      return {};
    }
    if (name == "--batch") {
      TRY(const std::string source, value_of(name, attached));
      arguments_.action = VerifyCertAction::batch;
      return take_operand(source);
    }
    if (attached) {
      return std::ranges::find(verify_option_names, name) == verify_option_names.end()
                 ? Result<void>(no_such_option(name))
                 : fail(ErrorCode::malformed, std::string(name) + " takes no value");
    }
    return take_flag(name);
  }

  Result<void> take_flag(std::string_view name) {
    if (name == "--") {
      only_operands_ = true;
    } else if (name == "--compare") {
      arguments_.action = VerifyCertAction::compare;
    } else if (name == "--explain") {
      arguments_.form = ReportForm::explained;
    } else if (name == "--json") {
      arguments_.form = ReportForm::json;
    } else if (name == "-q" || name == "--quiet") {
      arguments_.form = ReportForm::none;
    } else if (name == "--no-color") {
      arguments_.colour = ColourChoice::never;
    } else if (name == "--version") {
      arguments_.action = VerifyCertAction::version;
    } else if (name == "-h" || name == "--help") {
      arguments_.action = VerifyCertAction::help;
    } else {
      return no_such_option(name);
    }
    return {};
  }

  Result<std::string> value_of(std::string_view name, std::optional<std::string_view> attached) {
    if (!attached && next_ < words_.size()) {
      attached = words_[next_++];
    }
    if (!attached || attached->empty()) {
      return fail(ErrorCode::malformed, std::string(name) + " needs a value");
    }
    return std::string(*attached);
  }

  std::span<const std::string_view> words_;
  std::size_t next_ = 0;
  VerifyCertArguments arguments_;
  std::vector<std::string> operands_;
  bool only_operands_ = false;
};

}  // namespace

Result<VerifyCertArguments> parse_verify_cert(std::span<const std::string_view> words) {
  return Parser(words).run();
}

}  // namespace mayfly::cli
