#include "certificate/ids.hpp"

#include "base/text_encoding.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::certificate {
namespace {

bool is_id_of(std::string_view text, std::size_t digits_min) {
  if (!text.starts_with(id_tag)) return false;
  const std::string_view digits = text.substr(id_tag.size());
  return digits.size() >= digits_min && digits.size() <= id_digits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string certificate_id(ByteView statement_slice) {
  return std::string(id_tag) + hex_encode(crypto::sha256(statement_slice).bytes);
}

std::string claim_hash(ByteView claim_slice) {
  return crypto::to_text(crypto::sha256(claim_slice));
}

Result<void> check_certificate_id(std::string_view text) {
  if (is_id_of(text, id_digits)) return {};
  return fail(ErrorCode::malformed,
              "not a certificate id: write \"cert_\" and its 64 lower-case hex digits");
}

Result<void> check_certificate_id_or_prefix(std::string_view text) {
  if (is_id_of(text, id_prefix_digits_min)) return {};
  return fail(
      ErrorCode::malformed,
      "not a certificate id: write \"cert_\" and at least the first 12 of its 64 lower-case "
      "hex digits");
}

}  // namespace mayfly::certificate
