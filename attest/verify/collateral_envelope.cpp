#include "attest/verify/collateral_envelope.hpp"

#include "attest/verify/collateral_json.hpp"
#include "base/text_encoding.hpp"

namespace mayfly::attest {

Result<CollateralEnvelope> open_envelope(ByteView file, std::string_view body_name) {
  TRY(const CollateralJson document, CollateralJson::parse(file));
  const JsonPart root = document.root();
  TRY(const JsonPart body, root.member(body_name));
  CollateralEnvelope out;
  CHECK_OK(root.hex_of("signature", out.signature));
  if (root.member_count() != 2) {
    return fail(ErrorCode::malformed, "it holds more than a body and its signature");
  }
  out.body = body.slice();
  return out;
}

std::string plain_envelope(const CollateralEnvelope& envelope, std::string_view body_name) {
  std::string out = "{\"";
  out += body_name;
  out += "\":";
  out += text_of(envelope.body);
  out += ",\"signature\":\"";
  out += hex_encode(envelope.signature);
  out += "\"}";
  return out;
}

}  // namespace mayfly::attest
