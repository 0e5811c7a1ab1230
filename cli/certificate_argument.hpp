// "cert.json", "-" or "cert_1a2b3c..." -> the bytes of a certificate.
//
// Errors    unavailable: no such file, no certificate under this id; malformed: no such id can be;
//           rejected: a prefix of several ids. Bytes past the bound are cut one byte later, for
//           whoever decodes them to refuse.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::cli {

Result<Bytes> certificate_argument(const std::string& argument);

// By id alone, or by a unique prefix of one.
Result<Bytes> stored_certificate(const std::string& id);

}  // namespace mayfly::cli
