// Makes signed lists of revoked certificates; parse_x509_crl() accepts what it writes unchanged.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/x509_builder.hpp"

namespace mayfly::test {

struct CrlDraft {
  std::string_view issuer_common_name;
  UnixMillis this_update;
  UnixMillis next_update;
  std::vector<Bytes> serials;
  std::optional<crypto::CertificateDraft::ExtraExtension> list_extension;
  std::optional<crypto::CertificateDraft::ExtraExtension> entry_extension;
};

Bytes issue_crl(const CrlDraft& draft, const crypto::P256PrivateKey& issuer_key);

}  // namespace mayfly::test
