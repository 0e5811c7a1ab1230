// Certificates of any bytes, as DER or (starting with '-') as a PEM chain: reading never crashes,
// and what is read borrows from the input only.
#include <cstdlib>

#include "crypto/pem.hpp"
#include "crypto/x509.hpp"

namespace {

using namespace mayfly::crypto;
using mayfly::ByteView;

void require(bool condition) {
  if (!condition) std::abort();
}

void read_certificate(ByteView der) {
  const auto certificate = parse_x509(der);
  if (!certificate) {
    return;
  }
  require(certificate->signed_bytes.data() > der.data());
  require(certificate->signed_bytes.size() < der.size());
  require(certificate->serial.size() <= 20);
  require(certificate->extensions.size() <= x509_extensions_max);
  for (const X509Extension& extension : certificate->extensions) {
    const auto found = find_extension(*certificate, extension.identifier);
    require(found && found->data() == extension.value.data());
  }
  // Either outcome is fine: it must come back.
  const auto self_signed = verify_issued_by(*certificate, *certificate);
  require(self_signed || !self_signed.error().message().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (size > 0 && data[0] == '-') {
    if (const auto chain = split_pem_chain(input, 8)) {
      require(!chain->empty() && chain->size() <= 8);
      for (const mayfly::Bytes& der : *chain) {
        read_certificate(der);
      }
    }
    return 0;
  }
  read_certificate(input);
  return 0;
}
