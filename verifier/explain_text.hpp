// The long answers: what each check asks, what was found and what that does to the verdict; how far
// each part of the certificate is to be believed; and every code there is.
//
// Shapes    Lines of text, each ended by a line end, without colours. Text from the certificate is
//           inert and cut at shown_bytes_max.
// Threads   Pure functions.
#pragma once
#include <string>

#include "verifier/report.hpp"

namespace mayfly::verifier {

// Goes below report_text().
std::string explain_text(const Report& report);

// All codes in the order of the checks, whether or not they were found anywhere.
std::string codes_text();

}  // namespace mayfly::verifier
