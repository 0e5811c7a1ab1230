#include "attest/model/evidence.hpp"

#include <cstdlib>
#include <string>

namespace mayfly::attest {

std::string_view to_string(TeeKind kind) {
  switch (kind) {
    case TeeKind::tdx: return "tdx";
    case TeeKind::simulated_tdx: return "simulated-tdx";
  }
  std::abort();
}

Result<TeeKind> tee_kind_from_string(std::string_view text) {
  for (const TeeKind kind : {TeeKind::tdx, TeeKind::simulated_tdx}) {
    if (text == to_string(kind)) {
      return kind;
    }
  }
  return fail(ErrorCode::malformed, "unknown kind of TEE: known are tdx and simulated-tdx");
}

}  // namespace mayfly::attest
