// Is the certificate that of this submission, and the trace that of the certificate?
#include "cli/returned_certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text_encoding.hpp"
#include "tests/api/execute_fixture.hpp"

namespace mayfly::cli {
namespace {

using api::test::json;
using testing::HasSubstr;
using verifier::Verdict;

// A real service and a real run; then its answer is changed as only the service itself could.
class ReturnedCertificateTest : public api::test::ExecuteTest {
 protected:
  void SetUp() override {
    ExecuteTest::SetUp();
    if (IsSkipped()) return;
    json request = api::test::shell_job("cat none; echo out");
    request["trace"] = true;
    request["nonce"] = hex_encode(expected_.nonce);
    reply_ = run(request);
    const pipeline::Parts parts = bench_.parts();
    expected_.signer.assign(parts.signer.public_key().begin(), parts.signer.public_key().end());
  }

  std::string& lines() {
    return reply_["/execution_trace/events/lines"_json_pointer].get_ref<std::string&>();
  }
  Result<ReturnedCertificate> take() {
    const Destination destination{.base = "http://127.0.0.1:" + std::to_string(port_), .token = {}};
    const SealedAnswer answer{.json = reply_.dump(), .dataset_hash = std::nullopt};
    return take_certificate(destination, expected_, answer, verifier::default_policy(),
                            bench_.now());
  }

  json reply_;
  Expected expected_{.signer = {}, .nonce = Bytes(16, 7)};
};

TEST_F(ReturnedCertificateTest, IsTakenWithItsTrace) {
  const auto taken = take();
  ASSERT_TRUE(taken) << taken.error().message();
  EXPECT_EQ(taken->verdict, Verdict::unattested);
  EXPECT_EQ(taken->job_output, "out\n");
  ASSERT_TRUE(taken->trace);
  EXPECT_EQ(*taken->trace, lines());
}

TEST_F(ReturnedCertificateTest, IsContradictedByAnotherTrace) {
  const std::string whole = lines();
  lines() = whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1);
  EXPECT_EQ(take().value().verdict, Verdict::contradicted) << "the last event is missing";
  lines() = whole;
  lines().replace(lines().find("\"at_us\":"), 8, "\"at_us\":1");
  EXPECT_EQ(take().value().verdict, Verdict::contradicted);
  lines() = "no trace";
  EXPECT_EQ(take().value().verdict, Verdict::contradicted);
}

TEST_F(ReturnedCertificateTest, MayHaveNone) {
  reply_["/execution_trace/events/lines"_json_pointer] = nullptr;
  EXPECT_EQ(take().value().verdict, Verdict::unattested);
  EXPECT_FALSE(take().value().trace);
  reply_.erase("execution_trace");
  EXPECT_FALSE(take().value().trace);
}

TEST_F(ReturnedCertificateTest, OfAnotherSubmissionIsNotKept) {
  expected_.nonce.front() ^= 1;
  EXPECT_THAT(take().error().message(), HasSubstr("another nonce"));
  expected_.nonce.front() ^= 1;
  expected_.signer.front() ^= 1;
  const auto taken = take();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), ErrorCode::rejected);
  EXPECT_THAT(taken.error().message(), HasSubstr("another key"));
}

}  // namespace
}  // namespace mayfly::cli
