// Sends a request and its dataset to a service, sealed to its session's key. The dataset passes
// through one buffer, which is wiped.
//
// Errors    unavailable: the dataset cannot be read, the service does not answer or refuses (in its
//           own words).  rejected: the answer was not sealed by the service.
// Threads   One sender, one thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "certificate/session.hpp"
#include "cli/destination.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::cli {

struct SealedAnswer {
  std::string json;  // of POST /execute, opened
  // Of what was sent; absent: no dataset.
  std::optional<crypto::Sha256> dataset_hash;
  std::uint64_t dataset_bytes = 0;
};

// Precondition: `session` has been judged, and offers sealed uploads. `dataset` null: there is
// none.
Result<SealedAnswer> send_sealed(const Destination& destination,
                                 const certificate::SessionAttestation& session,
                                 const std::string& request_json, const UniqueFd* dataset,
                                 const std::function<void(std::uint64_t)>& progress);

}  // namespace mayfly::cli
