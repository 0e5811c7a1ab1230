// What decodes, encodes to the same bytes again, but for hashes that the input states wrongly; and
// every reader of a decoded certificate copes with it.
#include <cstdlib>

#include "certificate/assertions.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/decode.hpp"
#include "certificate/describe.hpp"
#include "certificate/encode.hpp"
#include "certificate/export.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::certificate;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_hex(std::uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

// Hashes all have one length, so wrong ones leave every other byte in its place.
bool differ_only_in_hex(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && !(is_hex(a[i]) && is_hex(b[i]))) return false;
  }
  return true;
}

void check_decoded(ByteView bytes) {
  const auto decoded = decode_certificate(bytes);
  if (!decoded) return;
  const auto statement = encode_statement(decoded->statement);
  require(statement.has_value());
  const auto again = encode_certificate(*statement, decoded->proof);
  require(again && differ_only_in_hex(bytes, *again));
  const auto ids = recompute_ids(*decoded);
  require(ids.has_value());
  const bool states_the_truth = ids->certificate_id == decoded->stated_certificate_id &&
                                ids->claim_hash == decoded->stated_claim_hash &&
                                ids->sandbox_hash == decoded->statement.claim.sandbox_hash &&
                                ids->input_hash == decoded->statement.claim.input_hash;
  require(states_the_truth == (text_of(bytes) == text_of(*again)));
  const auto settled = decode_certificate(*again);
  require(settled.has_value());
  require(recompute_ids(*settled)->certificate_id == settled->stated_certificate_id);

  auto assertions = decoded->statement.claim.assertions;
  require(judge(assertions, decoded->statement.claim.result.value).has_value());
  require(describe(*decoded).find('\x1B') == std::string::npos);
  for (const auto format : {ExportFormat::summary, ExportFormat::dsse}) {
    require(export_certificate(bytes, format).has_value());
  }
  for (const auto format : {ExportFormat::sigstore, ExportFormat::p256_key}) {
    const auto made = export_certificate(bytes, format);
    require(made || made.error().code() == ErrorCode::unavailable);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_decoded(bytes);
  // Most mutations break canonical form first; this gets the others past it.
  if (const auto canonical = canonicalize(bytes)) check_decoded(bytes_of(*canonical));
  return 0;
}
