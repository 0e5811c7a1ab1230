// `mayfly canonical`: for those who write other implementations of the format.
#include <memory>

#include "certificate/canonical_json.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"

namespace mayfly::cli {
namespace {

struct CanonicalOptions {
  std::string file;
  bool check = false;
};

Result<int> canonical(const CanonicalOptions& options) {
  TRY(const Bytes bytes, certificate_argument(options.file));
  if (options.check) {
    if (auto checked = certificate::check_canonical(bytes); !checked) {
      complain(options.file + ": not canonical: " + checked.error().message());
      return to_int(ExitCode::failed);
    }
    return to_int(ExitCode::ok);
  }
  // An object, as --check wants it and as a certificate is one.
  TRY(const std::string text, certificate::canonicalize(bytes, certificate::TopLevel::object));
  put_out(text);
  return to_int(ExitCode::ok);
}

}  // namespace

void add_canonical(Verb program, Action& chosen) {
  Verb verb = program.add_verb(
      "canonical", "rewrite JSON in the certificate's canonical form, or say why it is not");
  auto options = std::make_shared<CanonicalOptions>();
  verb.add_option("file", options->file, "JSON file, or - for standard input")
      .required()
      .type_name("FILE");
  verb.add_flag("--check", options->check, "write nothing; exit 1 and say why if not canonical");
  verb.footer("Examples:\n  mayfly canonical claim.json\n  mayfly canonical --check cert.json");
  choose(verb, chosen, [options] { return canonical(*options); });
}

}  // namespace mayfly::cli
