#include "certificate/session.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/canonical_writer.hpp"

namespace mayfly::certificate {
namespace {

constexpr std::string_view manifest_schema = "mayfly/session/v1";
constexpr std::string_view attestation_schema = "mayfly/session-attestation/v1";

Result<void> expect_members(const JsonValue& object, std::initializer_list<std::string_view> must,
                            std::string_view may) {
  if (object.kind() != JsonKind::object) {
    return std::unexpected(object.malformed("must be an object"));
  }
  for (auto child = object.first_child(); child; child = child->next_sibling()) {
    if (std::ranges::find(must, child->raw_name()) == must.end() && child->raw_name() != may) {
      return std::unexpected(child->malformed("is not a member of a session attestation"));
    }
  }
  for (const std::string_view name : must) {
    CHECK_OK(object.member(name));
  }
  return {};
}

Result<std::string> text_of(const JsonValue& object, std::string_view name) {
  TRY(const JsonValue value, object.member(name));
  return value.string();
}

Result<void> expect_schema(const JsonValue& object, std::string_view wanted) {
  TRY(const JsonValue value, object.member("schema"));
  TRY(const std::string named, value.string());
  if (named != wanted) {
    return std::unexpected(value.malformed("names another schema"));
  }
  return {};
}

Result<Bytes> key_of(const JsonValue& value) {
  TRY(const std::string hex, value.string());
  auto key = hex_decode(hex);
  if (!key || key->size() != session_key_bytes) {
    return std::unexpected(value.malformed("must be 64 lower-case hex digits"));
  }
  return std::move(*key);
}

Result<SessionManifest> read_manifest(const JsonValue& object) {
  CHECK_OK(expect_members(object, {"schema", "signer", "software", "tee"}, "upload_key"));
  CHECK_OK(expect_schema(object, manifest_schema));
  SessionManifest out;
  TRY(const JsonValue signer, object.member("signer"));
  TRY(out.signer, key_of(signer));
  TRY(out.software, text_of(object, "software"));
  TRY(out.tee, text_of(object, "tee"));
  if (const auto upload = object.find("upload_key")) {
    TRY(out.upload_key, key_of(*upload));
  }
  return out;
}

Result<Bytes> bytes_in(const JsonValue& object, std::string_view name) {
  TRY(const std::string text, text_of(object, name));
  return base64url_decode(text);
}

Result<Collateral> read_collateral(const JsonValue& object) {
  CHECK_OK(expect_members(object, {"format", "parts"}, ""));
  Collateral out;
  TRY(out.format, text_of(object, "format"));
  TRY(const JsonValue parts, object.member("parts"));
  for (auto part = parts.first_child(); part; part = part->next_sibling()) {
    CHECK_OK(expect_members(*part, {"bytes", "name"}, ""));
    CollateralPart read;
    TRY(read.bytes, bytes_in(*part, "bytes"));
    TRY(read.name, text_of(*part, "name"));
    out.parts.push_back(std::move(read));
  }
  return out;
}

Result<SessionEvidence> read_evidence(const JsonValue& object) {
  CHECK_OK(expect_members(object, {"format", "kind", "quote"}, "collateral"));
  SessionEvidence out;
  TRY(out.format, text_of(object, "format"));
  TRY(out.kind, text_of(object, "kind"));
  TRY(out.quote, bytes_in(object, "quote"));
  if (const auto collateral = object.find("collateral")) {
    TRY(out.collateral, read_collateral(*collateral));
  }
  return out;
}

void write_collateral(const Collateral& collateral, CanonicalWriter& writer) {
  writer.begin_object();
  writer.member("format", collateral.format);
  writer.name("parts");
  writer.begin_array();
  for (const CollateralPart& part : collateral.parts) {
    writer.begin_object();
    writer.member("bytes", base64url_encode(part.bytes));
    writer.member("name", part.name);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
}

}  // namespace

Result<std::string> encode_session_manifest(const SessionManifest& manifest) {
  CanonicalWriter writer;
  writer.begin_object();
  writer.member("schema", manifest_schema);
  writer.member("signer", hex_encode(manifest.signer));
  writer.member("software", manifest.software);
  writer.member("tee", manifest.tee);
  if (manifest.upload_key) {
    writer.member("upload_key", hex_encode(*manifest.upload_key));
  }
  writer.end_object();
  return std::move(writer).finish();
}

Result<std::string> encode_session_attestation(const std::string& manifest_text,
                                               const SessionEvidence& evidence) {
  CanonicalWriter writer;
  writer.begin_object();
  writer.name("evidence");
  writer.begin_object();
  if (evidence.collateral) {
    writer.name("collateral");
    write_collateral(*evidence.collateral, writer);
  }
  writer.member("format", evidence.format);
  writer.member("kind", evidence.kind);
  writer.member("quote", base64url_encode(evidence.quote));
  writer.end_object();
  writer.name("manifest");
  writer.canonical_value(manifest_text);
  writer.member("schema", attestation_schema);
  writer.end_object();
  return std::move(writer).finish();
}

Result<SessionAttestation> decode_session_attestation(ByteView bytes) {
  TRY(const CanonicalDocument document, CanonicalDocument::parse(bytes));
  const JsonValue root = document.root();
  CHECK_OK(expect_members(root, {"evidence", "manifest", "schema"}, ""));
  CHECK_OK(expect_schema(root, attestation_schema));
  SessionAttestation out;
  TRY(const JsonValue manifest, root.member("manifest"));
  TRY(out.manifest, read_manifest(manifest));
  // What is bound are the manifest's canonical bytes, and it has one spelling.
  TRY(out.manifest_text, encode_session_manifest(out.manifest));
  TRY(const JsonValue evidence, root.member("evidence"));
  TRY(out.evidence, read_evidence(evidence));
  return out;
}

}  // namespace mayfly::certificate
