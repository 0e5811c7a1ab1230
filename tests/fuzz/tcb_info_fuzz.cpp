// A TCB info of any bytes: tests/fuzz/intel_list.hpp.
#include "attest/verify/tcb_info.hpp"
#include "tests/fuzz/intel_list.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly::attest;
  try_intel_list({data, size}, tcb_info_body_name, parse_tcb_info);
  return 0;
}
