#include "verifier/tee_parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/model/evidence_parts.hpp"
#include "attest/model/tpm_pcr_list.hpp"
#include "attest/verify/azure_report.hpp"
#include "attest/verify/event_log.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tpm_structures.hpp"
#include "base/byte_reader.hpp"
#include "crypto/pem.hpp"
#include "crypto/revocation_list.hpp"
#include "verifier/tdx_collateral_parts.hpp"

namespace mayfly::verifier {
namespace {

namespace part_name = attest::part_name;
using attest::TeeKind;
using certificate::Collateral;
using certificate::CollateralPart;

constexpr std::size_t certificates_max = 8;
constexpr std::size_t key_path_parents_max = 4;

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
  return fail(ErrorCode::malformed, "the part " + std::string(name) + std::string(what));
}

// Takes one part into the material, and gives its one spelling.
using Take = Result<Bytes> (*)(ByteView bytes, TeeMaterial& out);

struct PartRow {
  std::string_view name;
  Take take;
};

Result<Bytes> take_chain(ByteView bytes, TeeMaterial& out) {
  TRY(out.chain, crypto::split_pem_chain(bytes, certificates_max));
  std::string plain;
  for (const Bytes& der : out.chain) {
    plain += crypto::pem_certificate(der);
  }
  return to_bytes(bytes_of(plain));
}

Result<Bytes> take_crl(ByteView bytes, TeeMaterial& out) {
  CHECK_OK(crypto::RevocationList::parse(bytes));
  out.crl = to_bytes(bytes);
  return to_bytes(bytes);
}

Result<Bytes> take_signature(ByteView bytes, TeeMaterial& out) {
  CHECK_OK(attest::parse_tpm_signature(bytes));
  out.signature = to_bytes(bytes);
  return to_bytes(bytes);
}

Result<Bytes> take_ak_public(ByteView bytes, TeeMaterial& out) {
  TRY(const attest::ParsedTpmPublic area, attest::parse_tpm_public(bytes));
  out.ak_public = to_bytes(area.encoded);
  return to_bytes(area.encoded);
}

Result<Bytes> take_key_path(ByteView bytes, TeeMaterial& out) {
  ByteReader reader(bytes);
  TpmKeyPath path;
  TRY(path.hierarchy, reader.take_u32_be());
  while (reader.remaining() != 0) {
    TRY(const std::uint16_t size, reader.take_u16_be());
    TRY(const ByteView name, reader.take(size));
    if (name.empty() || path.parents.size() == key_path_parents_max) {
      return fail(ErrorCode::malformed, "a key path has at most four parents, each with a Name");
    }
    path.parents.push_back(to_bytes(name));
  }
  out.key_path = std::move(path);
  return to_bytes(bytes);
}

Result<Bytes> take_pcrs(ByteView bytes, TeeMaterial& out) {
  TRY(const auto values, attest::decode_tpm_pcrs(bytes));
  for (const attest::TpmPcrValue& each : values) {
    const auto bank = static_cast<attest::TpmHash>(each.bank);
    CHECK_OK(attest::trusted_hash(bank));
    out.pcrs.push_back({.bank = bank, .index = each.index, .value = each.value});
  }
  return to_bytes(bytes);
}

// Padding after the last event is nothing that anybody logged.
Result<Bytes> take_event_log(ByteView bytes, TeeMaterial& out) {
  TRY(const attest::ParsedEventLog log, attest::parse_event_log(bytes));
  out.event_log = to_bytes(bytes.first(log.bytes_used));
  return *out.event_log;
}

Result<Bytes> take_hcl_report(ByteView bytes, TeeMaterial& out) {
  TRY(out.hcl_report, attest::plain_azure_report(bytes));
  return out.hcl_report;
}

Result<Bytes> take_td_quote(ByteView bytes, TeeMaterial& out) {
  TRY(const attest::ParsedTdxQuote quote, attest::parse_tdx_quote(bytes));
  if (!has_vendors_layout(quote.pck_chain_pem)) {
    return fail(ErrorCode::malformed, "its certificate chain is not laid out as vendors write it");
  }
  out.td_quote = to_bytes(quote.quote_bytes);
  return out.td_quote;
}

// In the order of their names.
constexpr std::array snp_rows{PartRow{part_name::certificate_chain, take_chain},
                              PartRow{part_name::crl, take_crl}};
constexpr std::array tpm_rows{
    PartRow{part_name::ak_chain, take_chain},      PartRow{part_name::ak_public, take_ak_public},
    PartRow{part_name::event_log, take_event_log}, PartRow{part_name::key_path, take_key_path},
    PartRow{part_name::pcrs, take_pcrs},           PartRow{part_name::signature, take_signature}};
constexpr std::array azure_snp_rows{PartRow{part_name::certificate_chain, take_chain},
                                    PartRow{part_name::crl, take_crl},
                                    PartRow{part_name::event_log, take_event_log},
                                    PartRow{part_name::hcl_report, take_hcl_report},
                                    PartRow{part_name::pcrs, take_pcrs},
                                    PartRow{part_name::signature, take_signature}};
constexpr std::array azure_tdx_rows{
    PartRow{part_name::event_log, take_event_log}, PartRow{part_name::hcl_report, take_hcl_report},
    PartRow{part_name::pcrs, take_pcrs}, PartRow{part_name::signature, take_signature},
    PartRow{part_name::td_quote, take_td_quote}};

std::span<const PartRow> rows_of(TeeKind kind) {
  switch (kind) {
    case TeeKind::snp: return snp_rows;
    case TeeKind::tpm: return tpm_rows;
    case TeeKind::azure_snp: return azure_snp_rows;
    case TeeKind::azure_tdx: return azure_tdx_rows;
    case TeeKind::nitro:
    case TeeKind::tdx:
    case TeeKind::confidential_space:
    case TeeKind::simulated_tdx: break;
  }
  return {};
}

const PartRow* find_row(TeeKind kind, std::string_view name) {
  const auto rows = rows_of(kind);
  const auto row = std::ranges::find(rows, name, &PartRow::name);
  return row == rows.end() ? nullptr : &*row;
}

constexpr std::size_t rsa_bytes = 256;

bool is_azure(TeeKind kind) {
  return kind == TeeKind::azure_snp || kind == TeeKind::azure_tdx;
}

// TPMT_SIGNATURE around what Azure's tools keep bare: RSASSA, SHA-256, its length.
Bytes signature_around(ByteView rsa_signature) {
  Bytes out{0x00, 0x14, 0x00, 0x0b, 0x01, 0x00};
  out.insert(out.end(), rsa_signature.begin(), rsa_signature.end());
  return out;
}

bool is_intel_list(TeeKind kind, std::string_view name) {
  return kind == TeeKind::azure_tdx && is_tdx_collateral_part(name);
}

Result<void> take_intel_lists(std::vector<CollateralPart> lists, TeeMaterial& out) {
  if (lists.empty()) {
    return {};
  }
  TRY(out.lists, tdx_collateral_from({.format = std::string(attest::parts_format::tdx),
                                      .parts = std::move(lists)}));
  return {};
}

Result<void> take_part(TeeKind kind, const CollateralPart& part, TeeMaterial& out) {
  const PartRow* row = find_row(kind, part.name);
  if (row == nullptr) {
    return wrong(part.name, " is not one that this kind of evidence has");
  }
  auto plain = row->take(part.bytes, out);
  if (!plain) {
    return std::unexpected(std::move(plain).error().while_doing(part.name));
  }
  if (*plain != part.bytes) {
    return wrong(part.name, " is not in its one spelling");
  }
  return {};
}

}  // namespace

std::string_view parts_format_of(TeeKind kind) {
  switch (kind) {
    case TeeKind::snp: return attest::parts_format::snp;
    case TeeKind::tpm: return attest::parts_format::tpm;
    case TeeKind::azure_snp: return attest::parts_format::azure_snp;
    case TeeKind::azure_tdx: return attest::parts_format::azure_tdx;
    case TeeKind::tdx: return attest::parts_format::tdx;
    case TeeKind::nitro:
    case TeeKind::confidential_space:
    case TeeKind::simulated_tdx: break;
  }
  return "";
}

std::optional<TeeKind> tee_kind_of(std::string_view quote_format,
                                   const std::optional<Collateral>& parts) {
  if (quote_format == attest::quote_format::snp) return TeeKind::snp;
  if (quote_format == attest::quote_format::tpm) return TeeKind::tpm;
  if (quote_format == attest::quote_format::nitro) return TeeKind::nitro;
  if (quote_format == attest::quote_format::confidential_space) {
    return TeeKind::confidential_space;
  }
  if (quote_format == attest::quote_format::azure) {
    const bool is_tdx = parts && parts->format == attest::parts_format::azure_tdx;
    return is_tdx ? TeeKind::azure_tdx : TeeKind::azure_snp;
  }
  return std::nullopt;
}

Bytes plain_tee_quote(TeeKind kind, ByteView quote) {
  constexpr std::uint8_t cose_sign1_tag = 0xd2;
  const bool has_tag = kind == TeeKind::nitro && !quote.empty() && quote[0] == cose_sign1_tag;
  return to_bytes(has_tag ? quote.subspan(1) : quote);
}

Result<TeeMaterial> tee_material_from(TeeKind kind, ByteView quote,
                                      const std::optional<Collateral>& parts) {
  TeeMaterial out;
  out.kind = kind;
  out.quote = plain_tee_quote(kind, quote);
  if (out.quote.size() != quote.size()) {
    return wrong("quote", " is not in its one spelling: it has a tag");
  }
  if (!parts) {
    return out;
  }
  if (parts->format != parts_format_of(kind)) {
    return fail(ErrorCode::malformed, "the parts beside the quote are of another format than it");
  }
  std::vector<CollateralPart> lists;
  for (const CollateralPart& part : parts->parts) {
    if (is_intel_list(kind, part.name)) {
      lists.push_back(part);
    } else {
      CHECK_OK(take_part(kind, part, out));
    }
  }
  CHECK_OK(take_intel_lists(std::move(lists), out));
  return out;
}

Result<Collateral> tee_parts(TeeKind kind, const std::map<std::string, Bytes>& given) {
  Collateral out{.format = std::string(parts_format_of(kind)), .parts = {}};
  TeeMaterial ignored;
  ignored.kind = kind;
  for (const auto& [name, bytes] : given) {
    if (is_intel_list(kind, name)) {
      out.parts.push_back({.name = name, .bytes = bytes});
      continue;
    }
    const PartRow* row = find_row(kind, name);
    if (row == nullptr) {
      return wrong(name, " is not one that this kind of evidence has");
    }
    const bool is_bare =
        name == part_name::signature && is_azure(kind) && bytes.size() == rsa_bytes;
    auto plain = row->take(is_bare ? signature_around(bytes) : bytes, ignored);
    if (!plain) {
      return std::unexpected(std::move(plain).error().while_doing(name));
    }
    out.parts.push_back({.name = name, .bytes = std::move(*plain)});
  }
  return out;
}

}  // namespace mayfly::verifier
