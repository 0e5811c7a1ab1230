// Other shapes of one certificate, made from the same bytes.
//
// Shapes    summary: one flat JSON object for people and scripts; not signed. claim, statement: the
//           slices as they are hashed. dsse: an envelope that existing DSSE and in-toto tools read
//           (payload and signatures in padded base64).
// Errors    malformed: the certificate (see decode.hpp), or an unknown format's name.
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

enum class ExportFormat : std::uint8_t { summary, claim, statement, dsse };

// What stands for the pattern of a tool that searches, without being it: the keyed hash of its
// arguments, of which only whoever holds the dataset can tell the pattern. Absent for other tools.
std::optional<std::string> pattern_of(const ToolUse& use);

Result<ExportFormat> export_format_from_string(std::string_view text);

Result<Bytes> export_certificate(ByteView certificate, ExportFormat format);

}  // namespace mayfly::certificate
