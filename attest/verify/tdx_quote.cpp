#include "attest/verify/tdx_quote.hpp"

#include <algorithm>
#include <string>

#include "attest/model/tdx_layout.hpp"
#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

std::unexpected<Error> unsupported(std::string what) {
  return fail(ErrorCode::rejected, "not a quote that can be appraised: " + std::move(what));
}

Result<void> read_header(ByteReader& reader, ParsedTdxQuote& out) {
  TRY(out.version, reader.take_u16_le());
  if (out.version == tdx_layout::version_sgx) {
    return unsupported("it is an SGX quote (version 3), and only TDX quotes are judged");
  }
  if (out.version != tdx_layout::version_4 && out.version != tdx_layout::version_5) {
    return unsupported("unknown quote version " + std::to_string(out.version));
  }
  TRY(const std::uint16_t key_type, reader.take_u16_le());
  if (key_type != tdx_layout::attestation_key_ecdsa_p256) {
    return unsupported("attestation key type " + std::to_string(key_type) +
                       ", and only 2 (ECDSA P-256) is known");
  }
  TRY(const std::uint32_t tee_type, reader.take_u32_le());
  if (tee_type == tdx_layout::tee_type_sgx) {
    return unsupported("it is an SGX quote (TEE type 0), and only TDX quotes are judged");
  }
  if (tee_type != tdx_layout::tee_type_tdx) {
    return unsupported("its TEE type is not TDX (0x81)");
  }
  CHECK_OK(reader.take(4));  // Reserved in version 4; signed, so not ours to judge.
  TRY(const auto vendor, reader.take_array<16>());
  if (vendor != tdx_layout::intel_qe_vendor_id) {
    return unsupported("its quoting enclave is not Intel's");
  }
  TRY(out.user_data, reader.take_array<20>());
  return {};
}

struct BodyForm {
  std::uint16_t type;
  std::size_t bytes;
  TdBodyKind kind;
};
constexpr std::array body_forms{
    BodyForm{tdx_layout::body_type_td_1_0, tdx_layout::body_bytes, TdBodyKind::td_1_0},
    BodyForm{tdx_layout::body_type_td_1_5, tdx_layout::body_1_5_bytes, TdBodyKind::td_1_5}};

// Version 5 names its body; version 4 has one kind only.
Result<TdBodyKind> read_body_kind(ByteReader& reader, std::uint16_t version) {
  if (version == tdx_layout::version_4) {
    return TdBodyKind::td_1_0;
  }
  TRY(const std::uint16_t type, reader.take_u16_le());
  TRY(const std::uint32_t size, reader.take_u32_le());
  if (type == tdx_layout::body_type_sgx) {
    return unsupported("it is an SGX quote (body type 1), and only TDX quotes are judged");
  }
  const auto form =
      std::ranges::find_if(body_forms, [type](const BodyForm& each) { return each.type == type; });
  if (form == body_forms.end()) {
    return unsupported("unknown body type " + std::to_string(type));
  }
  if (size != form->bytes) {
    return fail(ErrorCode::malformed, "the quote declares a body of " + std::to_string(size) +
                                          " bytes where its type has " +
                                          std::to_string(form->bytes));
  }
  return form->kind;
}

Result<TdQuoteBody> read_body(ByteReader& reader, TdBodyKind kind) {
  TdQuoteBody body;
  body.kind = kind;
  TRY(body.tee_tcb_svn, reader.take_array<16>());
  TRY(body.mr_seam.bytes, reader.take_array<48>());
  TRY(body.mr_signer_seam.bytes, reader.take_array<48>());
  TRY(body.seam_attributes, reader.take_u64_le());
  TRY(body.td_attributes, reader.take_u64_le());
  TRY(body.xfam, reader.take_u64_le());
  TRY(body.mr_td.bytes, reader.take_array<48>());
  TRY(body.mr_config_id.bytes, reader.take_array<48>());
  TRY(body.mr_owner.bytes, reader.take_array<48>());
  TRY(body.mr_owner_config.bytes, reader.take_array<48>());
  for (crypto::Sha384& rtmr : body.rtmr) {
    TRY(rtmr.bytes, reader.take_array<48>());
  }
  TRY(body.report_data, reader.take_array<64>());
  if (kind == TdBodyKind::td_1_5) {
    TRY(body.tee_tcb_svn_2, reader.take_array<16>());
    TRY(body.mr_service_td.bytes, reader.take_array<48>());
  }
  return body;
}

// SGX report body; the gaps are reserved and covered by the PCK's signature.
Result<QeReport> read_qe_report(ByteView bytes) {
  ByteReader reader(bytes);
  QeReport report;
  TRY(report.cpu_svn, reader.take_array<16>());
  TRY(report.misc_select, reader.take_u32_le());
  CHECK_OK(reader.take(28));
  TRY(report.attributes, reader.take_array<16>());
  TRY(report.mr_enclave.bytes, reader.take_array<32>());
  CHECK_OK(reader.take(32));
  TRY(report.mr_signer.bytes, reader.take_array<32>());
  CHECK_OK(reader.take(96));
  TRY(report.isv_prod_id, reader.take_u16_le());
  TRY(report.isv_svn, reader.take_u16_le());
  CHECK_OK(reader.take(60));
  TRY(report.report_data, reader.take_array<64>());
  return report;
}

// {type u16, size u32, bytes}, which must be the last thing in `reader`.
Result<ByteView> take_certification(ByteReader& reader, std::uint16_t expected_type) {
  TRY(const std::uint16_t type, reader.take_u16_le());
  if (type != expected_type) {
    return unsupported("certification data of type " + std::to_string(type) + " where type " +
                       std::to_string(expected_type) + " is needed to verify offline");
  }
  TRY(const std::uint32_t size, reader.take_u32_le());
  if (size != reader.remaining()) {
    return fail(ErrorCode::malformed, "the quote's certification data declares " +
                                          std::to_string(size) + " bytes where " +
                                          std::to_string(reader.remaining()) + " are left");
  }
  return reader.take(size);
}

Result<void> read_signature_data(ByteView bytes, ParsedTdxQuote& out) {
  ByteReader reader(bytes);
  TRY(out.signature, reader.take_array<64>());
  TRY(out.attestation_key, reader.take_array<64>());
  TRY(const ByteView outer, take_certification(reader, tdx_layout::certification_qe_report));
  ByteReader qe(outer);
  TRY(out.qe_report_bytes, qe.take(tdx_layout::qe_report_bytes));
  TRY(out.qe_report, read_qe_report(out.qe_report_bytes));
  TRY(out.qe_report_signature, qe.take_array<64>());
  TRY(const std::uint16_t authentication_bytes, qe.take_u16_le());
  TRY(out.qe_authentication_data, qe.take(authentication_bytes));
  TRY(out.pck_chain_pem, take_certification(qe, tdx_layout::certification_pck_chain));
  return {};
}

}  // namespace

Result<ParsedTdxQuote> parse_tdx_quote(ByteView quote) {
  if (quote.size() > tdx_quote_bytes_max) {
    return fail(ErrorCode::limit,
                "a TDX quote is at most 65536 bytes, this one has " + std::to_string(quote.size()));
  }
  ParsedTdxQuote out;
  ByteReader reader(quote);
  CHECK_OK(read_header(reader, out));
  TRY(const TdBodyKind kind, read_body_kind(reader, out.version));
  TRY(out.body, read_body(reader, kind));
  out.signed_bytes = quote.first(reader.offset());
  TRY(const std::uint32_t signature_data_bytes, reader.take_u32_le());
  TRY(const ByteView signature_data, reader.take(signature_data_bytes));
  CHECK_OK(read_signature_data(signature_data, out));
  out.quote_bytes = quote.first(reader.offset());
  out.trailing_bytes = quote.subspan(reader.offset());
  return out;
}

}  // namespace mayfly::attest
