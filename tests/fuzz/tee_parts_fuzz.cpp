// Parts of evidence of any bytes, under every name and kind: nothing crashes, what is read has one
// spelling, and nothing is verified by bytes that nobody signed.
#include <cstdlib>
#include <map>
#include <string>

#include "attest/collect/tsm_report.hpp"
#include "attest/model/tpm_pcr_list.hpp"
#include "attest/verify/tpm2_tools_pcrs.hpp"
#include "certificate/session.hpp"
#include "verifier/session_checks.hpp"
#include "verifier/tdx_collateral_parts.hpp"
#include "verifier/tee_appraisal.hpp"
#include "verifier/tee_parts.hpp"

namespace {

using namespace mayfly;
using attest::TeeKind;

void require(bool condition) {
  if (!condition) std::abort();
}

void judge(TeeKind kind, ByteView quote, const std::optional<certificate::Collateral>& parts) {
  static const verifier::Policy policy = verifier::genuine_policy();
  const auto material = verifier::tee_material_from(kind, quote, parts);
  if (!material) return;
  const auto appraisal =
      verifier::appraise_tee(*material, policy, std::nullopt, UnixMillis{1'750'000'000'000});
  // A Nitro document is all there is, and some seeds are genuine; of the others much is missing.
  require(kind == TeeKind::nitro || appraisal.verdict != verifier::Verdict::verified);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto pcrs = attest::decode_tpm_pcrs(input)) {
    require(attest::encode_tpm_pcrs(*pcrs) == Bytes(input.begin(), input.end()));
  }
  static_cast<void>(attest::read_tpm2_tools_pcrs(input, input));
  static_cast<void>(attest::tdx_evidence(input, {}));
  constexpr std::size_t report_bytes = 1184;
  static_cast<void>(attest::snp_evidence(Bytes(report_bytes), input, {}));
  if (const auto session = certificate::decode_session_attestation(input)) {
    const auto judged = verifier::judge_session(*session, input.first(0),
                                                verifier::genuine_policy(), UnixMillis{0});
    require(judged.verdict != verifier::Verdict::verified);
  }
  const attest::TdLogs logs{.boot = Bytes(input.begin(), input.end()),
                            .runtime = Bytes(input.begin(), input.end())};
  for (const attest::TdLogs& each : {attest::TdLogs{.boot = logs.boot, .runtime = {}},
                                     attest::TdLogs{.boot = {}, .runtime = logs.runtime}}) {
    const auto parts = verifier::tdx_parts({.lists = {}, .logs = each});
    if (!parts || parts->parts.empty()) continue;
    const auto read = verifier::tdx_material_from(*parts);
    require(read && verifier::tdx_parts(*read)->parts.at(0).bytes == parts->parts.at(0).bytes);
  }
  for (const TeeKind kind : {TeeKind::snp, TeeKind::tpm, TeeKind::nitro, TeeKind::azure_snp,
                             TeeKind::azure_tdx, TeeKind::confidential_space}) {
    for (const char* name : {"ak_chain", "ak_public", "certificate_chain", "crl", "event_log",
                             "hcl_report", "key_path", "pcrs", "signature", "td_quote"}) {
      const auto parts = verifier::tee_parts(kind, {{name, Bytes(input.begin(), input.end())}});
      if (!parts) continue;
      const auto again = verifier::tee_parts(kind, {{name, parts->parts.at(0).bytes}});
      require(again && again->parts.at(0).bytes == parts->parts.at(0).bytes);
      judge(kind, {}, *parts);
    }
    judge(kind, input, std::nullopt);
  }
  return 0;
}
