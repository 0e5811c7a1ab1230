// `mayfly show`: a certificate as a person wants to read it. Shows, does not verify.
#include <memory>

#include "certificate/decode.hpp"
#include "certificate/describe.hpp"
#include "certificate/export.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"

namespace mayfly::cli {
namespace {

struct ShowOptions {
  std::string certificate;
  std::string format = "text";
};

Result<int> show(const ShowOptions& options) {
  TRY(const Bytes bytes, certificate_argument(options.certificate));
  // First of all: any other file may hold what a terminal obeys.
  TRY(const certificate::DecodedCertificate decoded, certificate::decode_certificate(bytes));
  if (options.format == "json") {
    put_out(text_of(bytes));
    return to_int(ExitCode::ok);
  }
  if (options.format == "text") {
    put_out(certificate::describe(decoded));
    return to_int(ExitCode::ok);
  }
  TRY(const certificate::ExportFormat format,
      certificate::export_format_from_string(options.format));
  TRY(const Bytes exported, certificate::export_certificate(bytes, format));
  put_out(text_of(exported));
  // The others are hashed or read as they stand, and have no newline at the end.
  if (format == certificate::ExportFormat::summary) put_out("\n");
  return to_int(ExitCode::ok);
}

}  // namespace

void add_show(Verb program, Action& chosen) {
  Verb verb = program.add_verb("show", "print a certificate for people (does not verify it)");
  auto options = std::make_shared<ShowOptions>();
  verb.add_option("certificate", options->certificate, "file, - for standard input, or id")
      .required()
      .type_name("FILE|ID");
  verb.add_option("--format", options->format,
                  "text, json, summary, claim, statement, dsse, sigstore or p256-key")
      .one_of({"text", "json", "summary", "claim", "statement", "dsse", "sigstore", "p256-key"})
      .shows_default();
  verb.footer("Example:\n  mayfly show cert.json");
  choose(verb, chosen, [options] { return show(*options); });
}

}  // namespace mayfly::cli
