#include "attest/verify/qe_identity.hpp"

#include <algorithm>

#include "attest/verify/collateral_json.hpp"
#include "attest/verify/refuse.hpp"
#include "attest/verify/tcb_standing.hpp"
#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::uint8_t attributes_debug = 0x02;  // SGX ATTRIBUTES, bit 1

Result<std::uint32_t> misc_bits(const JsonPart& part, std::string_view name) {
  std::array<std::uint8_t, 4> bytes{};
  CHECK_OK(part.hex_of(name, bytes));
  ByteReader reader(bytes);
  return reader.take_u32_le();
}

bool attributes_match(const QeReport& report, const QeIdentity& identity) {
  for (std::size_t i = 0; i < report.attributes.size(); ++i) {
    const unsigned masked =
        static_cast<unsigned>(report.attributes.at(i)) & identity.attributes_mask.at(i);
    if (masked != identity.attributes.at(i)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<QeIdentity> parse_qe_identity(ByteView body) {
  TRY(const CollateralJson document, CollateralJson::parse(body));
  const JsonPart root = document.root();
  TRY(const std::string_view id, root.text_of("id"));
  if (id != "TD_QE") {
    return refuse("it is the identity of another enclave than the TD quoting enclave");
  }
  TRY(const std::uint32_t version, root.integer_of("version", 0xffff));
  if (version != 2) {
    return refuse("it is an enclave identity of another version than 2");
  }
  QeIdentity out;
  TRY(out.issue_date, root.time_of("issueDate"));
  TRY(out.next_update, root.time_of("nextUpdate"));
  TRY(out.evaluation_number, root.integer_of("tcbEvaluationDataNumber", 0x7fffffff));
  TRY(out.misc_select, misc_bits(root, "miscselect"));
  TRY(out.misc_select_mask, misc_bits(root, "miscselectMask"));
  CHECK_OK(root.hex_of("attributes", out.attributes));
  CHECK_OK(root.hex_of("attributesMask", out.attributes_mask));
  CHECK_OK(root.hex_of("mrsigner", out.mr_signer.bytes));
  TRY(const std::uint32_t isv_prod_id, root.integer_of("isvprodid", 0xffff));
  out.isv_prod_id = static_cast<std::uint16_t>(isv_prod_id);
  TRY(out.levels, read_isv_levels(root));
  return out;
}

Result<const IsvTcbLevel*> check_qe_report(const QeReport& report, const QeIdentity& identity) {
  if (report.mr_signer != identity.mr_signer) {
    return refuse("the quoting enclave is not signed by Intel's signer (MRSIGNER)");
  }
  if (report.isv_prod_id != identity.isv_prod_id) {
    return refuse("the quoting enclave is another product (ISVPRODID)");
  }
  if ((report.misc_select & identity.misc_select_mask) != identity.misc_select) {
    return refuse("the quoting enclave runs with another MISCSELECT");
  }
  if (!attributes_match(report, identity)) {
    return refuse("the quoting enclave runs with other ATTRIBUTES");
  }
  if ((report.attributes[0] & attributes_debug) != 0) {
    return refuse("the quoting enclave runs under debug");
  }
  const auto level = std::ranges::find_if(identity.levels, [&report](const IsvTcbLevel& each) {
    return each.isv_svn <= report.isv_svn;
  });
  if (level == identity.levels.end()) {
    return refuse("the quoting enclave is older than every known level (ISVSVN)");
  }
  return &*level;
}

}  // namespace mayfly::attest
