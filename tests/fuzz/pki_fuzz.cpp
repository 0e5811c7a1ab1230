// Certificates and revocation lists of any bytes: reading never crashes, and nothing that was not
// signed by the anchor holds.
#include <cstdlib>

#include "crypto/pki_chain.hpp"
#include "crypto/revocation_list.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::crypto;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  constexpr UnixMillis at{1800000000000};
  if (const auto certificate = PkiCertificate::parse(input)) {
    require(certificate->der().size() == size);
    require(certificate->extension("2.5.29.19").has_value() || !certificate->is_authority());
    static_cast<void>(certificate->has_extended_usage("2.23.133.8.1"));
    std::vector<PkiCertificate> chain;
    chain.push_back(PkiCertificate::parse(input).value());
    chain.push_back(PkiCertificate::parse(input).value());
    require(!check_pki_chain(chain, {}, at).holds());
    if (const auto list = RevocationList::parse(input)) {
      std::abort();  // no element is both
    }
  }
  if (const auto list = RevocationList::parse(input)) {
    require(!list->issuer().empty());
  }
  return 0;
}
