#include "attest/verify/tpm_structures.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/byte_reader.hpp"

namespace mayfly::attest {
namespace {

// TPM_ALG_ID, Part 2, 6.3.
constexpr std::uint16_t algorithm_rsa = 0x0001;
constexpr std::uint16_t algorithm_null = 0x0010;
constexpr std::uint16_t algorithm_rsassa = 0x0014;
constexpr std::uint16_t algorithm_rsapss = 0x0016;
constexpr std::uint16_t algorithm_ecdsa = 0x0018;
constexpr std::uint16_t algorithm_ecc = 0x0023;
constexpr std::uint16_t curve_p256 = 0x0003;
constexpr std::uint16_t curve_p384 = 0x0004;
constexpr std::size_t pcr_select_bytes_max = 4;
constexpr std::size_t selections_max = 8;

std::unexpected<Error> bad_structure(std::string what) {
  return fail(ErrorCode::malformed, std::move(what));
}

Result<void> expect_end(const ByteReader& reader, const char* what) {
  if (reader.remaining() != 0) {
    return bad_structure(std::to_string(reader.remaining()) + " bytes follow the " + what);
  }
  return {};
}

Result<void> expect_bounded(ByteView bytes, const char* what) {
  if (bytes.size() > tpm_structure_bytes_max) {
    return fail(ErrorCode::limit, std::string("a ") + what + " is at most 4096 bytes, this has " +
                                      std::to_string(bytes.size()));
  }
  return {};
}

// TPM2B: a two-byte length and as many bytes.
Result<ByteView> take_sized(ByteReader& reader) {
  TRY(const std::uint16_t size, reader.take_u16_be());
  return reader.take(size);
}

Result<TpmHash> take_hash(ByteReader& reader) {
  TRY(const std::uint16_t number, reader.take_u16_be());
  for (const TpmHash hash : {TpmHash::sha1, TpmHash::sha256, TpmHash::sha384, TpmHash::sha512}) {
    if (number == static_cast<std::uint16_t>(hash)) {
      return hash;
    }
  }
  return fail(ErrorCode::rejected,
              "a hash that is not known here, TPM_ALG_ID " + std::to_string(number));
}

Result<crypto::SignatureForm> signature_form_of(std::uint16_t algorithm) {
  switch (algorithm) {
    case algorithm_rsassa: return crypto::SignatureForm::rsa_pkcs1;
    case algorithm_rsapss: return crypto::SignatureForm::rsa_pss_any_salt;
    case algorithm_ecdsa: return crypto::SignatureForm::ecdsa;
    default:
      return fail(ErrorCode::rejected, "a signature scheme that is not known here, TPM_ALG_ID " +
                                           std::to_string(algorithm));
  }
}

Result<TpmPcrSelection> take_selection(ByteReader& reader) {
  TpmPcrSelection selection;
  TRY(selection.bank, take_hash(reader));
  TRY(const std::uint8_t size, reader.take_u8());
  if (size > pcr_select_bytes_max) {
    return bad_structure("a PCR selection of more than 32 PCRs");
  }
  TRY(const ByteView bits, reader.take(size));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    selection.mask |= static_cast<std::uint32_t>(bits[i]) << (8 * i);
  }
  if ((selection.mask >> tpm_pcr_count) != 0) {
    return bad_structure("a PCR selection names a PCR that a PC's TPM does not have");
  }
  return selection;
}

Result<std::vector<TpmPcrSelection>> take_selections(ByteReader& reader) {
  TRY(const std::uint32_t count, reader.take_u32_be());
  if (count > selections_max) {
    return bad_structure("a PCR selection of more than 8 banks");
  }
  std::vector<TpmPcrSelection> selections;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY(const TpmPcrSelection selection, take_selection(reader));
    selections.push_back(selection);
  }
  return selections;
}

Result<void> append_padded(ByteView number, std::size_t width, Bytes& out) {
  while (!number.empty() && number[0] == 0) {
    number = number.subspan(1);
  }
  if (number.size() > width) {
    return fail(ErrorCode::rejected, "a number longer than its curve");
  }
  out.insert(out.end(), width - number.size(), 0);
  out.insert(out.end(), number.begin(), number.end());
  return {};
}

Result<Bytes> take_ecdsa_numbers(ByteReader& reader) {
  TRY(const ByteView r, take_sized(reader));
  TRY(const ByteView s, take_sized(reader));
  const std::size_t width = std::max(r.size(), s.size()) > 32 ? 48 : 32;
  Bytes out;
  CHECK_OK(append_padded(r, width, out));
  CHECK_OK(append_padded(s, width, out));
  return out;
}

// TPMT_SYM_DEF_OBJECT. True if there is one.
Result<bool> take_symmetric(ByteReader& reader) {
  TRY(const std::uint16_t algorithm, reader.take_u16_be());
  if (algorithm == algorithm_null) {
    return false;
  }
  CHECK_OK(reader.take_u16_be());  // key bits
  CHECK_OK(reader.take_u16_be());  // mode
  return true;
}

Result<void> take_scheme(ByteReader& reader, ParsedTpmPublic& out) {
  TRY(const std::uint16_t algorithm, reader.take_u16_be());
  if (algorithm == algorithm_null) {
    return {};
  }
  TRY(out.scheme, signature_form_of(algorithm));
  TRY(out.scheme_hash, take_hash(reader));
  return {};
}

Result<TpmRsaKey> take_rsa_key(ByteReader& reader) {
  TpmRsaKey key;
  TRY(const std::uint16_t bits, reader.take_u16_be());
  TRY(key.exponent, reader.take_u32_be());
  TRY(key.modulus, take_sized(reader));
  if (key.modulus.size() * 8 != bits) {
    return bad_structure("an RSA modulus of another length than its key says");
  }
  if (key.exponent == 0) {
    key.exponent = 65537;  // Part 2, 12.2.3.5: zero stands for the default.
  }
  return key;
}

Result<TpmEccKey> take_ecc_key(ByteReader& reader) {
  TpmEccKey key;
  TRY(const std::uint16_t curve, reader.take_u16_be());
  if (curve != curve_p256 && curve != curve_p384) {
    return fail(ErrorCode::rejected, "a key on another curve than P-256 and P-384");
  }
  key.curve = curve == curve_p256 ? crypto::EcdsaCurve::p256 : crypto::EcdsaCurve::p384;
  TRY(const std::uint16_t derivation, reader.take_u16_be());
  if (derivation != algorithm_null) {
    TRY(const TpmHash derivation_hash, take_hash(reader));
    static_cast<void>(derivation_hash);
  }
  const std::size_t width = curve == curve_p256 ? 32 : 48;
  TRY(const ByteView x, take_sized(reader));
  TRY(const ByteView y, take_sized(reader));
  CHECK_OK(append_padded(x, width, key.x_y));
  CHECK_OK(append_padded(y, width, key.x_y));
  return key;
}

// TPM2B_PUBLIC begins with its length, TPMT_PUBLIC with a type; no type is a length that fits.
ByteView without_length(ByteView encoded) {
  if (encoded.size() >= 2) {
    const std::size_t length = (std::size_t{encoded[0]} << 8U) | encoded[1];
    if (length == encoded.size() - 2) {
      return encoded.subspan(2);
    }
  }
  return encoded;
}

}  // namespace

std::string_view to_string(TpmHash hash) {
  switch (hash) {
    case TpmHash::sha1: return "SHA-1";
    case TpmHash::sha256: return "SHA-256";
    case TpmHash::sha384: return "SHA-384";
    case TpmHash::sha512: return "SHA-512";
  }
  return "unknown";
}

std::size_t tpm_digest_bytes(TpmHash hash) {
  switch (hash) {
    case TpmHash::sha1: return 20;
    case TpmHash::sha256: return 32;
    case TpmHash::sha384: return 48;
    case TpmHash::sha512: return 64;
  }
  return 0;
}

Result<crypto::HashAlgorithm> trusted_hash(TpmHash hash) {
  switch (hash) {
    case TpmHash::sha256: return crypto::HashAlgorithm::sha256;
    case TpmHash::sha384: return crypto::HashAlgorithm::sha384;
    case TpmHash::sha512: return crypto::HashAlgorithm::sha512;
    case TpmHash::sha1: break;
  }
  return fail(ErrorCode::rejected, "SHA-1 is not trusted here");
}

Result<ParsedTpmQuote> parse_tpm_quote(ByteView attest) {
  CHECK_OK(expect_bounded(attest, "TPMS_ATTEST"));
  ByteReader reader(attest);
  TRY(const std::uint32_t magic, reader.take_u32_be());
  if (magic != tpm_generated_magic) {
    return bad_structure("it does not begin with the magic that a TPM puts before what it signs");
  }
  TRY(const std::uint16_t type, reader.take_u16_be());
  if (type != tpm_attest_quote_type) {
    return bad_structure("it is an attestation of another type than a quote");
  }
  ParsedTpmQuote out;
  TRY(out.qualified_signer, take_sized(reader));
  TRY(out.extra_data, take_sized(reader));
  TRY(out.clock.clock_ms, reader.take_u64_be());
  TRY(out.clock.reset_count, reader.take_u32_be());
  TRY(out.clock.restart_count, reader.take_u32_be());
  TRY(const std::uint8_t is_safe, reader.take_u8());
  if (is_safe > 1) {
    return bad_structure("clockInfo.safe is neither yes nor no");
  }
  out.clock.is_safe = is_safe == 1;
  TRY(out.firmware_version, reader.take_u64_be());
  TRY(out.selections, take_selections(reader));
  TRY(out.pcr_digest, take_sized(reader));
  CHECK_OK(expect_end(reader, "quote"));
  return out;
}

Result<ParsedTpmSignature> parse_tpm_signature(ByteView signature) {
  CHECK_OK(expect_bounded(signature, "TPMT_SIGNATURE"));
  ByteReader reader(signature);
  ParsedTpmSignature out;
  TRY(const std::uint16_t algorithm, reader.take_u16_be());
  TRY(out.form, signature_form_of(algorithm));
  TRY(out.hash, take_hash(reader));
  if (out.form == crypto::SignatureForm::ecdsa) {
    TRY(out.signature, take_ecdsa_numbers(reader));
  } else {
    TRY(const ByteView bytes, take_sized(reader));
    out.signature.assign(bytes.begin(), bytes.end());
  }
  CHECK_OK(expect_end(reader, "signature"));
  return out;
}

Result<ParsedTpmPublic> parse_tpm_public(ByteView encoded) {
  CHECK_OK(expect_bounded(encoded, "TPMT_PUBLIC"));
  ParsedTpmPublic out;
  out.encoded = without_length(encoded);
  ByteReader reader(out.encoded);
  TRY(const std::uint16_t type, reader.take_u16_be());
  if (type != algorithm_rsa && type != algorithm_ecc) {
    return fail(ErrorCode::rejected, "a key that is neither RSA nor ECC");
  }
  TRY(out.name_algorithm, take_hash(reader));
  TRY(out.attributes, reader.take_u32_be());
  TRY(out.auth_policy, take_sized(reader));
  TRY(out.has_symmetric, take_symmetric(reader));
  CHECK_OK(take_scheme(reader, out));
  if (type == algorithm_rsa) {
    TRY(out.key, take_rsa_key(reader));
  } else {
    TRY(out.key, take_ecc_key(reader));
  }
  CHECK_OK(expect_end(reader, "public area"));
  return out;
}

Result<crypto::PublicKey> key_of(const ParsedTpmPublic& area) {
  if (const auto* rsa = std::get_if<TpmRsaKey>(&area.key)) {
    return crypto::PublicKey::from_rsa(rsa->modulus, rsa->exponent);
  }
  const auto& ecc = std::get<TpmEccKey>(area.key);
  return crypto::PublicKey::from_ec(ecc.curve, ecc.x_y);
}

Result<Bytes> tpm_name_of(const ParsedTpmPublic& area) {
  TRY(const crypto::HashAlgorithm hash, trusted_hash(area.name_algorithm));
  const auto number = static_cast<std::uint16_t>(area.name_algorithm);
  Bytes name{static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
  const Bytes digest = crypto::digest_of(hash, area.encoded);
  name.insert(name.end(), digest.begin(), digest.end());
  return name;
}

Result<Bytes> tpm_qualified_name(std::uint32_t hierarchy, const std::vector<Bytes>& names) {
  Bytes parent{static_cast<std::uint8_t>(hierarchy >> 24U),
               static_cast<std::uint8_t>(hierarchy >> 16U),
               static_cast<std::uint8_t>(hierarchy >> 8U), static_cast<std::uint8_t>(hierarchy)};
  for (const Bytes& name : names) {
    ByteReader reader(name);
    TRY(const TpmHash algorithm, take_hash(reader));
    TRY(const crypto::HashAlgorithm hash, trusted_hash(algorithm));
    if (reader.remaining() != crypto::digest_bytes(hash)) {
      return bad_structure("a Name is an algorithm and a digest of its length");
    }
    parent.insert(parent.end(), name.begin(), name.end());
    const Bytes digest = crypto::digest_of(hash, parent);
    parent.assign(name.begin(), name.begin() + 2);
    parent.insert(parent.end(), digest.begin(), digest.end());
  }
  return parent;
}

}  // namespace mayfly::attest
