// What verified evidence says, as rows for people and programs.
//
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/verify/google_token.hpp"
#include "attest/verify/nitro_verify.hpp"
#include "attest/verify/snp_verify.hpp"
#include "attest/verify/tpm_appraisal.hpp"

namespace mayfly::verifier {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string_view bank_name(attest::TpmHash bank);  // "sha256"

void append_facts(const attest::VerifiedSnpReport& report, Facts& facts);
void append_facts(const attest::VerifiedTpmQuote& quote, Facts& facts);
void append_facts(const attest::VerifiedNitroDocument& document, Facts& facts);
void append_facts(const attest::ParsedGoogleToken& token, Facts& facts);

}  // namespace mayfly::verifier
