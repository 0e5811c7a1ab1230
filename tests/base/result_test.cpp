#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace mayfly {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) {
    return fail(ErrorCode::malformed, "odd");
  }
  return number / 2;
}

Result<int> quarter_of(int number) {
  TRY(const int half, half_of(number));
  TRY(const int quarter, half_of(half));
  return quarter;
}

Result<void> check_even(int number) {
  CHECK_OK(half_of(number));
  return {};
}

TEST(Result, TryBindsTheValueOrReturnsTheError) {
  EXPECT_EQ(*quarter_of(12), 3);
  const auto failed = quarter_of(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::malformed);
  EXPECT_EQ(failed.error().message(), "odd");
}

TEST(Result, CheckOkReturnsTheError) {
  EXPECT_TRUE(check_even(2));
  EXPECT_EQ(check_even(3).error().message(), "odd");
}

TEST(Result, TryMovesOutAMoveOnlyValue) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    TRY(const std::unique_ptr<int> owned, make());
    return *owned;
  };
  EXPECT_EQ(*use(), 7);
}

TEST(Error, GathersContextOnTheWayUp) {
  const Error error = Error(ErrorCode::limit, "too long").while_doing("reading a quote");
  EXPECT_EQ(error.message(), "reading a quote: too long");
  EXPECT_EQ(error.code(), ErrorCode::limit);
}

TEST(ErrnoError, SaysWhetherTheMachineOrWeAreAtFault) {
  EXPECT_EQ(errno_error(ENOENT, "opening").code(), ErrorCode::unavailable);
  EXPECT_EQ(errno_error(ENOSPC, "writing").code(), ErrorCode::unavailable);
  EXPECT_EQ(errno_error(EACCES, "opening").code(), ErrorCode::unavailable);
  EXPECT_EQ(errno_error(EBADF, "reading").code(), ErrorCode::internal);
  EXPECT_EQ(errno_error(EFBIG, "writing").code(), ErrorCode::limit);
  EXPECT_EQ(errno_error(ENOENT, "opening").message(), "opening: No such file or directory");
}

TEST(ErrnoError, KeepsTheNumberThroughContext) {
  EXPECT_EQ(errno_error(EACCES, "opening").while_doing("reading").error_number(), EACCES);
  EXPECT_EQ(Error(ErrorCode::limit, "too long").error_number(), 0);
}

TEST(ErrorCode, HasADistinctNameForEach) {
  EXPECT_EQ(to_string(ErrorCode::malformed), "malformed");
  EXPECT_EQ(to_string(ErrorCode::rejected), "rejected");
  EXPECT_EQ(to_string(ErrorCode::limit), "limit");
  EXPECT_EQ(to_string(ErrorCode::unavailable), "unavailable");
  EXPECT_EQ(to_string(ErrorCode::internal), "internal");
}

}  // namespace
}  // namespace mayfly
