// Goal: no bytes crash the reader of log policies, and a quorum never gets smaller when more
// witnesses cosign. Method: the witnesses are added one by one.
#include <cstdlib>

#include "transparency/log_policy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly;
  const auto policy = transparency::parse_log_policy({data, size});
  if (!policy) return 0;
  std::set<std::string> cosigned;
  bool was_met = transparency::quorum_is_met(*policy, cosigned);
  for (const auto& witness : policy->witnesses) {
    cosigned.insert(witness.name);
    const bool is_met = transparency::quorum_is_met(*policy, cosigned);
    if (was_met && !is_met) std::abort();
    was_met = is_met;
  }
  if (!was_met) std::abort();  // all witnesses together meet every quorum that can be written
  return 0;
}
