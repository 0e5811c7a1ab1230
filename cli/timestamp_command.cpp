// `mayfly certificates timestamp`: a request for a time-stamping authority, and its response put
// into the certificate. Fetches nothing: the two files travel as their owner likes.
#include "cli/timestamp_command.hpp"

#include <memory>
#include <string>

#include "base/file_io.hpp"
#include "certificate/timestamps.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/print.hpp"
#include "crypto/timestamp_token.hpp"

namespace mayfly::cli {
namespace {

struct TimestampOptions {
  std::string certificate;
  std::string request;
  std::string response;
  std::string output;
};

Result<int> write_request(const certificate::DecodedCertificate& decoded, const std::string& path) {
  const std::size_t count = decoded.proof.timestamps.size();
  TRY(const Bytes stamped, certificate::stamped_bytes(decoded, count));
  CHECK_OK(write_file(path, crypto::timestamp_request(stamped)));
  say("{}: a request over {}\n", path,
      count == 0
          ? "the certificate"
          : "the certificate and its " + std::to_string(count) + " time stamps, to renew them");
  return to_int(ExitCode::ok);
}

Result<crypto::TimestampToken> read_response(const TimestampOptions& options, ByteView stamped,
                                             Bytes& token) {
  TRY(const Bytes response,
      read_regular_file(options.response, crypto::timestamp_response_bytes_max));
  TRY(token, crypto::token_of_timestamp_response(response));
  TRY(crypto::TimestampToken parsed, crypto::TimestampToken::parse(token));
  CHECK_OK(parsed.check_imprint(stamped));
  return parsed;
}

// Whether to believe the authority is asked when the certificate is verified, by --tsa-roots.
Result<int> embed(const certificate::DecodedCertificate& decoded, const TimestampOptions& options) {
  if (options.output.empty()) {
    return fail(ErrorCode::malformed, "add -o FILE: where the certificate with its time goes");
  }
  TRY(const Bytes stamped, certificate::stamped_bytes(decoded, decoded.proof.timestamps.size()));
  Bytes token;
  auto parsed = read_response(options, stamped, token);
  if (!parsed) return std::unexpected(std::move(parsed).error().while_doing(options.response));
  TRY(const Bytes with_time, certificate::with_timestamp(decoded, token));
  CHECK_OK(write_file(options.output, with_time));
  say("{}: existed before {}, says the authority; verify-cert --tsa-roots FILE asks whether it is "
      "one that you trust\n",
      options.output, to_rfc3339(parsed->latest()));
  return to_int(ExitCode::ok);
}

Result<int> timestamp(const TimestampOptions& options) {
  if (options.request.empty() == options.response.empty()) {
    return fail(ErrorCode::malformed,
                "give --request FILE to write a request, or --response FILE -o FILE to put the "
                "authority's answer into the certificate");
  }
  TRY(const Bytes bytes, certificate_argument(options.certificate));
  TRY(const certificate::DecodedCertificate decoded, certificate::decode_certificate(bytes));
  return options.request.empty() ? embed(decoded, options)
                                 : write_request(decoded, options.request);
}

}  // namespace

void add_timestamp(Verb certificates, Action& chosen) {
  Verb verb = certificates.add_verb(
      "timestamp", "have a time-stamping authority (RFC 3161) say when a certificate existed");
  auto options = std::make_shared<TimestampOptions>();
  verb.add_option("certificate", options->certificate, "file, - for standard input, or id")
      .required()
      .type_name("FILE|ID");
  verb.add_option("--request", options->request, "write the request here").type_name("FILE");
  verb.add_option("--response", options->response, "the authority's answer").type_name("FILE");
  verb.add_option("-o,--output", options->output, "the certificate with its time")
      .type_name("FILE");
  verb.footer(
      "Nothing is sent: take the request to an authority, and bring its answer back.\n"
      "A certificate that has a time gets another one over it, before the authority's own\n"
      "certificate expires.\n"
      "Example:\n  mayfly certificates timestamp cert.json --request cert.tsq\n"
      "  mayfly certificates timestamp cert.json --response cert.tsr -o stamped.json");
  choose(verb, chosen, [options] { return timestamp(*options); });
}

}  // namespace mayfly::cli
