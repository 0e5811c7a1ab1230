#include "tests/attest/test_intel.hpp"

#include <algorithm>

#include "attest/model/tdx_layout.hpp"
#include "attest/verify/collateral_envelope.hpp"
#include "crypto/pem.hpp"
#include "tests/attest/pck_extension_draft.hpp"

namespace mayfly::attest {
namespace {

constexpr std::string_view root_name = "Intel SGX Root CA";
constexpr std::string_view ca_name = "Intel SGX PCK Platform CA";

void put(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_le(Bytes& out, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

UnixMillis days(std::int64_t count) {
  return {intel_now.value + count * intel_day_ms};
}

crypto::CertificateDraft draft(std::string_view issuer, std::string_view subject,
                               crypto::CertificateRole role) {
  crypto::CertificateDraft out;
  out.issuer_common_name = issuer;
  out.subject_common_name = subject;
  out.not_before = days(-300);
  out.not_after = days(300);
  out.role = role;
  return out;
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::string standing(const TestLevel& level) {
  std::string out =
      R"("tcbDate":)" + quoted(level.date) + R"(,"tcbStatus":)" + quoted(level.status);
  std::string list;
  for (const std::string& advisory : level.advisories) {
    list += (list.empty() ? "" : ",") + quoted(advisory);
  }
  return out + (list.empty() ? "" : ",\"advisoryIDs\":[" + list + "]");
}

std::string isv_levels(const std::vector<TestLevel>& levels) {
  std::string out;
  for (const TestLevel& level : levels) {
    out += (out.empty() ? "" : ",") + std::string(R"({"tcb":{"isvsvn":)") +
           std::to_string(level.svn) + "}," + standing(level) + "}";
  }
  return "[" + out + "]";
}

std::string components(unsigned svn) {
  std::string out;
  for (int i = 0; i < 16; ++i) {
    out += (out.empty() ? "" : ",") + std::string(R"({"svn":)") + std::to_string(svn) + "}";
  }
  return "[" + out + "]";
}

std::string platform_levels_json(const std::vector<TestLevel>& levels) {
  std::string out;
  for (const TestLevel& level : levels) {
    out += (out.empty() ? "" : ",") + std::string(R"({"tcb":{"sgxtcbcomponents":)") +
           components(level.svn) + R"(,"pcesvn":)" + std::to_string(level.svn) +
           R"(,"tdxtcbcomponents":)" + components(level.svn) + "}," + standing(level) + "}";
  }
  return "[" + out + "]";
}

}  // namespace

TestIntel::TestIntel()
    : platform(plain_platform()),
      ca(draft(root_name, ca_name, crypto::CertificateRole::certificate_authority)),
      pck(draft(ca_name, "Intel SGX PCK Certificate", crypto::CertificateRole::end_entity)),
      signing(draft(root_name, "Intel SGX TCB Signing", crypto::CertificateRole::end_entity)),
      root_crl{.issuer_common_name = root_name,
               .this_update = days(-10),
               .next_update = days(200),
               .serials = {},
               .list_extension = {},
               .entry_extension = {}},
      pck_crl{.issuer_common_name = ca_name,
              .this_update = days(-10),
              .next_update = days(20),
              .serials = {{0x77}},
              .list_extension = {},
              .entry_extension = {}} {
  crypto::CertificateDraft self =
      draft(root_name, root_name, crypto::CertificateRole::certificate_authority);
  self.serial = ca_serial;
  self.public_key = root_key.public_key();
  root = *crypto::issue_certificate(self, root_key);
  std::fill_n(body.begin() + svn_offset, 16, std::uint8_t{5});
  body[svn_offset + 1] = 1;  // major version of the module
  std::fill_n(body.begin() + svn_2_offset, 16, std::uint8_t{5});
  body[svn_2_offset + 1] = 1;
  body[td_attributes_body_offset + 3] = 0x10;  // SEPT_VE_DISABLE
  body[128] = 0x03;                            // XFAM
}

std::string TestIntel::tcb_info_body() const {
  const std::string seam =
      R"("mrsigner":")" + std::string(96, '0') +
      R"(","attributes":"0000000000000000","attributesMask":"FFFFFFFFFFFFFFFF")";
  std::string out = R"({"id":"TDX","version":3,"issueDate":)" + quoted(issue_date) +
                    R"(,"nextUpdate":)" + quoted(next_update) + R"(,"fmspc":)" + quoted(fmspc) +
                    R"(,"pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":)" +
                    std::to_string(tcb_evaluation_number) + R"(,"tdxModule":{)" + seam +
                    R"(},"tdxModuleIdentities":[{"id":"TDX_01",)" + seam + R"(,"tcbLevels":)" +
                    isv_levels(module_levels) + R"(}],"tcbLevels":)" +
                    platform_levels_json(platform_levels) + "}";
  if (edit_tcb_info) edit_tcb_info(out);
  return out;
}

std::string TestIntel::qe_identity_body() const {
  return R"({"id":"TD_QE","version":2,"issueDate":)" + quoted(issue_date) + R"(,"nextUpdate":)" +
         quoted(next_update) + R"(,"tcbEvaluationDataNumber":)" +
         std::to_string(qe_evaluation_number) +
         R"(,"miscselect":"00000000","miscselectMask":"FFFFFFFF",)" +
         R"("attributes":"11000000000000000000000000000000",)" +
         R"("attributesMask":"FBFFFFFFFFFFFFFF0000000000000000","mrsigner":")" +
         std::string(64, 'C') + R"(","isvprodid":2,"tcbLevels":)" + isv_levels(qe_levels) + "}";
}

Bytes TestIntel::sign_list(std::string_view name, const std::string& body_text) const {
  CollateralEnvelope envelope;
  envelope.body = bytes_of(body_text);
  envelope.signature = *signing_key.sign(envelope.body);
  const std::string text = plain_envelope(envelope, name);
  return {text.begin(), text.end()};
}

TdxCollateral TestIntel::collateral() const {
  crypto::CertificateDraft signer = signing;
  signer.serial = signing_serial;
  signer.public_key = signing_key.public_key();
  const std::string chain = crypto::pem_certificate(*crypto::issue_certificate(signer, root_key)) +
                            crypto::pem_certificate(root);
  return {.tcb_info = sign_list(tcb_info_body_name, tcb_info_body()),
          .qe_identity = sign_list(qe_identity_body_name, qe_identity_body()),
          .signing_chain = {chain.begin(), chain.end()},
          .root_crl = test::issue_crl(root_crl, root_key),
          .pck_crl = test::issue_crl(pck_crl, ca_key)};
}

Bytes TestIntel::quote() const {
  const Bytes extension = pck_extension_der(platform);
  crypto::CertificateDraft leaf = pck;
  leaf.serial = pck_serial;
  leaf.public_key = pck_key.public_key();
  leaf.extra_extension = {.identifier = tdx_layout::pck_extension_identifier, .value = extension};
  crypto::CertificateDraft authority = ca;
  authority.serial = ca_serial;
  authority.public_key = ca_key.public_key();
  const std::string chain =
      crypto::pem_certificate(*crypto::issue_certificate(leaf, ca_key)) +
      crypto::pem_certificate(*crypto::issue_certificate(authority, root_key)) +
      crypto::pem_certificate(root);

  Bytes qe(384);
  qe[48] = qe_attributes;
  std::fill_n(qe.begin() + 128, 32, std::uint8_t{0xcc});  // MRSIGNER
  qe[256] = 2;                                            // ISVPRODID
  qe[258] = static_cast<std::uint8_t>(qe_isv_svn);
  std::ranges::copy(crypto::sha256(attestation_key.public_key()).bytes, qe.begin() + 320);
  Bytes inner = qe;
  put(inner, *pck_key.sign(qe));
  put_le(inner, 0, 2);
  put_le(inner, tdx_layout::certification_pck_chain, 2);
  put_le(inner, chain.size(), 4);
  put(inner, bytes_of(chain));

  Bytes out;
  put_le(out, version, 2);
  put_le(out, tdx_layout::attestation_key_ecdsa_p256, 2);
  put_le(out, tdx_layout::tee_type_tdx, 4);
  put_le(out, 0, 4);
  put(out, tdx_layout::intel_qe_vendor_id);
  out.resize(tdx_layout::header_bytes);
  const std::size_t body_bytes = version == 5 ? body.size() : tdx_layout::body_bytes;
  if (version == 5) {
    put_le(out, body.size() == 648 ? 3 : 2, 2);
    put_le(out, body.size(), 4);
  }
  put(out, ByteView(body).first(body_bytes));
  const auto signature = *attestation_key.sign(out);
  put_le(out, 64 + 64 + 6 + inner.size(), 4);
  put(out, signature);
  put(out, attestation_key.public_key());
  put_le(out, tdx_layout::certification_qe_report, 2);
  put_le(out, inner.size(), 4);
  put(out, inner);
  return out;
}

TdxPolicy TestIntel::policy() const {
  TdxPolicy policy = genuine_tdx_policy();
  policy.anchors = {
      {.name = "a root of this test", .root_certificate = root, .kind = AnchorKind::hardware}};
  return policy;
}

TdxAppraisal TestIntel::appraise(const TdxPolicy& policy, UnixMillis at) const {
  return verify_tdx(quote(), collateral(), policy, at);
}

TdxAppraisal TestIntel::appraise() const {
  return appraise(policy(), intel_now);
}

}  // namespace mayfly::attest
