#include "attest/verify/tcb_status.hpp"

#include <array>

namespace mayfly::attest {
namespace {

constexpr std::array<std::string_view, 9> names{"UpToDate",
                                                "SWHardeningNeeded",
                                                "ConfigurationNeeded",
                                                "ConfigurationAndSWHardeningNeeded",
                                                "OutOfDate",
                                                "OutOfDateConfigurationNeeded",
                                                "Revoked",
                                                "TDRelaunchAdvised",
                                                "TDRelaunchAdvisedConfigurationNeeded"};

}  // namespace

std::string_view to_string(TcbStatus status) {
  return names.at(static_cast<std::size_t>(status));
}

Result<TcbStatus> tcb_status_from_string(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) {
      return static_cast<TcbStatus>(i);
    }
  }
  return fail(ErrorCode::malformed, "an unknown TCB status");
}

bool is_out_of_date(TcbStatus status) {
  return status == TcbStatus::out_of_date || status == TcbStatus::out_of_date_configuration_needed;
}

}  // namespace mayfly::attest
