#include "verifier/tdx_anchors.hpp"

#include <algorithm>

#include "attest/model/simulated_root.hpp"

namespace mayfly::verifier {

std::vector<attest::TrustAnchor> hardware_anchors(const Policy& policy) {
  const attest::TrustAnchor simulated = attest::simulated_anchor();
  std::vector<attest::TrustAnchor> anchors = policy.tdx.anchors;
  std::erase_if(anchors, [&simulated](const attest::TrustAnchor& each) {
    return std::ranges::equal(each.root_certificate, simulated.root_certificate);
  });
  return anchors;
}

std::vector<attest::TrustAnchor> anchors_with_simulated(const Policy& policy) {
  std::vector<attest::TrustAnchor> anchors = hardware_anchors(policy);
  anchors.insert(anchors.begin(), attest::simulated_anchor());
  return anchors;
}

}  // namespace mayfly::verifier
