// `mayfly receipt`: what a run costs, by its certificate and a price table.
#include <memory>
#include <string>

#include "base/file_io.hpp"
#include "certificate/decode.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/judge_certificate.hpp"
#include "cli/print.hpp"
#include "cli/state_folder.hpp"
#include "store/log_key.hpp"
#include "transparency/note_signer.hpp"
#include "verifier/receipt.hpp"
#include "verifier/verdict.hpp"

namespace mayfly::cli {
namespace {

struct ReceiptOptions {
  std::string certificate;
  std::string prices;
  std::string receipt;
  std::string key;
};

Result<verifier::PriceTable> read_prices(const std::string& path) {
  TRY(const Bytes text, read_regular_file(path, verifier::price_table_bytes_max));
  auto table = verifier::parse_price_table(text);
  if (!table) return std::unexpected(std::move(table).error().while_doing(path));
  return table;
}

// Nobody is billed by a certificate that contradicts itself.
Result<void> check_certificate(ByteView certificate) {
  TRY(const Judge judge, Judge::make({}));
  const verifier::Verdict verdict = judge.judge(certificate).verdict();
  if (verdict != verifier::Verdict::malformed && verdict != verifier::Verdict::contradicted &&
      verdict != verifier::Verdict::internal) {
    return {};
  }
  return fail(ErrorCode::rejected, "the certificate is " + std::string(to_string(verdict)) +
                                       ": nothing can be billed by it; verify-cert says why");
}

Result<transparency::NoteSigner> open_receipt_key() {
  TRY(const std::filesystem::path folder, state_folder());
  return store::open_key_file(folder / "receipt.key", /*name=*/"", transparency::KeyType::ed25519);
}

Result<int> make(const ReceiptOptions& options) {
  TRY(const verifier::PriceTable table, read_prices(options.prices));
  TRY(const Bytes certificate, certificate_argument(options.certificate));
  CHECK_OK(check_certificate(certificate));
  TRY(const auto decoded, certificate::decode_certificate(certificate));
  TRY(const std::string text, verifier::receipt_text(decoded, table));
  TRY(const transparency::NoteSigner signer, open_receipt_key());
  transparency::Note note{.text = text, .signatures = {}};
  TRY(transparency::NoteSignature signature, signer.sign(text));
  note.signatures.push_back(std::move(signature));
  put_out(to_text(note));
  return to_int(ExitCode::ok);
}

Result<int> verify_receipt(const ReceiptOptions& options) {
  auto key = transparency::parse_verifier_key(options.key);
  if (!key) return std::unexpected(std::move(key).error().while_doing("--key"));
  TRY(const verifier::PriceTable table, read_prices(options.prices));
  TRY(const Bytes receipt, read_regular_file(options.receipt, transparency::note_bytes_max));
  TRY(const Bytes certificate, certificate_argument(options.certificate));
  CHECK_OK(check_certificate(certificate));
  TRY(const auto decoded, certificate::decode_certificate(certificate));
  CHECK_OK(verifier::check_receipt(receipt, decoded, table, *key));
  put_out(
      "The receipt follows from the certificate and the price table, and is signed by the key.\n");
  return to_int(ExitCode::ok);
}

Result<int> show_key() {
  TRY(const transparency::NoteSigner signer, open_receipt_key());
  print("{}\n", to_text(signer.key()));
  return to_int(ExitCode::ok);
}

void add_common(Verb verb, ReceiptOptions& options) {
  verb.add_option("--certificate", options.certificate, "file, - for standard input, or id")
      .required()
      .type_name("FILE|ID");
  verb.add_option("--prices", options.prices, "the price table").required().type_name("FILE");
}

}  // namespace

void add_receipt(Verb program, Action& chosen) {
  Verb verb = program.add_verb("receipt", "what a run costs, by its certificate");
  verb.needs_verb();

  auto made = std::make_shared<ReceiptOptions>();
  Verb make_verb = verb.add_verb("make", "print a signed receipt");
  add_common(make_verb, *made);
  choose(make_verb, chosen, [made] { return make(*made); });

  auto checked = std::make_shared<ReceiptOptions>();
  Verb verify_verb = verb.add_verb("verify", "compute a receipt again and compare");
  verify_verb.add_option("receipt", checked->receipt, "the receipt").required().type_name("FILE");
  add_common(verify_verb, *checked);
  verify_verb.add_option("--key", checked->key, "of whoever issued it: <name>+<id>+<key>")
      .required();
  choose(verify_verb, chosen, [checked] { return verify_receipt(*checked); });

  Verb key_verb = verb.add_verb("key", "print the key that signs receipts here");
  choose(key_verb, chosen, [] { return show_key(); });
  verb.footer("Example:\n  mayfly receipt make --certificate cert.json --prices prices.json");
}

}  // namespace mayfly::cli
