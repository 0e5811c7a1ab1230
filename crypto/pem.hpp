// PEM (the base64 text form of DER) certificate chains, bounded.
//
// Source    RFC 7468, strict lines of "-----BEGIN CERTIFICATE-----"; CRLF and LF, blank lines
//           between certificates, and NUL bytes after the last one, as quotes carry them.
// Errors    malformed: other text around or inside.  limit: more than certificates_max, or over
//           pem_chain_bytes_max.
// Threads   Pure functions.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t pem_chain_bytes_max = std::size_t{64} * 1024;

// The DER of each certificate, in the order of the text.
Result<std::vector<Bytes>> split_pem_chain(ByteView text, std::size_t certificates_max);
// 64 characters to a line, each line ended by '\n'; `label` as in "PUBLIC KEY".
std::string pem_text(std::string_view label, ByteView der);
std::string pem_certificate(ByteView der);

}  // namespace mayfly::crypto
