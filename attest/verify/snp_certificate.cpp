#include "attest/verify/snp_certificate.hpp"

#include <string_view>

#include "crypto/der_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::string_view product_extension = "1.3.6.1.4.1.3704.1.2";
constexpr std::string_view boot_loader_extension = "1.3.6.1.4.1.3704.1.3.1";
constexpr std::string_view tee_extension = "1.3.6.1.4.1.3704.1.3.2";
constexpr std::string_view snp_extension = "1.3.6.1.4.1.3704.1.3.3";
constexpr std::string_view microcode_extension = "1.3.6.1.4.1.3704.1.3.8";
constexpr std::string_view fmc_extension = "1.3.6.1.4.1.3704.1.3.9";
constexpr std::string_view hardware_id_extension = "1.3.6.1.4.1.3704.1.4";
constexpr std::string_view provider_extension = "1.3.6.1.4.1.3704.1.5";
constexpr std::uint8_t ia5_string_tag = 0x16;
constexpr std::size_t text_bytes_max = 256;
constexpr std::size_t turin_hardware_id_bytes = 8;

std::unexpected<Error> bad_snp_extension(std::string_view extension) {
  return fail(ErrorCode::malformed, "the certificate's extension " + std::string(extension) +
                                        " is missing or not of its form");
}

Result<std::uint8_t> version_number(const crypto::PkiCertificate& certificate,
                                    std::string_view extension) {
  const auto content = certificate.extension(extension);
  if (!content) {
    return bad_snp_extension(extension);
  }
  crypto::DerReader reader(*content);
  const auto digits = reader.take_unsigned_integer();
  if (!digits || digits->size() > 1 || !reader.at_end()) {
    return bad_snp_extension(extension);
  }
  return digits->empty() ? std::uint8_t{0} : digits->front();
}

Result<std::string> text(const crypto::PkiCertificate& certificate, std::string_view extension) {
  const auto content = certificate.extension(extension);
  if (!content) {
    return bad_snp_extension(extension);
  }
  crypto::DerReader reader(*content);
  const auto element = reader.take();
  const bool is_text =
      element && (element->tag == ia5_string_tag || element->tag == crypto::der_tag::utf8_string ||
                  element->tag == crypto::der_tag::printable_string);
  if (!is_text || !reader.at_end() || element->content.size() > text_bytes_max) {
    return bad_snp_extension(extension);
  }
  return std::string(text_of(element->content));
}

// Older certificates hold the bare bytes, newer ones an OCTET STRING of them.
Result<Bytes> hardware_id(const crypto::PkiCertificate& certificate, SnpProduct product) {
  const std::size_t size =
      product == SnpProduct::turin ? turin_hardware_id_bytes : snp_chip_id_bytes;
  auto content = certificate.extension(hardware_id_extension);
  if (!content) {
    return bad_snp_extension(hardware_id_extension);
  }
  if (content->size() == size) {
    return std::move(*content);
  }
  crypto::DerReader reader(*content);
  const auto element = reader.take(crypto::der_tag::octet_string);
  if (!element || !reader.at_end() || element->content.size() != size) {
    return bad_snp_extension(hardware_id_extension);
  }
  return Bytes(element->content.begin(), element->content.end());
}

}  // namespace

Result<SnpKeyCertificate> read_snp_certificate(const crypto::PkiCertificate& certificate,
                                               SnpProduct product, SnpKeyKind kind) {
  SnpKeyCertificate out;
  TRY(out.product_name, text(certificate, product_extension));
  TRY(out.tcb.boot_loader, version_number(certificate, boot_loader_extension));
  TRY(out.tcb.tee, version_number(certificate, tee_extension));
  TRY(out.tcb.snp, version_number(certificate, snp_extension));
  TRY(out.tcb.microcode, version_number(certificate, microcode_extension));
  if (product == SnpProduct::turin) {
    TRY(out.tcb.fmc, version_number(certificate, fmc_extension));
  }
  if (kind == SnpKeyKind::vcek) {
    TRY(out.hardware_id, hardware_id(certificate, product));
  } else {
    TRY(out.provider, text(certificate, provider_extension));
  }
  return out;
}

}  // namespace mayfly::attest
