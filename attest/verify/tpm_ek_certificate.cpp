#include "attest/verify/tpm_ek_certificate.hpp"

#include <algorithm>
#include <string_view>

#include "attest/verify/tpm_structures.hpp"
#include "crypto/der_reader.hpp"
#include "crypto/pki_chain.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 8> CheckTable<TpmEkCheck>::rows{{
    {CheckStage::layout, "ek_readable"},
    {CheckStage::chain, "ek_anchor"},
    {CheckStage::chain, "ek_names"},
    {CheckStage::chain, "ek_constraints"},
    {CheckStage::chain, "ek_signatures"},
    {CheckStage::chain, "ek_validity"},
    {CheckStage::policy, "ek_usage"},
    {CheckStage::policy, "ek_tpm"},
}};

namespace {

constexpr std::string_view ek_usage_identifier = "2.23.133.8.1";
constexpr std::string_view alternative_name_extension = "2.5.29.17";
constexpr std::size_t attribute_bytes_max = 256;
// 2.23.133.2.n as the content of an OBJECT IDENTIFIER, without its last byte.
constexpr std::array<std::uint8_t, 4> tpm_attribute_prefix{0x67, 0x81, 0x05, 0x02};

struct TpmAttributes {
  std::string manufacturer;
  std::string model;
  std::string version;
};

std::unexpected<Error> bad_name() {
  return fail(ErrorCode::malformed,
              "the subject's alternative name does not say which TPM the key is of");
}

std::string* field_of(TpmAttributes& out, ByteView identifier) {
  if (identifier.size() != tpm_attribute_prefix.size() + 1 ||
      !std::ranges::equal(identifier.first(tpm_attribute_prefix.size()), tpm_attribute_prefix)) {
    return nullptr;
  }
  switch (identifier.back()) {
    case 1: return &out.manufacturer;
    case 2: return &out.model;
    case 3: return &out.version;
    default: return nullptr;
  }
}

// AttributeTypeAndValue; each of the three at most once.
Result<void> read_attribute(crypto::DerReader& set, TpmAttributes& out) {
  TRY(crypto::DerReader attribute, set.enter(crypto::der_tag::sequence));
  TRY(const auto type, attribute.take(crypto::der_tag::object_identifier));
  TRY(const auto value, attribute.take());
  CHECK_OK(attribute.expect_end());
  std::string* field = field_of(out, type.content);
  if (field == nullptr) {
    return {};
  }
  if (!field->empty() || value.content.empty() || value.content.size() > attribute_bytes_max) {
    return bad_name();
  }
  field->assign(text_of(value.content));
  return {};
}

// GeneralNames with a directoryName, [4] around a Name.
Result<TpmAttributes> read_alternative_name(ByteView extension) {
  TpmAttributes out;
  crypto::DerReader outer(extension);
  TRY(crypto::DerReader names, outer.enter(crypto::der_tag::sequence));
  CHECK_OK(outer.expect_end());
  while (!names.at_end()) {
    TRY(const auto name, names.take());
    if (name.tag != crypto::der_tag::context(4)) {
      continue;
    }
    crypto::DerReader wrapper(name.content);
    TRY(crypto::DerReader parts, wrapper.enter(crypto::der_tag::sequence));
    CHECK_OK(wrapper.expect_end());
    while (!parts.at_end()) {
      TRY(crypto::DerReader set, parts.enter(crypto::der_tag::set));
      while (!set.at_end()) {
        CHECK_OK(read_attribute(set, out));
      }
    }
  }
  if (out.manufacturer.empty() || out.model.empty() || out.version.empty()) {
    return bad_name();
  }
  return out;
}

Result<TpmAttributes> read_tpm_attributes(const crypto::PkiCertificate& certificate) {
  const auto extension = certificate.extension(alternative_name_extension);
  if (!extension) {
    return bad_name();
  }
  return read_alternative_name(*extension);
}

Result<void> check_ek_usage(const crypto::PkiCertificate& certificate) {
  if (!certificate.has_extended_usage(ek_usage_identifier)) {
    return fail(ErrorCode::rejected, "the certificate is not one of an endorsement key");
  }
  // An endorsement key decrypts. One that signs could make up what a TPM never said.
  if (certificate.may_sign_data() || certificate.may_sign_certificates()) {
    return fail(ErrorCode::rejected, "the certificate lets the endorsement key sign");
  }
  return {};
}

}  // namespace

TpmEkAppraisal appraise_tpm_ek(std::span<const Bytes> der, std::span<const ByteView> anchors,
                               UnixMillis at) {
  TpmEkAppraisal out;
  const auto chain = crypto::read_pki_chain(der);
  if (!chain) {
    out.findings.fail(TpmEkCheck::ek_readable, chain.error().message());
    return out;
  }
  out.findings.judge(TpmEkCheck::ek_readable, {});
  const auto report = crypto::check_pki_chain(*chain, anchors, at);
  out.findings.judge(TpmEkCheck::ek_anchor, report.anchored);
  out.findings.judge(TpmEkCheck::ek_names, report.names);
  out.findings.judge(TpmEkCheck::ek_constraints, report.constraints);
  out.findings.judge(TpmEkCheck::ek_signatures, report.signatures);
  out.findings.judge(TpmEkCheck::ek_validity, report.validity);
  out.findings.judge(TpmEkCheck::ek_usage, check_ek_usage(chain->front()));
  const auto attributes = read_tpm_attributes(chain->front());
  if (!attributes) {
    out.findings.fail(TpmEkCheck::ek_tpm, attributes.error().message());
  } else {
    out.findings.judge(TpmEkCheck::ek_tpm, {});
  }
  out.verdict = out.findings.verdict();
  if (out.verdict == EvidenceVerdict::accepted) {
    out.verified = VerifiedTpmEk{.key = chain->front().public_key(),
                                 .manufacturer = attributes->manufacturer,
                                 .model = attributes->model,
                                 .version = attributes->version};
  }
  return out;
}

Result<Bytes> tpm_ek_name(ByteView modulus) {
  if (modulus.size() != 256) {
    return fail(ErrorCode::rejected, "the default template is of an RSA key of 2048 bits");
  }
  // Template L-1: RSA, SHA-256, attributes, policy "TPM2_PolicySecret(endorsement)", AES-128-CFB,
  // no scheme, 2048 bits, default exponent.
  Bytes area{0x00, 0x01, 0x00, 0x0b, 0x00, 0x03, 0x00, 0xb2, 0x00, 0x20, 0x83, 0x71,
             0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5,
             0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1,
             0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa, 0x00, 0x06, 0x00, 0x80, 0x00, 0x43,
             0x00, 0x10, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00};
  area.insert(area.end(), modulus.begin(), modulus.end());
  TRY(const ParsedTpmPublic parsed, parse_tpm_public(area));
  return tpm_name_of(parsed);
}

}  // namespace mayfly::attest
