#include "attest/verify/tcb_info.hpp"

#include <algorithm>

#include "attest/verify/collateral_json.hpp"
#include "attest/verify/tcb_standing.hpp"
#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t module_identities_max = 16;

Result<std::uint64_t> seam_bits(const JsonPart& part, std::string_view name) {
  std::array<std::uint8_t, 8> bytes{};
  CHECK_OK(part.hex_of(name, bytes));
  ByteReader reader(bytes);
  return reader.take_u64_le();
}

Result<SeamIdentity> read_seam_identity(const JsonPart& part) {
  SeamIdentity out;
  CHECK_OK(part.hex_of("mrsigner", out.mr_signer.bytes));
  TRY(out.attributes, seam_bits(part, "attributes"));
  TRY(out.attributes_mask, seam_bits(part, "attributesMask"));
  return out;
}

// "TDX_03"
Result<std::uint8_t> module_major(const JsonPart& part) {
  constexpr std::string_view prefix = "TDX_";
  TRY(const std::string_view id, part.text_of("id"));
  const auto digits = id.starts_with(prefix) ? id.substr(prefix.size()) : std::string_view();
  unsigned value = 0;
  for (const char c : digits) {
    const bool is_decimal = c >= '0' && c <= '9';
    const bool is_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!is_decimal && !is_letter) {
      return fail(ErrorCode::malformed, "a TDX module's id must be TDX_ and two hex digits");
    }
    // The low five bits count letters of either case from one.
    const unsigned digit =
        is_decimal ? static_cast<unsigned>(c - '0') : (static_cast<unsigned>(c) & 0x1fU) + 9;
    value = value * 16 + digit;
  }
  if (digits.size() != 2) {
    return fail(ErrorCode::malformed, "a TDX module's id must be TDX_ and two hex digits");
  }
  return static_cast<std::uint8_t>(value);
}

Result<void> read_module_identities(const JsonPart& root, TcbInfo& out) {
  const auto list = root.find("tdxModuleIdentities");
  if (!list) {
    return {};  // lists from before TDX 1.5
  }
  TRY(const std::vector<JsonPart> parts, list->items());
  if (parts.size() > module_identities_max) {
    return fail(ErrorCode::limit, "more than 16 TDX module identities");
  }
  for (const JsonPart& part : parts) {
    TdxModuleIdentity identity;
    TRY(identity.major, module_major(part));
    TRY(identity.seam, read_seam_identity(part));
    TRY(identity.levels, read_isv_levels(part));
    if (std::ranges::any_of(out.module_identities, [&identity](const TdxModuleIdentity& earlier) {
          return earlier.major == identity.major;
        })) {
      return fail(ErrorCode::malformed, "a TDX module identity that occurs twice");
    }
    out.module_identities.push_back(std::move(identity));
  }
  return {};
}

Result<std::array<std::uint8_t, 16>> read_components(const JsonPart& tcb, std::string_view name) {
  std::array<std::uint8_t, 16> out{};
  TRY(const JsonPart list, tcb.member(name));
  TRY(const std::vector<JsonPart> parts, list.items());
  if (parts.size() != out.size()) {
    return fail(ErrorCode::malformed, "a TCB level without its 16 components");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    TRY(const std::uint32_t svn, parts[i].integer_of("svn", 0xff));
    out.at(i) = static_cast<std::uint8_t>(svn);
  }
  return out;
}

bool is_at_least(const PlatformTcbLevel& level, const PlatformTcbLevel& other) {
  const auto all_at_least = [](const auto& left, const auto& right) {
    return std::ranges::equal(left, right, [](auto a, auto b) { return a >= b; });
  };
  return all_at_least(level.sgx_components, other.sgx_components) &&
         level.pce_svn >= other.pce_svn && all_at_least(level.tdx_components, other.tdx_components);
}

// The first level that a platform is_at_least counts. One that stood below a level it is_at_least
// could never count, so the list would mean something else than it says.
Result<void> check_descending(const std::vector<PlatformTcbLevel>& levels) {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    for (std::size_t later = i + 1; later < levels.size(); ++later) {
      if (is_at_least(levels[later], levels[i])) {
        return fail(ErrorCode::malformed, "its TCB levels do not descend");
      }
    }
  }
  return {};
}

Result<void> read_levels(const JsonPart& root, TcbInfo& out) {
  TRY(const JsonPart list, root.member("tcbLevels"));
  TRY(const std::vector<JsonPart> parts, list.items());
  if (parts.empty() || parts.size() > tcb_levels_max) {
    return fail(ErrorCode::limit, "none, or more than 64, TCB levels");
  }
  for (const JsonPart& part : parts) {
    PlatformTcbLevel level;
    TRY(const JsonPart tcb, part.member("tcb"));
    TRY(level.sgx_components, read_components(tcb, "sgxtcbcomponents"));
    TRY(const std::uint32_t pce_svn, tcb.integer_of("pcesvn", 0xffff));
    level.pce_svn = static_cast<std::uint16_t>(pce_svn);
    TRY(level.tdx_components, read_components(tcb, "tdxtcbcomponents"));
    TRY(level.standing, read_standing(part));
    out.levels.push_back(std::move(level));
  }
  return check_descending(out.levels);
}

}  // namespace

Result<TcbInfo> parse_tcb_info(ByteView body) {
  TRY(const CollateralJson document, CollateralJson::parse(body));
  const JsonPart root = document.root();
  TRY(const std::string_view id, root.text_of("id"));
  if (id != "TDX") {
    return fail(ErrorCode::rejected, "it is a TCB info for another TEE than TDX");
  }
  TRY(const std::uint32_t version, root.integer_of("version", 0xffff));
  if (version != 3) {
    return fail(ErrorCode::rejected, "it is a TCB info of another version than 3");
  }
  TcbInfo out;
  TRY(out.issue_date, root.time_of("issueDate"));
  TRY(out.next_update, root.time_of("nextUpdate"));
  CHECK_OK(root.hex_of("fmspc", out.fmspc));
  CHECK_OK(root.hex_of("pceId", out.pce_id));
  TRY(const std::uint32_t tcb_type, root.integer_of("tcbType", 0xffff));
  if (tcb_type != 0) {
    return fail(ErrorCode::rejected, "it composes TCB levels in a way not known here (tcbType)");
  }
  TRY(out.evaluation_number, root.integer_of("tcbEvaluationDataNumber", 0x7fffffff));
  TRY(const JsonPart module, root.member("tdxModule"));
  TRY(out.tdx_module, read_seam_identity(module));
  CHECK_OK(read_module_identities(root, out));
  CHECK_OK(read_levels(root, out));
  return out;
}

}  // namespace mayfly::attest
