#include "attest/model/evidence.hpp"

#include <gtest/gtest.h>

namespace mayfly::attest {
namespace {

TEST(TeeKind, RoundTripsThroughItsName) {
  EXPECT_EQ(to_string(TeeKind::tdx), "tdx");
  EXPECT_EQ(to_string(TeeKind::simulated_tdx), "simulated-tdx");
  for (const TeeKind kind : {TeeKind::tdx, TeeKind::simulated_tdx}) {
    EXPECT_EQ(*tee_kind_from_string(to_string(kind)), kind);
  }
}

TEST(TeeKind, RefusesEveryOtherName) {
  for (const std::string_view text : {"", "TDX", "tdx ", "simulated", "simulated_tdx", "sgx"}) {
    const auto kind = tee_kind_from_string(text);
    ASSERT_FALSE(kind) << text;
    EXPECT_EQ(kind.error().code(), ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace mayfly::attest
