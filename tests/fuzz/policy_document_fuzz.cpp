// A policy document of any bytes: reading never crashes, and what is read was asked for in full.
#include <cstdlib>

#include "verifier/policy_document.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = mayfly::verifier::parse_policy({data, size});
  if (!policy) {
    return 0;
  }
  if (!policy->hash || policy->name.empty() || policy->tdx.anchors.empty()) std::abort();
  for (const mayfly::attest::TcbStatus status : policy->tdx.tcb.statuses) {
    if (status == mayfly::attest::TcbStatus::revoked) std::abort();
  }
  for (const std::string& line : mayfly::verifier::not_asked_by(
           *policy, policy->kinds.empty() ? mayfly::attest::TeeKind::tdx : policy->kinds.front())) {
    if (line.empty()) std::abort();  // its text is the document's own: any other is possible
  }
  return 0;
}
