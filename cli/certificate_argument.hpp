// "cert.json", "-" or "cert_1a2b3c..." -> the bytes of a certificate.
//
// Errors    unavailable: no such file, no certificate under this id; limit: over 16 MiB.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::cli {

Result<Bytes> certificate_argument(const std::string& argument);

}  // namespace mayfly::cli
