#include "attest/verify/azure_report.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/byte_reader.hpp"
#include "base/text_encoding.hpp"

namespace mayfly::attest {
namespace {

constexpr std::string_view magic = "HCLA";
constexpr std::size_t header_bytes = 32;
constexpr std::size_t hardware_report_bytes = 1184;
constexpr std::size_t tdreport_bytes = 1024;
constexpr std::size_t request_header_bytes = 20;
constexpr std::uint32_t report_type_snp = 2;
constexpr std::uint32_t report_type_tdx = 4;
constexpr std::size_t keys_max = 16;

std::unexpected<Error> bad_azure_report(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a report of Azure's paravisor: ") + what);
}

Result<void> read_azure_header(ByteReader& reader, ParsedAzureReport& out) {
  TRY(const ByteView signature, reader.take(magic.size()));
  TRY(out.version, reader.take_u32_le());
  if (text_of(signature) != magic || (out.version != 1 && out.version != 2)) {
    return bad_azure_report("it does not begin with HCLA and version 1 or 2");
  }
  CHECK_OK(reader.take(24));  // sizes and state of the request that the paravisor made
  return {};
}

Result<void> read_request(ByteReader& reader, ParsedAzureReport& out) {
  TRY(const std::uint32_t request_bytes, reader.take_u32_le());
  TRY(const std::uint32_t version, reader.take_u32_le());
  TRY(const std::uint32_t type, reader.take_u32_le());
  TRY(const std::uint32_t hash, reader.take_u32_le());
  TRY(const std::uint32_t claims_bytes, reader.take_u32_le());
  if (version != 1 || (type != report_type_snp && type != report_type_tdx)) {
    return fail(ErrorCode::rejected, "its hardware report is neither SEV-SNP's nor TDX's");
  }
  out.tee = type == report_type_snp ? AzureTee::snp : AzureTee::tdx;
  if (hash < 1 || hash > 3) {
    return fail(ErrorCode::rejected, "its claims are hashed with something else than SHA-2");
  }
  out.claims_hash = static_cast<crypto::HashAlgorithm>(hash - 1);
  TRY(out.claims, reader.take(claims_bytes));
  // The size counts its own header in.
  if (request_bytes != claims_bytes + request_header_bytes || claims_bytes > azure_json_bytes_max) {
    return bad_azure_report("its claims are not as long as it says");
  }
  return {};
}

}  // namespace

Result<ParsedAzureReport> parse_azure_report(ByteView report) {
  if (report.size() > azure_report_bytes_max) {
    return fail(ErrorCode::limit, "a report of Azure's paravisor is at most 16 KiB, this one has " +
                                      std::to_string(report.size()) + " bytes");
  }
  ParsedAzureReport out;
  ByteReader reader(report);
  CHECK_OK(read_azure_header(reader, out));
  TRY(out.hardware_report, reader.take(hardware_report_bytes));
  CHECK_OK(read_request(reader, out));
  if (out.tee == AzureTee::tdx) {
    if (!are_zero(out.hardware_report.subspan(tdreport_bytes))) {
      return bad_azure_report("something follows its TDREPORT");
    }
    out.hardware_report = out.hardware_report.first(tdreport_bytes);
  }
  if (!are_zero(report.subspan(reader.offset()))) {
    return bad_azure_report("something follows its claims");
  }
  return out;
}

std::array<std::uint8_t, 64> azure_report_data(const ParsedAzureReport& report) {
  std::array<std::uint8_t, 64> out{};
  std::ranges::copy(crypto::digest_of(report.claims_hash, report.claims), out.begin());
  return out;
}

Result<Bytes> plain_azure_report(ByteView report) {
  TRY(const ParsedAzureReport parsed, parse_azure_report(report));
  const std::size_t used =
      header_bytes + hardware_report_bytes + request_header_bytes + parsed.claims.size();
  constexpr std::uint8_t version = 2;
  Bytes out(magic.begin(), magic.end());
  out.push_back(version);
  out.resize(header_bytes);
  const ByteView hardware = report.subspan(header_bytes, hardware_report_bytes);
  if (parsed.tee == AzureTee::snp) {
    out.insert(out.end(), hardware.begin(), hardware.end());
  }
  out.resize(header_bytes + hardware_report_bytes);
  const ByteView request = report.first(used).subspan(out.size());
  out.insert(out.end(), request.begin(), request.end());
  return out;
}

Result<crypto::PublicKey> azure_attestation_key(const AzureJson& claims) {
  std::optional<std::string> found;
  for (std::size_t i = 0; i < keys_max; ++i) {
    const std::string key = "keys/" + std::to_string(i);
    if (claims.string_at(key + "/kid") == "HCLAkPub") {
      if (found) {
        return bad_azure_report("it names two attestation keys");
      }
      found = key;
    }
  }
  if (!found) {
    return bad_azure_report("it names no attestation key");
  }
  const auto modulus = claims.string_at(*found + "/n");
  const bool is_signing_key =
      claims.string_at(*found + "/kty") == "RSA" && claims.string_at(*found + "/e") == "AQAB" &&
      claims.string_at(*found + "/key_ops/0") == "sign" && !claims.string_at(*found + "/key_ops/1");
  if (!modulus || !is_signing_key) {
    return bad_azure_report("its attestation key is not an RSA key for signing alone");
  }
  TRY(const Bytes bytes, base64url_decode(*modulus));
  if (bytes.empty() || bytes.front() == 0) {
    return bad_azure_report(
        "its attestation key's modulus is not in its shortest form");  // RFC 7518, 2
  }
  constexpr std::uint32_t exponent_aqab = 65537;
  return crypto::PublicKey::from_rsa(bytes, exponent_aqab);
}

}  // namespace mayfly::attest
