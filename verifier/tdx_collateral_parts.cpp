#include "verifier/tdx_collateral_parts.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "attest/model/evidence_parts.hpp"
#include "attest/verify/collateral_envelope.hpp"
#include "attest/verify/event_log.hpp"
#include "crypto/pem.hpp"
#include "verifier/runtime_log.hpp"

namespace mayfly::verifier {
namespace {

namespace part_name = attest::part_name;
using attest::TdxCollateral;

constexpr std::array log_names{part_name::event_log, part_name::runtime_log};
constexpr std::string_view format = "intel-tdx-v4";

struct CollateralRow {
  std::string_view name;
  Bytes TdxCollateral::* bytes;
};
// In the order of their names.
constexpr std::array<CollateralRow, 5> rows{{{"pck_crl", &TdxCollateral::pck_crl},
                                             {"qe_identity", &TdxCollateral::qe_identity},
                                             {"root_crl", &TdxCollateral::root_crl},
                                             {"tcb_info", &TdxCollateral::tcb_info},
                                             {"tcb_signing_chain", &TdxCollateral::signing_chain}}};

std::unexpected<Error> wrong_collateral(std::string_view name, std::string_view what) {
  return fail(ErrorCode::malformed, "the collateral " + std::string(name) + std::string(what));
}

// The one spelling of a signing chain.
Result<Bytes> plain_chain(ByteView pem) {
  constexpr std::size_t certificates_max = 8;
  TRY(const std::vector<Bytes> chain, crypto::split_pem_chain(pem, certificates_max));
  std::string out;
  for (const Bytes& der : chain) {
    out += crypto::pem_certificate(der);
  }
  return to_bytes(bytes_of(out));
}

Result<Bytes> plain_list(ByteView file, std::string_view body_name) {
  TRY(const attest::CollateralEnvelope envelope, attest::open_envelope(file, body_name));
  return to_bytes(bytes_of(attest::plain_envelope(envelope, body_name)));
}

Result<Bytes> plain_part(const CollateralRow& row, const Bytes& bytes) {
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

Result<Bytes> plain_log(std::string_view name, ByteView bytes) {
  if (name == part_name::runtime_log) {
    return plain_runtime_log(bytes);
  }
  TRY(const attest::ParsedEventLog log, attest::parse_event_log(bytes));
  const ByteView used = bytes.first(log.bytes_used);
  return Bytes(used.begin(), used.end());
}

}  // namespace

std::optional<Bytes>* log_named(std::string_view name, attest::TdLogs& logs) {
  if (name == part_name::event_log) return &logs.boot;
  if (name == part_name::runtime_log) return &logs.runtime;
  return nullptr;
}

bool is_tdx_collateral_part(std::string_view name) {
  return std::ranges::find(rows, name, &CollateralRow::name) != rows.end();
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
    return wrong_collateral("", "is of a format that is not known: known is intel-tdx-v4");
  }
  TdxCollateral out;
  for (const certificate::CollateralPart& part : collateral.parts) {
    const auto row = std::ranges::find_if(
        rows, [&part](const CollateralRow& each) { return each.name == part.name; });
    if (row == rows.end()) {
      return wrong_collateral("", "has a part that is not known");
    }
    const auto plain = plain_part(*row, part.bytes);
    if (!plain || *plain != part.bytes) {
      return wrong_collateral(row->name, " is not in its one spelling");
    }
    out.*(row->bytes) = part.bytes;
  }
  return out;
}

Result<TdxMaterial> tdx_material_from(const certificate::Collateral& collateral) {
  TdxMaterial out;
  certificate::Collateral lists{.format = collateral.format, .parts = {}};
  for (const certificate::CollateralPart& part : collateral.parts) {
    std::optional<Bytes>* const log = log_named(part.name, out.logs);
    if (log == nullptr) {
      lists.parts.push_back(part);
      continue;
    }
    const auto plain = plain_log(part.name, part.bytes);
    if (!plain || *plain != part.bytes) {
      return wrong_collateral(part.name, " is not in its one spelling");
    }
    *log = part.bytes;
  }
  TRY(out.lists, tdx_collateral_from(lists));
  return out;
}

Result<attest::TdLogs> plain_td_logs(const attest::TdLogs& logs) {
  attest::TdLogs out = logs;
  for (const std::string_view name : log_names) {
    std::optional<Bytes>& bytes = *log_named(name, out);
    if (!bytes) {
      continue;
    }
    auto plain = plain_log(name, *bytes);
    if (!plain) {
      return std::unexpected(std::move(plain).error().while_doing(name));
    }
    bytes = std::move(*plain);
  }
  return out;
}

Result<certificate::Collateral> tdx_parts(const TdxMaterial& material) {
  TRY(certificate::Collateral out, tdx_collateral_parts(material.lists));
  TRY(attest::TdLogs logs, plain_td_logs(material.logs));
  for (const std::string_view name : log_names) {
    // A part has at least a byte, and a log without an event says nothing.
    if (std::optional<Bytes>& bytes = *log_named(name, logs); bytes && !bytes->empty()) {
      out.parts.push_back({.name = std::string(name), .bytes = std::move(*bytes)});
    }
  }
  std::ranges::sort(out.parts, {}, &certificate::CollateralPart::name);
  return out;
}

Result<certificate::Collateral> tdx_collateral_parts(const TdxCollateral& collateral) {
  certificate::Collateral out{.format = std::string(format), .parts = {}};
  for (const CollateralRow& row : rows) {
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
