// A list of revoked certificates of any bytes: reading never crashes, and what is read lies within
// the input.
#include <cstdlib>

#include "crypto/x509_crl.hpp"
#include "crypto/x509_key_identifier.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly::crypto;
  const auto crl = parse_x509_crl({data, size});
  if (!crl) {
    return 0;
  }
  require(crl->signed_bytes.data() > data && crl->signed_bytes.size() < size);
  require(crl->signature.data() + crl->signature.size() == data + size);
  require(crl->extensions.size() <= x509_extensions_max);
  require(crl->revoked_entries.size() < size);
  const std::array<std::uint8_t, 21> longer_than_any_serial{1};
  require(!is_revoked(*crl, longer_than_any_serial));
  const auto key = authority_key_identifier(crl->extensions);
  require(!key || !*key || (*key)->size() < size);
  return 0;
}
