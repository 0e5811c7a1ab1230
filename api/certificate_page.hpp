// A certificate as a page for people: the verdict of our own check first, then what it says.
//
// Threads   Pure function.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "verifier/report.hpp"

namespace mayfly::api {

Result<std::string> certificate_page(ByteView certificate, const verifier::Report& report);

}  // namespace mayfly::api
