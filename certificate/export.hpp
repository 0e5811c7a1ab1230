// Other shapes of one certificate, made from the same bytes.
//
// Shapes    summary: one flat JSON object for people and scripts; not signed. claim, statement: the
//           slices as they are hashed. dsse: an envelope that existing DSSE and in-toto tools read
//           (payload and signatures in padded base64). sigstore: a Sigstore bundle v0.3 around the
//           same envelope with the P-256 signature alone. p256_key: that signature's key in PEM;
//           whether to trust it is for the reader to know.
// Errors    malformed: the certificate (see decode.hpp), or an unknown format's name. unavailable:
//           sigstore and p256_key of a certificate without a P-256 signature.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/decode.hpp"

namespace mayfly::certificate {

enum class ExportFormat : std::uint8_t { summary, claim, statement, dsse, sigstore, p256_key };

inline constexpr std::string_view sigstore_bundle_media_type =
    "application/vnd.dev.sigstore.bundle.v0.3+json";

// What stands for the pattern of a tool that searches, without being it: the keyed hash of its
// arguments, of which only whoever holds the dataset can tell the pattern. Absent for other tools.
std::optional<std::string> pattern_of(const ToolUse& use);

Result<ExportFormat> export_format_from_string(std::string_view text);

Result<Bytes> export_certificate(ByteView certificate, ExportFormat format);

}  // namespace mayfly::certificate
