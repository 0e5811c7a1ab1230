#include "attest/verify/nitro_document.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "attest/model/cbor_reader.hpp"

namespace mayfly::attest {
namespace {

constexpr std::uint8_t cose_sign1_tag = 18;
constexpr std::int64_t header_algorithm = 1;
constexpr std::int64_t algorithm_es384 = -35;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t module_id_bytes_max = 256;

std::unexpected<Error> bad_document(std::string what) {
  return fail(ErrorCode::malformed, "not a Nitro document: " + std::move(what));
}

// The names a payload may have, each once.
constexpr std::array<std::string_view, 9> member_names{"module_id",  "digest",      "timestamp",
                                                       "pcrs",       "certificate", "cabundle",
                                                       "public_key", "user_data",   "nonce"};
constexpr std::size_t members_required = 6;  // the first ones

Result<void> check_protected_header(ByteView header) {
  CborReader reader(header);
  TRY(const auto pairs, reader.enter_map(/*pairs_max=*/1, IndefiniteMap::refuse));
  if (pairs != 1) {
    return bad_document("its protected header names no algorithm");
  }
  TRY(const std::int64_t label, reader.take_integer());
  TRY(const std::int64_t algorithm, reader.take_integer());
  CHECK_OK(reader.expect_end());
  if (label != header_algorithm || algorithm != algorithm_es384) {
    return fail(ErrorCode::rejected, "it is not signed with ES384");
  }
  return {};
}

Result<void> read_pcrs(CborReader& reader, ParsedNitroDocument& out) {
  TRY(const auto count, reader.enter_map(nitro_pcrs_max, IndefiniteMap::refuse));
  for (std::size_t i = 0; i < *count; ++i) {
    NitroPcr pcr;
    TRY(const std::uint64_t index, reader.take_unsigned());
    TRY(const ByteView value, reader.take_bytes(pcr.value.bytes.size()));
    pcr.index = static_cast<std::uint32_t>(index);
    if (index >= nitro_pcrs_max || value.size() != pcr.value.bytes.size() ||
        out.pcr(pcr.index) != nullptr) {
      return bad_document("a PCR twice, of another length than SHA-384, or over 31");
    }
    std::ranges::copy(value, pcr.value.bytes.begin());
    out.pcrs.push_back(pcr);
  }
  return {};
}

Result<void> read_bundle(CborReader& reader, ParsedNitroDocument& out) {
  TRY(const std::size_t count, reader.enter_array(nitro_bundle_certificates_max));
  for (std::size_t i = 0; i < count; ++i) {
    TRY(const ByteView certificate, reader.take_bytes(nitro_certificate_bytes_max));
    out.ca_bundle.push_back(certificate);
  }
  return {};
}

Result<void> read_optional(CborReader& reader, std::size_t bytes_max,
                           std::optional<ByteView>& out) {
  if (reader.take_null()) {
    return {};
  }
  TRY(out, reader.take_bytes(bytes_max));
  return {};
}

Result<void> read_digest(CborReader& reader) {
  TRY(const std::string_view digest, reader.take_text(name_bytes_max));
  if (digest != "SHA384") {
    return fail(ErrorCode::rejected, "its PCRs are not of SHA-384");
  }
  return {};
}

Result<void> read_timestamp(CborReader& reader, ParsedNitroDocument& out) {
  TRY(out.timestamp.value, reader.take_integer());
  constexpr std::int64_t year_10000_ms = 253'402'300'800'000;
  if (out.timestamp.value < 0 || out.timestamp.value >= year_10000_ms) {
    return bad_document("its time lies before 1970 or after 9999");
  }
  return {};
}

Result<void> read_member(std::size_t number, CborReader& reader, ParsedNitroDocument& out) {
  switch (number) {
    case 0: {
      TRY(out.module_id, reader.take_text(module_id_bytes_max));
      return {};
    }
    case 1: return read_digest(reader);
    case 2: return read_timestamp(reader, out);
    case 3: return read_pcrs(reader, out);
    case 4: {
      TRY(out.certificate, reader.take_bytes(nitro_certificate_bytes_max));
      return {};
    }
    case 5: return read_bundle(reader, out);
    case 6: return read_optional(reader, nitro_public_key_bytes_max, out.public_key);
    case 7: return read_optional(reader, nitro_user_data_bytes_max, out.user_data);
    default: return read_optional(reader, nitro_user_data_bytes_max, out.nonce);
  }
}

Result<void> read_payload(ByteView payload, ParsedNitroDocument& out) {
  CborReader reader(payload);
  TRY(const auto pairs, reader.enter_map(member_names.size(), IndefiniteMap::accept));
  std::array<bool, member_names.size()> seen{};
  for (std::size_t i = 0; pairs ? i < *pairs : !reader.take_map_end(); ++i) {
    TRY(const std::string_view name, reader.take_text(name_bytes_max));
    const auto found = std::ranges::find(member_names, name);
    const auto number = static_cast<std::size_t>(found - member_names.begin());
    if (found == member_names.end() || seen.at(number)) {
      return bad_document("a member twice, or one that is not known here");
    }
    seen.at(number) = true;
    auto read = read_member(number, reader, out);
    if (!read) {
      return std::unexpected(std::move(read).error().while_doing("reading " + std::string(name)));
    }
  }
  CHECK_OK(reader.expect_end());
  for (std::size_t i = 0; i < members_required; ++i) {
    if (!seen.at(i)) {
      return bad_document("it has no " + std::string(member_names.at(i)));
    }
  }
  return {};
}

}  // namespace

const NitroPcr* ParsedNitroDocument::pcr(std::uint32_t index) const {
  const auto found = std::ranges::find(pcrs, index, &NitroPcr::index);
  return found == pcrs.end() ? nullptr : &*found;
}

Result<ParsedNitroDocument> parse_nitro_document(ByteView document) {
  if (document.size() > nitro_document_bytes_max) {
    return fail(ErrorCode::limit, "a Nitro document is at most 32 KiB, this one has " +
                                      std::to_string(document.size()) + " bytes");
  }
  CborReader reader(document);
  static_cast<void>(reader.take_tag(cose_sign1_tag));  // It may be left out.
  TRY(const std::size_t parts, reader.enter_array(/*items_max=*/4));
  if (parts != 4) {
    return bad_document("it is not a COSE_Sign1 of four parts");
  }
  ParsedNitroDocument out;
  TRY(out.protected_header, reader.take_bytes(name_bytes_max));
  TRY(const auto unprotected, reader.enter_map(/*pairs_max=*/0, IndefiniteMap::refuse));
  static_cast<void>(unprotected);
  TRY(out.payload, reader.take_bytes(nitro_document_bytes_max));
  TRY(out.signature, reader.take_bytes(nitro_signature_bytes));
  CHECK_OK(reader.expect_end());
  if (out.signature.size() != nitro_signature_bytes) {
    return bad_document("its signature is not r and s of P-384");
  }
  CHECK_OK(check_protected_header(out.protected_header));
  CHECK_OK(read_payload(out.payload, out));
  return out;
}

}  // namespace mayfly::attest
