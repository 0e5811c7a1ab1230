#include "attest/model/tpm_pcr_list.hpp"

#include <algorithm>
#include <tuple>

#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::uint32_t index_max = 23;

auto place_of(const TpmPcrValue& pcr) {
  return std::tuple(pcr.bank, pcr.index);
}

}  // namespace

Bytes encode_tpm_pcrs(std::vector<TpmPcrValue> pcrs) {
  std::ranges::sort(pcrs, {}, place_of);
  Bytes out;
  for (const TpmPcrValue& pcr : pcrs) {
    out.push_back(static_cast<std::uint8_t>(pcr.bank >> 8U));
    out.push_back(static_cast<std::uint8_t>(pcr.bank));
    out.push_back(static_cast<std::uint8_t>(pcr.index));
    out.push_back(static_cast<std::uint8_t>(pcr.value.size()));
    out.insert(out.end(), pcr.value.begin(), pcr.value.end());
  }
  return out;
}

Result<std::vector<TpmPcrValue>> decode_tpm_pcrs(ByteView list) {
  if (list.size() > tpm_pcr_list_bytes_max) {
    return fail(ErrorCode::limit, "a list of PCR values has at most 16 KiB");
  }
  std::vector<TpmPcrValue> out;
  ByteReader reader(list);
  while (reader.remaining() != 0) {
    TpmPcrValue pcr;
    TRY(pcr.bank, reader.take_u16_be());
    TRY(const ByteView head, reader.take(2));
    pcr.index = head[0];
    TRY(const ByteView value, reader.take(head[1]));
    pcr.value.assign(value.begin(), value.end());
    const bool is_in_order = out.empty() || place_of(out.back()) < place_of(pcr);
    if (pcr.index > index_max || pcr.value.empty() || !is_in_order) {
      return fail(ErrorCode::malformed,
                  "PCR values are listed once each, by bank and index, up to PCR 23");
    }
    out.push_back(std::move(pcr));
  }
  return out;
}

}  // namespace mayfly::attest
