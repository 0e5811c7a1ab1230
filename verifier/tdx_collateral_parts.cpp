#include "verifier/tdx_collateral_parts.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "attest/verify/collateral_envelope.hpp"
#include "crypto/pem.hpp"

namespace mayfly::verifier {
namespace {

using attest::TdxCollateral;

constexpr std::string_view format = "intel-tdx-v4";

struct PartRow {
  std::string_view name;
  Bytes TdxCollateral::* bytes;
};
// In the order of their names.
constexpr std::array<PartRow, 5> rows{{{"pck_crl", &TdxCollateral::pck_crl},
                                       {"qe_identity", &TdxCollateral::qe_identity},
                                       {"root_crl", &TdxCollateral::root_crl},
                                       {"tcb_info", &TdxCollateral::tcb_info},
                                       {"tcb_signing_chain", &TdxCollateral::signing_chain}}};

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
  return fail(ErrorCode::malformed, "the collateral " + std::string(name) + std::string(what));
}

Bytes to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

// The one spelling of a signing chain.
Result<Bytes> plain_chain(ByteView pem) {
  constexpr std::size_t certificates_max = 8;
  TRY(const std::vector<Bytes> chain, crypto::split_pem_chain(pem, certificates_max));
  std::string out;
  for (const Bytes& der : chain) {
    out += crypto::pem_certificate(der);
  }
  return to_bytes(out);
}

Result<Bytes> plain_list(ByteView file, std::string_view body_name) {
  TRY(const attest::CollateralEnvelope envelope, attest::open_envelope(file, body_name));
  return to_bytes(attest::plain_envelope(envelope, body_name));
}

Result<Bytes> plain_part(const PartRow& row, const Bytes& bytes) {
  if (row.bytes == &TdxCollateral::tcb_info) {
    return plain_list(bytes, attest::tcb_info_body_name);
  }
  if (row.bytes == &TdxCollateral::qe_identity) {
    return plain_list(bytes, attest::qe_identity_body_name);
  }
  if (row.bytes == &TdxCollateral::signing_chain) {
    return plain_chain(bytes);
  }
  return bytes;  // DER has one spelling
}

}  // namespace

bool is_tdx_collateral_part(std::string_view name) {
  return std::ranges::find(rows, name, &PartRow::name) != rows.end();
}

bool has_vendors_layout(ByteView chain_pem) {
  constexpr std::size_t certificates_max = 8;
  const auto chain = crypto::split_pem_chain(chain_pem, certificates_max);
  std::string expected;
  if (chain) {
    for (const Bytes& der : *chain) {
      expected += crypto::pem_certificate(der);
    }
  }
  std::string_view text = text_of(chain_pem);
  if (text.ends_with('\0')) {
    text.remove_suffix(1);  // the terminator that most quoting libraries copy along
  }
  return !expected.empty() && text == expected;
}

Result<TdxCollateral> tdx_collateral_from(const certificate::Collateral& collateral) {
  if (collateral.format != format) {
    return wrong("", "is of a format that is not known: known is intel-tdx-v4");
  }
  TdxCollateral out;
  for (const certificate::CollateralPart& part : collateral.parts) {
    const auto row =
        std::ranges::find_if(rows, [&part](const PartRow& each) { return each.name == part.name; });
    if (row == rows.end()) {
      return wrong("", "has a part that is not known");
    }
    const auto plain = plain_part(*row, part.bytes);
    if (!plain || *plain != part.bytes) {
      return wrong(row->name, " is not in its one spelling");
    }
    out.*(row->bytes) = part.bytes;
  }
  return out;
}

Result<certificate::Collateral> tdx_collateral_parts(const TdxCollateral& collateral) {
  certificate::Collateral out{.format = std::string(format), .parts = {}};
  for (const PartRow& row : rows) {
    const Bytes& bytes = collateral.*(row.bytes);
    if (bytes.empty()) {
      continue;
    }
    auto plain = plain_part(row, bytes);
    if (!plain) {
      return std::unexpected(std::move(plain).error().while_doing(row.name));
    }
    out.parts.push_back({.name = std::string(row.name), .bytes = std::move(*plain)});
  }
  return out;
}

}  // namespace mayfly::verifier
