// Bytes as text: lower-case hex and unpadded base64url, the two forms a certificate uses, and
// padded base64, which signed notes use.
//
// Errors    malformed for anything but the one form that the encoder writes (upper-case hex,
//           padding that is wrong or too much, non-zero trailing bits, white space).
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
std::string base64_encode(ByteView bytes);  // RFC 4648, section 4
Result<Bytes> base64_decode(std::string_view text);

}  // namespace mayfly
