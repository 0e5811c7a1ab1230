// Bytes as text: lower-case hex and unpadded base64url, the two forms a certificate uses.
//
// Errors    malformed for anything but the one form that the encoder writes (upper-case hex,
//           padding, non-zero trailing bits, white space).
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly {

std::string hex_encode(ByteView bytes);
Result<Bytes> hex_decode(std::string_view text);
std::string base64url_encode(ByteView bytes);
Result<Bytes> base64url_decode(std::string_view text);

}  // namespace mayfly
