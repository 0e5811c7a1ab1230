// A TDX quote of any bytes: parsing and appraising never crash, what is parsed lies within the
// input, and nothing is believed without an anchor.
#include <cstdlib>

#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tdx_verify.hpp"

namespace {

using mayfly::ByteView;

void require(bool condition) {
  if (!condition) std::abort();
}

bool lies_within(ByteView inner, ByteView outer) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly::attest;
  const ByteView input(data, size);
  const auto quote = parse_tdx_quote(input);
  if (quote) {
    require(quote->quote_bytes.size() + quote->trailing_bytes.size() == size);
    const bool is_1_5 = quote->body.kind == TdBodyKind::td_1_5;
    const std::size_t signed_size = 48U + (quote->version == 5 ? 6U : 0U) + (is_1_5 ? 648U : 584U);
    require(quote->signed_bytes.size() == signed_size && quote->qe_report_bytes.size() == 384);
    require(lies_within(quote->qe_report_bytes, quote->quote_bytes));
    require(lies_within(quote->qe_authentication_data, quote->quote_bytes));
    require(lies_within(quote->pck_chain_pem, quote->quote_bytes));
    // Header and body, length, signature and key, two certification headers, QE report and its
    // signature, authentication length: everything is accounted for.
    require(quote->quote_bytes.size() == signed_size + 4 + 128 + 6 + 384 + 64 + 2 +
                                             quote->qe_authentication_data.size() + 6 +
                                             quote->pck_chain_pem.size());
    const auto again = parse_tdx_quote(quote->quote_bytes);
    require(again && again->trailing_bytes.empty());
  }
  constexpr mayfly::UnixMillis at{1750380003000};
  static const TdxPolicy policy = genuine_tdx_policy();
  const TdxAppraisal appraisal = verify_tdx(input, {}, policy, at);
  require(appraisal.findings.size() == tdx_check_count);
  require((appraisal.verdict == TdxVerdict::malformed) == !quote);
  // Without collateral nothing is accepted, and without anchors nothing is believed.
  require(appraisal.verdict != TdxVerdict::accepted);
  TdxPolicy unanchored = policy;
  unanchored.anchors.clear();
  require(!verify_tdx(input, {}, unanchored, at).verified_body);
  return 0;
}
