// Says what the verifiers find about evidence among the vectors, with one byte changed first. For
// the second, independent verifier in evidence_peer_test.py, which must come to the same.
//
// Use       evidence_verdicts < cases      one case a line: "tpm PART OFFSET XOR", PART being
//           attest, signature, area or pcr0..pcr8; "nitro NAME OFFSET XOR". XOR 0 changes nothing.
// Prints    "accepted" or "refused" for each.
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "attest/verify/nitro_anchor.hpp"
#include "attest/verify/nitro_verify.hpp"
#include "attest/verify/tpm_verify.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;

void change(Bytes& part, std::size_t offset, unsigned mask) {
  part.at(offset) = static_cast<std::uint8_t>(part.at(offset) ^ mask);
}

EvidenceVerdict tpm_verdict(const std::string& part, std::size_t offset, unsigned mask) {
  static const SwtpmQuote genuine;
  SwtpmQuote quote = genuine;
  std::map<std::string, Bytes*> parts{
      {"attest", &quote.attest}, {"signature", &quote.signature}, {"area", &quote.area}};
  for (std::size_t i = 0; i < quote.pcrs.size(); ++i) {
    parts["pcr" + std::to_string(i)] = &quote.pcrs[i].value;
  }
  change(*parts.at(part), offset, mask);
  return quote.appraise().verdict;
}

EvidenceVerdict nitro_verdict(const std::string& name, std::size_t offset, unsigned mask) {
  Bytes document = read_attest_vector("nitro/" + name);
  change(document, offset, mask);
  const Any nothing{"the two verifiers are to agree about what is genuine"};
  const NitroPolicy policy{.anchors = {nitro_anchor()},
                           .age = nothing,
                           .debug_off = NitroDebugOff{},
                           .pcr_values = nothing,
                           .nonce = nothing,
                           .user_data = nothing,
                           .public_key = nothing};
  return appraise_nitro(document, policy, UnixMillis{1795000000000}).verdict;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string kind;
    std::string what;
    std::size_t offset = 0;
    unsigned mask = 0;
    if (!(words >> kind >> what >> offset >> mask)) {
      std::fprintf(stderr, "evidence_verdicts: not a case: %s\n", line.c_str());
      return 64;
    }
    const EvidenceVerdict verdict =
        kind == "tpm" ? tpm_verdict(what, offset, mask) : nitro_verdict(what, offset, mask);
    std::puts(verdict == EvidenceVerdict::accepted ? "accepted" : "refused");
  }
  return 0;
}
