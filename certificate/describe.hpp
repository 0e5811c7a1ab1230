// A certificate as a person wants to read it: plain text for a terminal, result first.
//
// Shapes    Lines of text without colours or escapes. Everything that came from a job or a
//           submitter passes through inert_text(). Says what the certificate states; only a
//           verifier says whether it is true.
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "certificate/decode.hpp"

namespace mayfly::certificate {

std::string describe(const DecodedCertificate& certificate);

// `utf8` on one line, cut at `bytes_max`: control, bidirectional and invisible characters are
// written out ("\u{202e}"), so that they cannot act on a terminal or reorder what is read.
std::string inert_text(std::string_view utf8, std::size_t bytes_max);

}  // namespace mayfly::certificate
