// Rows for the tests of the store: numbered, with ids that look like real ones.
#pragma once
#include <cstdio>
#include <string>

#include "store/store.hpp"

namespace mayfly::store {

// The number comes first, so that neighbours differ within any prefix the store accepts.
inline std::string id_of(std::uint64_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return "cert_" + std::string(digits) + std::string(48, 'a');
}

inline CertificateRow row_of(std::uint64_t number) {
  return {.certificate_id = id_of(number),
          .claim_hash = "sha256:claim",
          .dataset_hash = "sha256:dataset",
          .sandbox_hash = "sha256:sandbox",
          .status = "succeeded",
          .tee = "simulated-tdx",
          .issued_at = {static_cast<std::int64_t>(number)}};
}

inline std::string body_of(std::uint64_t number) {
  return "certificate " + std::to_string(number);
}

inline Result<void> put_number(Store& store, std::uint64_t number) {
  const std::string body = body_of(number);
  return store.put(row_of(number), bytes_of(body));
}

inline bool holds_number(const Store& store, std::uint64_t number) {
  const auto found = store.get(id_of(number));
  return found && *found && text_of(**found) == body_of(number);
}

}  // namespace mayfly::store
