#include "attest/model/evidence.hpp"

#include <array>
#include <cstdlib>
#include <utility>

namespace mayfly::attest {

namespace {

constexpr std::array<std::pair<TeeKind, std::string_view>, 8> names{
    {{TeeKind::tdx, "tdx"},
     {TeeKind::snp, "snp"},
     {TeeKind::tpm, "tpm"},
     {TeeKind::nitro, "nitro"},
     {TeeKind::azure_snp, "azure-snp"},
     {TeeKind::azure_tdx, "azure-tdx"},
     {TeeKind::confidential_space, "confidential-space"},
     {TeeKind::simulated_tdx, "simulated-tdx"}}};

}  // namespace

std::string_view to_string(TeeKind kind) {
  for (const auto& [each, name] : names) {
    if (each == kind) return name;
  }
  std::abort();
}

Result<TeeKind> tee_kind_from_string(std::string_view text) {
  for (const auto& [kind, name] : names) {
    if (text == name) return kind;
  }
  return fail(ErrorCode::malformed,
              "unknown kind of TEE: known are tdx, snp, tpm, nitro, azure-snp, azure-tdx, "
              "confidential-space and simulated-tdx");
}

}  // namespace mayfly::attest
