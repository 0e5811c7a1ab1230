// Goal: no bytes crash the verifier or its reports, and no bytes are ever verified: the vendor's
// key is not here to sign them. Method: judge, print both ways; when the input is a consistent
// (simulated) certificate, judge it again with one byte changed, which must be noticed.
#include <algorithm>
#include <cstdlib>

#include "crypto/sha2.hpp"
#include "verifier/report_json.hpp"
#include "verifier/report_text.hpp"
#include "verifier/verify.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::verifier;

constexpr UnixMillis when{1'772'366'460'000};  // when the seeds were made

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

Verdict judge(ByteView bytes) {
  const Report report = verify(bytes, default_policy(), when, {});
  require(std::ranges::is_sorted(report.findings, {}, &Finding::stage));
  require(report.verdict() != Verdict::verified && report.verdict() != Verdict::internal);
  const std::string text = report_text(report, Colour::none);
  const std::string json = report_json(report);
  require(text.find('\x1b') == std::string::npos && json.find('\x1b') == std::string::npos);
  return report.verdict();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (judge(bytes) == Verdict::unattested) {
    const crypto::Sha256 chance = crypto::sha256(bytes);
    Bytes changed(bytes.begin(), bytes.end());
    const std::size_t at = (std::size_t{chance.bytes[0]} << 8 | chance.bytes[1]) % size;
    changed[at] ^= std::max<std::uint8_t>(chance.bytes[2], 1);
    const Verdict verdict = judge(changed);
    require(verdict != Verdict::unattested && verdict != Verdict::refused);
  }
  return 0;
}
