#include "attest/verify/tpm2_tools_pcrs.hpp"

#include <string>

#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

// TPML_PCR_SELECTION: a count, then 16 banks of 8 bytes. TPML_DIGEST: a count, then 8 digests.
constexpr std::size_t selection_bytes = 4 + 16 * 8;
constexpr std::size_t digests_per_block = 8;
constexpr std::size_t digest_slot_bytes = 64;
constexpr std::uint32_t blocks_max = 16;

std::unexpected<Error> bad_pcr_values(const char* what) {
  return fail(ErrorCode::malformed, std::string("not tpm2-tools' PCR values: ") + what);
}

Result<std::vector<Bytes>> read_values(ByteView file) {
  ByteReader reader(file);
  CHECK_OK(reader.take(selection_bytes));
  TRY(const std::uint32_t blocks, reader.take_u32_le());
  if (blocks > blocks_max) {
    return bad_pcr_values("over 16 blocks");
  }
  std::vector<Bytes> values;
  for (std::uint32_t block = 0; block < blocks; ++block) {
    TRY(const std::uint32_t count, reader.take_u32_le());
    for (std::size_t i = 0; i < digests_per_block; ++i) {
      TRY(const std::uint16_t size, reader.take_u16_le());
      TRY(const ByteView slot, reader.take(digest_slot_bytes));
      if (i >= count) {
        continue;
      }
      if (size > digest_slot_bytes) {
        return bad_pcr_values("a digest of over 64 bytes");
      }
      values.emplace_back(slot.begin(), slot.begin() + size);
    }
  }
  if (reader.remaining() != 0) {
    return bad_pcr_values("something follows");
  }
  return values;
}

}  // namespace

Result<std::vector<TpmPcr>> read_tpm2_tools_pcrs(ByteView file, ByteView quote) {
  TRY(const std::vector<Bytes> values, read_values(file));
  TRY(const ParsedTpmQuote parsed, parse_tpm_quote(quote));
  std::vector<TpmPcr> out;
  for (const TpmPcrSelection& selection : parsed.selections) {
    for (std::uint32_t index = 0; index < tpm_pcr_count; ++index) {
      if ((selection.mask >> index & 1U) == 0) {
        continue;
      }
      if (out.size() == values.size()) {
        return bad_pcr_values("fewer values than the quote selects");
      }
      out.push_back({.bank = selection.bank, .index = index, .value = values[out.size()]});
    }
  }
  if (out.size() != values.size()) {
    return bad_pcr_values("more values than the quote selects");
  }
  return out;
}

}  // namespace mayfly::attest
