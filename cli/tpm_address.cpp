#include "cli/tpm_address.hpp"

#include <charconv>
#include <string_view>
#include <utility>

namespace mayfly::cli {
namespace {

// "ADDRESS#0x81010020"
Result<attest::TpmKeyChoice> key_in(std::string& address) {
  const std::size_t mark = address.rfind('#');
  if (mark == std::string::npos) {
    return attest::TpmKeyChoice(attest::TpmFreshKey{});
  }
  std::string_view text = std::string_view(address).substr(mark + 1);
  if (text.starts_with("0x")) text.remove_prefix(2);
  attest::TpmPersistentKey key;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), key.handle, 16);
  constexpr std::uint32_t first = 0x81000000;
  constexpr std::uint32_t last = 0x817fffff;
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || key.handle < first ||
      key.handle > last) {
    return fail(ErrorCode::malformed,
                "a TPM's persistent handle is 0x81000000 to 0x817fffff, such as 0x81010020");
  }
  address.resize(mark);
  return attest::TpmKeyChoice(key);
}

}  // namespace

Result<attest::TpmAttester> open_tpm(std::string address, TpmKeyWanted wanted) {
  TRY(const attest::TpmKeyChoice choice, key_in(address));
  if (address.empty()) {
    return fail(ErrorCode::malformed,
                "a TPM is named with its address: --attest tpm:device:/dev/tpmrm0");
  }
  if (wanted == TpmKeyWanted::persistent &&
      !std::holds_alternative<attest::TpmPersistentKey>(choice)) {
    return fail(ErrorCode::malformed,
                "only a key that stays can be enrolled: name its handle, as in "
                "device:/dev/tpmrm0#0x81010020");
  }
  return attest::TpmAttester::open(address, choice);
}

}  // namespace mayfly::cli
