#include "certificate/export.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"
#include "certificate/canonical_writer.hpp"
#include "certificate/dsse.hpp"
#include "crypto/p256_form.hpp"

namespace mayfly::certificate {
namespace {

void write_time(CanonicalWriter& writer, std::string_view name, UnixMillis at) {
  writer.member(name, to_rfc3339(at));
}

void write_tool_uses(CanonicalWriter& writer, const std::vector<ToolUse>& uses) {
  writer.name("tool_uses");
  writer.begin_array();
  for (const ToolUse& use : uses) {
    writer.begin_object();
    writer.member("tool", use.tool);
    writer.member("count", use.count);
    writer.member("exit_code", use.exit_code);
    writer.member("args_hash", use.args_hash);
    if (use.script) writer.member("script", *use.script);
    if (const auto pattern = pattern_of(use)) writer.member("pattern", *pattern);
    writer.end_object();
  }
  writer.end_array();
}

void write_llm_calls(CanonicalWriter& writer, const std::vector<LlmCall>& calls) {
  writer.name("llm_calls");
  writer.begin_array();
  for (const LlmCall& call : calls) {
    writer.begin_object();
    writer.member("model", call.model);
    writer.member("prompt_hash", crypto::to_text(call.prompt_hash));
    writer.member("tokens_used", call.tokens_used);
    writer.member("count", call.count);
    writer.end_object();
  }
  writer.end_array();
}

void write_result(CanonicalWriter& writer, const ResultRecord& result) {
  writer.name("result");
  if (result.value) return writer.canonical_value(*result.value);
  writer.begin_object();
  writer.member("digest", crypto::to_text(result.digest));
  writer.member("media_type", result.media_type);
  writer.member("size", result.size);
  writer.end_object();
}

void write_execution(CanonicalWriter& writer, const Claim& claim) {
  writer.name("execution");
  writer.begin_object();
  if (claim.execution.llm_calls) write_llm_calls(writer, *claim.execution.llm_calls);
  if (claim.execution.tool_uses) write_tool_uses(writer, *claim.execution.tool_uses);
  write_result(writer, claim.result);
  writer.member("exit_code", claim.result.exit_code);
  writer.member("status", claim.result.status);
  writer.name("truncated");
  writer.boolean(claim.result.truncated);
  writer.end_object();
}

void write_lifecycle(CanonicalWriter& writer, const Run& run) {
  const bool nothing_left = run.wipe.residue == 0;
  writer.name("lifecycle");
  writer.begin_object();
  write_time(writer, "dataset_loaded", run.lifecycle.dataset_loaded);
  write_time(writer, "execution_started", run.lifecycle.execution_started);
  write_time(writer, "execution_completed", run.lifecycle.execution_completed);
  write_time(writer, "dataset_deleted", run.lifecycle.dataset_deleted);
  write_time(writer, "sandbox_destroyed", run.lifecycle.sandbox_destroyed);
  writer.member("execution_time_ms", run.usage.wall_ms);
  writer.name("dataset_is_deleted");
  writer.boolean(nothing_left);
  writer.name("sandbox_is_destroyed");
  writer.boolean(nothing_left);
  writer.end_object();
}

void write_proof(CanonicalWriter& writer, const DecodedCertificate& certificate) {
  const Proof& proof = certificate.proof;
  const Claim& claim = certificate.statement.claim;
  writer.name("proof");
  writer.begin_object();
  writer.member("tee", proof.tee_kind);
  // The evidence in short, and whole beside it.
  writer.member("tee_attestation", "0x" + hex_encode(crypto::sha256(proof.tee_quote).bytes));
  writer.member("tee_quote", base64url_encode(proof.tee_quote));
  write_time(writer, "timestamp", proof.timestamp);
  writer.member("dataset_hash", claim.dataset_hash);
  writer.member("sandbox_hash", crypto::to_text(claim.sandbox_hash));
  writer.end_object();
}

Result<std::string> summary(const DecodedCertificate& certificate) {
  const Claim& claim = certificate.statement.claim;
  CanonicalWriter writer;
  writer.begin_object();
  writer.member("certificate_id", certificate.stated_certificate_id);
  writer.member("claim_hash", certificate.stated_claim_hash);
  writer.member("dataset_hash", claim.dataset_hash);
  writer.member("sandbox_hash", crypto::to_text(claim.sandbox_hash));
  write_execution(writer, claim);
  write_proof(writer, certificate);
  write_lifecycle(writer, certificate.statement.run);
  writer.end_object();
  return std::move(writer).finish();
}

// The payload outgrows the bound on one JSON string, so only the parts around it go through the
// writer; base64 needs no escapes.
Result<std::string> dsse_envelope(const DecodedCertificate& certificate,
                                  const std::vector<Signature>& by) {
  CanonicalWriter writer;
  writer.begin_array();
  for (const Signature& signature : by) {
    writer.begin_object();
    writer.member("keyid", hex_encode(signature.public_key));
    writer.member("sig", base64_encode(signature.signature));
    writer.end_object();
  }
  writer.end_array();
  TRY(const std::string signatures, std::move(writer).finish());
  return "{\"payload\":\"" + base64_encode(certificate.statement_slice) + "\",\"payloadType\":\"" +
         std::string(in_toto_payload_type) + "\",\"signatures\":" + signatures + "}";
}

std::unexpected<Error> no_p256_signature() {
  return fail(ErrorCode::unavailable,
              "the certificate has no ECDSA P-256 signature, which this format needs: it was made "
              "before there was a second one; its Ed25519 signature is in the format dsse");
}

// The one that the tools which this is for can check; a bundle holds no other beside it.
Result<Signature> p256_signature(const DecodedCertificate& certificate) {
  const auto& all = certificate.proof.signatures;
  const auto found = std::ranges::find(all, p256_algorithm, &Signature::algorithm);
  if (found == all.end()) return no_p256_signature();
  return *found;
}

Result<std::string> sigstore_bundle(const DecodedCertificate& certificate) {
  TRY(const Signature signature, p256_signature(certificate));
  TRY(const std::string envelope, dsse_envelope(certificate, {signature}));
  // As cosign names a key that a bundle does not hold.
  const std::string hint =
      base64_encode(crypto::sha256(crypto::p256_public_key_info(signature.public_key)).bytes);
  return "{\"dsseEnvelope\":" + envelope + ",\"mediaType\":\"" +
         std::string(sigstore_bundle_media_type) +
         "\",\"verificationMaterial\":{\"publicKey\":{\"hint\":\"" + hint +
         "\"},\"tlogEntries\":[]}}";
}

Result<std::string> p256_key_pem(const DecodedCertificate& certificate) {
  const auto& key = certificate.statement.run.signer_p256;
  if (!key) return no_p256_signature();
  return crypto::p256_public_key_pem(*key);
}

}  // namespace

std::optional<std::string> pattern_of(const ToolUse& use) {
  if (use.tool != "grep") return std::nullopt;
  return use.args_hash;
}

Result<ExportFormat> export_format_from_string(std::string_view text) {
  if (text == "summary") return ExportFormat::summary;
  if (text == "claim") return ExportFormat::claim;
  if (text == "statement") return ExportFormat::statement;
  if (text == "dsse") return ExportFormat::dsse;
  if (text == "sigstore") return ExportFormat::sigstore;
  if (text == "p256-key") return ExportFormat::p256_key;
  return fail(ErrorCode::malformed,
              "unknown certificate format: use summary, claim, statement, dsse, sigstore or "
              "p256-key");
}

Result<Bytes> export_certificate(ByteView certificate, ExportFormat format) {
  TRY(const auto decoded, decode_certificate(certificate));
  const auto as_bytes = [](Result<std::string> text) -> Result<Bytes> {
    if (!text) return std::unexpected(std::move(text).error());
    return to_bytes(bytes_of(*text));
  };
  switch (format) {
    case ExportFormat::claim: return to_bytes(decoded.claim_slice);
    case ExportFormat::statement: return to_bytes(decoded.statement_slice);
    case ExportFormat::summary: return as_bytes(summary(decoded));
    case ExportFormat::dsse: return as_bytes(dsse_envelope(decoded, decoded.proof.signatures));
    case ExportFormat::sigstore: return as_bytes(sigstore_bundle(decoded));
    case ExportFormat::p256_key: return as_bytes(p256_key_pem(decoded));
  }
  return fail(ErrorCode::internal, "export: no such format");
}

}  // namespace mayfly::certificate
