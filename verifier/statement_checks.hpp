// Checks that need nothing but the certificate and what the caller holds: stages ids, dataset,
// signature, lifecycle.
//
// Threads   Pure functions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "certificate/decode.hpp"
#include "verifier/finding.hpp"

namespace mayfly::verifier {

// Each returns at least one finding of its stage.
std::vector<Finding> check_ids(const certificate::DecodedCertificate& decoded,
                               const certificate::RecomputedIds& ids);
Finding check_dataset(const certificate::Claim& claim,
                      const std::optional<std::string>& supplied_hash);
std::vector<Finding> check_signatures(const certificate::DecodedCertificate& decoded);
std::vector<Finding> check_lifecycle(const certificate::DecodedCertificate& decoded);

}  // namespace mayfly::verifier
