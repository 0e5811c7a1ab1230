#include "attest/verify/snp_report.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::uint32_t algorithm_ecdsa_p384 = 1;
constexpr std::size_t scalar_field_bytes = 72;
constexpr std::size_t scalar_bytes = 48;
constexpr std::size_t signature_rest_bytes = 512 - 2 * scalar_field_bytes;

std::unexpected<Error> bad_snp_report(std::string what) {
  return fail(ErrorCode::malformed, "not an SEV-SNP report: " + std::move(what));
}

Result<void> take_zeros(ByteReader& reader, std::size_t count) {
  const std::size_t offset = reader.offset();
  TRY(const ByteView bytes, reader.take(count));
  if (!are_zero(bytes)) {
    return bad_snp_report("something reserved at byte " + std::to_string(offset) + " is not zero");
  }
  return {};
}

Result<void> take_sha384(ByteReader& reader, crypto::Sha384& out) {
  TRY(out.bytes, reader.take_array<48>());
  return {};
}

// 0x000 to 0x04f.
Result<void> read_head(ByteReader& reader, ParsedSnpReport& out) {
  TRY(out.version, reader.take_u32_le());
  if (out.version != 2 && out.version != 3 && out.version != 5) {
    return fail(ErrorCode::rejected, "an SEV-SNP report of version " + std::to_string(out.version) +
                                         "; 2, 3 and 5 are known here");
  }
  TRY(out.guest_svn, reader.take_u32_le());
  TRY(out.policy, reader.take_u64_le());
  CHECK_OK(reader.take(32));  // family and image id: free for the guest's owner
  TRY(out.vmpl, reader.take_u32_le());
  TRY(const std::uint32_t algorithm, reader.take_u32_le());
  if (algorithm != algorithm_ecdsa_p384) {
    return fail(ErrorCode::rejected, "an SEV-SNP report not signed with ECDSA over P-384");
  }
  TRY(out.current_tcb, reader.take_array<8>());
  TRY(out.platform_info, reader.take_u64_le());
  TRY(const std::uint32_t flags, reader.take_u32_le());
  if (flags >> 5U != 0) {
    return bad_snp_report("reserved flags are set");
  }
  out.has_author_key = (flags & 1U) != 0;
  out.is_chip_masked = (flags & 2U) != 0;
  const std::uint32_t key = flags >> 2U;
  if (key == 0 || key == 1) {
    out.key_kind = key == 0 ? SnpKeyKind::vcek : SnpKeyKind::vlek;
  }
  return take_zeros(reader, 4);
}

// 0x050 to 0x17f.
Result<void> read_measurements(ByteReader& reader, ParsedSnpReport& out) {
  TRY(out.report_data, reader.take_array<64>());
  CHECK_OK(take_sha384(reader, out.measurement));
  TRY(out.host_data, reader.take_array<32>());
  CHECK_OK(take_sha384(reader, out.id_key_digest));
  CHECK_OK(take_sha384(reader, out.author_key_digest));
  TRY(out.report_id, reader.take_array<32>());
  CHECK_OK(reader.take(32));  // of a migration agent
  return {};
}

// 0x180 to 0x29f.
Result<void> read_platform_info(ByteReader& reader, ParsedSnpReport& out) {
  TRY(out.reported_tcb, reader.take_array<8>());
  if (out.version >= 3) {
    SnpCpu cpu;
    TRY(cpu.family, reader.take_u8());
    TRY(cpu.model, reader.take_u8());
    TRY(cpu.stepping, reader.take_u8());
    out.cpu = cpu;
    CHECK_OK(take_zeros(reader, 21));
  } else {
    CHECK_OK(take_zeros(reader, 24));
  }
  TRY(out.chip_id, reader.take_array<snp_chip_id_bytes>());
  TRY(out.committed_tcb, reader.take_array<8>());
  CHECK_OK(reader.take(3));  // current firmware: build, minor, major
  CHECK_OK(take_zeros(reader, 1));
  CHECK_OK(reader.take(3));  // committed firmware
  CHECK_OK(take_zeros(reader, 1));
  TRY(out.launch_tcb, reader.take_array<8>());
  const std::size_t mitigations = out.version >= 5 ? 16 : 0;  // launch and current vectors
  CHECK_OK(reader.take(mitigations));
  return take_zeros(reader, snp_signed_bytes - reader.offset());
}

// A number of 72 bytes, little-endian, of which P-384 needs 48.
Result<void> take_scalar(ByteReader& reader, Bytes& out) {
  TRY(const ByteView number, reader.take(scalar_bytes));
  CHECK_OK(take_zeros(reader, scalar_field_bytes - scalar_bytes));
  out.insert(out.end(), number.rbegin(), number.rend());
  return {};
}

}  // namespace

std::string_view to_string(SnpProduct product) {
  constexpr std::array<std::string_view, 3> names{"Milan", "Genoa", "Turin"};
  return names.at(static_cast<std::size_t>(product));
}

bool SnpTcb::is_at_least(const SnpTcb& other) const {
  return fmc >= other.fmc && boot_loader >= other.boot_loader && tee >= other.tee &&
         snp >= other.snp && microcode >= other.microcode;
}

Result<SnpTcb> snp_tcb_of(SnpProduct product, const std::array<std::uint8_t, 8>& bytes) {
  const bool is_turin = product == SnpProduct::turin;
  const auto reserved = is_turin ? ByteView(bytes).subspan(4, 3) : ByteView(bytes).subspan(2, 4);
  if (!are_zero(reserved)) {
    return bad_snp_report("a TCB version with reserved bytes that are not zero for this product");
  }
  if (is_turin) {
    return SnpTcb{.fmc = bytes[0],
                  .boot_loader = bytes[1],
                  .tee = bytes[2],
                  .snp = bytes[3],
                  .microcode = bytes[7]};
  }
  return SnpTcb{
      .fmc = 0, .boot_loader = bytes[0], .tee = bytes[1], .snp = bytes[6], .microcode = bytes[7]};
}

Result<ParsedSnpReport> parse_snp_report(ByteView report) {
  if (report.size() != snp_report_bytes) {
    return bad_snp_report("it has " + std::to_string(report.size()) + " bytes, not 1184");
  }
  ParsedSnpReport out;
  ByteReader reader(report);
  CHECK_OK(read_head(reader, out));
  CHECK_OK(read_measurements(reader, out));
  CHECK_OK(read_platform_info(reader, out));
  out.signed_bytes = report.first(reader.offset());
  CHECK_OK(take_scalar(reader, out.signature));
  CHECK_OK(take_scalar(reader, out.signature));
  CHECK_OK(take_zeros(reader, signature_rest_bytes));
  return out;
}

std::optional<SnpProduct> snp_product_of(const SnpCpu& cpu) {
  if (cpu.family == 0x19 && cpu.model <= 0x0f) return SnpProduct::milan;
  // Genoa; Bergamo and Siena have its keys.
  if (cpu.family == 0x19 && cpu.model >= 0x10 && cpu.model <= 0x1f) return SnpProduct::genoa;
  if (cpu.family == 0x19 && cpu.model >= 0xa0 && cpu.model <= 0xaf) return SnpProduct::genoa;
  if (cpu.family == 0x1a && cpu.model <= 0x1f) return SnpProduct::turin;
  return std::nullopt;
}

}  // namespace mayfly::attest
