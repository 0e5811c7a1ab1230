// `mayfly tpm`: enrols a TPM's attestation key. Who enrols sees that the key lives in a genuine
// TPM: by the endorsement key's certificate, then by a secret that only that TPM can open. Nobody
// can check it afterwards, so what comes out is a Name for a policy, or a key for an authority to
// certify.
#include <array>
#include <memory>

#include "attest/collect/tpm_credential.hpp"
#include "attest/verify/tpm_ek_certificate.hpp"
#include "attest/verify/tpm_structures.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/canonical_writer.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/json_text.hpp"
#include "cli/print.hpp"
#include "cli/tpm_address.hpp"
#include "cli/workshop.hpp"
#include "crypto/pem.hpp"
#include "crypto/random.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t ek_certificates_max = 8;
constexpr std::string_view key_schema = "mayfly/tpm-key/v1";
constexpr std::string_view challenge_schema = "mayfly/tpm-challenge/v1";

struct TpmOptions {
  std::string address;
  std::string key_file;
  std::string challenge_file;
  std::vector<std::string> ek_roots;
  std::string output;
};

// Hex members of a small canonical document.
Result<Bytes> member_of(const std::string& path, std::string_view schema, std::string_view name) {
  TRY(const Bytes bytes, read_file(path, file_bytes_max));
  std::string_view text = text_of(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  TRY(const auto document, certificate::CanonicalDocument::parse(bytes_of(text)));
  TRY(const auto named, document.root().member("schema"));
  TRY(const std::string schema_text, named.string());
  if (schema_text != schema) {
    return std::unexpected(named.malformed("must be " + std::string(schema)));
  }
  TRY(const auto member, document.root().member(name));
  TRY(const std::string hex, member.string());
  auto value = hex_decode(hex);
  if (!value) return std::unexpected(member.malformed("must be hex"));
  return std::move(*value);
}

Result<Bytes> name_of(const Bytes& area) {
  TRY(const attest::ParsedTpmPublic parsed, attest::parse_tpm_public(area));
  return attest::tpm_name_of(parsed);
}

Result<void> write_out(const std::string& text, const std::string& path) {
  if (path.empty() || path == "-") {
    put_out(text + "\n");
    return {};
  }
  return write_file(path, bytes_of(text + "\n"));
}

Result<int> show_ek(const TpmOptions& options) {
  TRY(attest::TpmAttester tpm, open_tpm(options.address, TpmKeyWanted::persistent));
  TRY(const Bytes certificate, tpm.endorsement_certificate());
  TRY(const Bytes name, name_of(tpm.attestation_key()));
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("ek_certificate", hex_encode(certificate));
  writer.member("key", hex_encode(tpm.attestation_key()));
  writer.member("name", hex_encode(name));
  writer.member("schema", key_schema);
  writer.end_object();
  TRY(const std::string text, std::move(writer).finish());
  CHECK_OK(write_out(text, options.output));
  return to_int(ExitCode::ok);
}

// The endorsement key's certificate, then whatever leads from it to a root that the enroller gave.
Result<attest::VerifiedTpmEk> genuine_endorsement(const TpmOptions& options) {
  TRY(const Bytes leaf, member_of(options.key_file, key_schema, "ek_certificate"));
  std::vector<Bytes> chain{leaf};
  for (const std::string& path : options.ek_roots) {
    TRY(const Bytes pem, read_file(path, file_bytes_max));
    TRY(const auto certificates, crypto::split_pem_chain(pem, ek_certificates_max));
    chain.insert(chain.end(), certificates.begin(), certificates.end());
  }
  const ByteView anchors[] = {chain.back()};
  auto appraisal = attest::appraise_tpm_ek(chain, anchors, system_clock_now());
  if (appraisal.verified) return std::move(*appraisal.verified);
  std::string why = "the endorsement key's certificate is not one of these authorities'";
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == attest::FindingOutcome::fail) {
      why += "; " + std::string(finding.name()) + ": " + finding.detail;
    }
  }
  return fail(ErrorCode::rejected, why);
}

Result<int> challenge(const TpmOptions& options) {
  TRY(const attest::VerifiedTpmEk endorsement, genuine_endorsement(options));
  TRY(const Bytes area, member_of(options.key_file, key_schema, "key"));
  TRY(const Bytes name, name_of(area));
  std::array<std::uint8_t, 32> secret;
  crypto::fill_random(secret);
  TRY(const attest::TpmCredential credential,
      attest::make_tpm_credential(endorsement.key, name, secret));
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("encrypted_secret", hex_encode(credential.encrypted_secret));
  writer.member("id_object", hex_encode(credential.id_object));
  writer.member("schema", challenge_schema);
  writer.end_object();
  TRY(const std::string text, std::move(writer).finish());
  CHECK_OK(write_file(options.output, bytes_of(text + "\n")));
  print("TPM       {}, model {}, version {}\n", json_text(endorsement.manufacturer),
        json_text(endorsement.model), json_text(endorsement.version));
  print("key name  {}\n", hex_encode(name));
  print("secret    {}\n", hex_encode(secret));
  print("The key is enrolled if `mayfly tpm activate` on that machine prints the same secret.\n");
  return to_int(ExitCode::ok);
}

Result<int> activate(const TpmOptions& options) {
  attest::TpmCredential credential;
  TRY(credential.id_object, member_of(options.challenge_file, challenge_schema, "id_object"));
  TRY(credential.encrypted_secret,
      member_of(options.challenge_file, challenge_schema, "encrypted_secret"));
  TRY(attest::TpmAttester tpm, open_tpm(options.address, TpmKeyWanted::persistent));
  TRY(const Bytes secret, tpm.activate(credential));
  print("{}\n", hex_encode(secret));
  return to_int(ExitCode::ok);
}

void add_address(Verb verb, TpmOptions& options) {
  verb.add_option("address", options.address, "the TPM and the handle of its key")
      .required()
      .type_name("ADDRESS#HANDLE");
}

}  // namespace

void add_tpm(Verb program, Action& chosen) {
  Verb verb = program.add_verb("tpm", "enrol a TPM's attestation key");
  verb.needs_verb();
  auto key_options = std::make_shared<TpmOptions>();
  Verb key = verb.add_verb("key", "print the key, made if it is not there yet");
  add_address(key, *key_options);
  key.add_option("-o,--output", key_options->output, "where to; - is standard output")
      .type_name("FILE");
  key.footer("Example:\n  mayfly tpm key device:/dev/tpmrm0#0x81010020 -o key.json");
  choose(key, chosen, [key_options] { return show_ek(*key_options); });

  auto challenge_options = std::make_shared<TpmOptions>();
  Verb made = verb.add_verb("challenge", "for whoever enrols it: hide a secret");
  made.add_option("key", challenge_options->key_file, "what `tpm key` printed")
      .required()
      .type_name("FILE");
  made.add_option("--ek-root", challenge_options->ek_roots,
                  "the manufacturer's certificates, PEM: intermediate ones first, the root last")
      .required()
      .type_name("FILE");
  made.add_option("-o,--output", challenge_options->output, "the challenge, for the machine")
      .required()
      .type_name("FILE");
  choose(made, chosen, [challenge_options] { return challenge(*challenge_options); });

  auto activate_options = std::make_shared<TpmOptions>();
  Verb opened = verb.add_verb("activate", "on the machine: print the hidden secret");
  add_address(opened, *activate_options);
  opened.add_option("challenge", activate_options->challenge_file, "what `tpm challenge` wrote")
      .required()
      .type_name("FILE");
  choose(opened, chosen, [activate_options] { return activate(*activate_options); });
}

}  // namespace mayfly::cli
