// The extension of a PCK certificate, of any bytes: as it stands, and as a certificate carries it.
#include <cstdlib>

#include "attest/model/tdx_layout.hpp"
#include "attest/verify/pck_extension.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly;
  const ByteView input(data, size);
  const auto direct = attest::parse_pck_extension(input);
  if (!direct && direct.error().message().empty()) std::abort();
  const auto certificate = crypto::parse_x509(input);
  if (!certificate) return 0;
  if (const auto value =
          crypto::find_extension(*certificate, attest::tdx_layout::pck_extension_identifier)) {
    const auto read = attest::parse_pck_extension(*value);
    if (!read && read.error().message().empty()) std::abort();
  }
  return 0;
}
