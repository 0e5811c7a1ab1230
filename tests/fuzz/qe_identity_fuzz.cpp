// A QE identity of any bytes: tests/fuzz/intel_list.hpp.
#include "attest/verify/qe_identity.hpp"
#include "tests/fuzz/intel_list.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly::attest;
  try_intel_list({data, size}, qe_identity_body_name, parse_qe_identity);
  return 0;
}
