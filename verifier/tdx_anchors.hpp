// Which roots a TDX quote may end in. The simulated one vouches for no hardware, whatever a policy
// lists and by whatever name.
//
// Threads   Pure functions.
#pragma once
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "verifier/policy.hpp"

namespace mayfly::verifier {

// The policy's, without the simulated one.
std::vector<attest::TrustAnchor> hardware_anchors(const Policy& policy);
// And the simulated one, plainly as that: so that what ends in it can be called simulated.
std::vector<attest::TrustAnchor> anchors_with_simulated(const Policy& policy);

}  // namespace mayfly::verifier
