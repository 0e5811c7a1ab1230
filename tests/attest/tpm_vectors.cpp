#include "tests/attest/tpm_vectors.hpp"

#include <gtest/gtest.h>

#include "base/byte_reader.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"

namespace mayfly::attest {
namespace {

// tpm2_quote writes the C structures of tss2: 16 banks of 8 bytes, then blocks of 8 digests of 66.
constexpr std::size_t selection_bytes = 4 + 16 * 8;
constexpr std::size_t digests_per_block = 8;
constexpr std::size_t digest_slot_bytes = 64;

TpmPolicy swtpm_policy(const Bytes& key_name) {
  const std::string nonce = text_of_attest_vector("tpm/swtpm/nonce.hex");
  const std::string signer = "000b5427b7a7466f7a56aecbd5bf2d097b695d16e3b1062b4bfc72740cdebe4f8017";
  return {.key_trust = TpmKeyPinned{{key_name}},
          .extra_data = hex_decode(nonce.substr(0, nonce.find('\n'))).value(),
          .selection = std::vector<TpmPcrSelection>{{TpmHash::sha256, 0x8000ff}},
          .pcr_values = std::vector<TpmPcr>{{TpmHash::sha256, 7, Bytes(32, 0)}},
          .boot_measured = Any{"a software TPM that no firmware used"},
          .qualified_signer = hex_decode(signer).value(),
          .clock_floor = TpmClockFloor{.reset_count = 2, .restart_count = 0},
          .firmware_versions = std::vector<std::uint64_t>{0x2019102300163636}};
}

}  // namespace

Bytes read_attest_vector(const std::string& name) {
  auto bytes = read_file(std::string(MAYFLY_VECTORS) + "/attest/" + name, std::size_t{1} << 20U);
  EXPECT_TRUE(bytes) << name;
  return bytes.value_or(Bytes());
}

std::string text_of_attest_vector(const std::string& name) {
  return std::string(text_of(read_attest_vector(name)));
}

std::vector<Bytes> tpm2_tools_pcrs(const Bytes& file) {
  ByteReader reader(file);
  EXPECT_TRUE(reader.take(selection_bytes));
  const std::uint32_t blocks = reader.take_u32_le().value_or(0);
  std::vector<Bytes> values;
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const std::uint32_t count = reader.take_u32_le().value_or(0);
    for (std::size_t i = 0; i < digests_per_block; ++i) {
      const std::uint16_t size = reader.take_u16_le().value_or(0);
      const ByteView slot = reader.take(digest_slot_bytes).value();
      if (i < count) values.emplace_back(slot.begin(), slot.begin() + size);
    }
  }
  return values;
}

SwtpmQuote::SwtpmQuote()
    : attest(read_attest_vector("tpm/swtpm/q.msg")),
      signature(read_attest_vector("tpm/swtpm/q.sig")),
      area(read_attest_vector("tpm/swtpm/ak.tpm2b_public")),
      key_name(read_attest_vector("tpm/swtpm/ak.name")),
      policy(swtpm_policy(key_name)) {
  const auto values = tpm2_tools_pcrs(read_attest_vector("tpm/swtpm/q.pcrs"));
  const std::uint32_t indices[] = {0, 1, 2, 3, 4, 5, 6, 7, 23};
  EXPECT_EQ(values.size(), std::size(indices));
  for (std::size_t i = 0; i < values.size(); ++i) {
    pcrs.push_back({TpmHash::sha256, indices[i], values[i]});
  }
}

TpmAppraisal SwtpmQuote::appraise() const {
  return appraise_tpm({.attest = attest,
                       .signature = signature,
                       .attestation_key = ByteView(area),
                       .pcrs = pcrs,
                       .certificate_chain = {}},
                      policy, UnixMillis{1795000000000});
}

}  // namespace mayfly::attest
