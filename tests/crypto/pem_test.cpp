#include "crypto/pem.hpp"

#include <gtest/gtest.h>

namespace mayfly::crypto {
namespace {

const std::string abc = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";

TEST(Pem, RoundTripsEveryLineLength) {
  for (std::size_t size = 1; size < 200; ++size) {
    Bytes der(size);
    for (std::size_t i = 0; i < size; ++i) {
      der[i] = static_cast<std::uint8_t>(i * 7);
    }
    const auto chain = split_pem_chain(bytes_of(pem_certificate(der)), 1);
    ASSERT_TRUE(chain) << size;
    EXPECT_EQ(chain->at(0), der);
  }
}

TEST(Pem, KeepsTheOrderOfAChain) {
  const std::string text = pem_certificate(Bytes{1}) + pem_certificate(Bytes{2});
  const auto chain = split_pem_chain(bytes_of(text), 2);
  ASSERT_TRUE(chain);
  EXPECT_EQ(*chain, (std::vector<Bytes>{{1}, {2}}));
}

TEST(Pem, ToleratesWhatQuotesCarry) {
  const std::string crlf = "-----BEGIN CERTIFICATE-----\r\nYWJj\r\n-----END CERTIFICATE-----\r\n";
  const std::string no_final_newline = abc.substr(0, abc.size() - 1);
  for (const std::string& text : {abc, abc + std::string(1, '\0'), abc + std::string(3, '\0'), crlf,
                                  no_final_newline, "\n" + abc + "\n\n"}) {
    const auto chain = split_pem_chain(bytes_of(text), 1);
    ASSERT_TRUE(chain) << text;
    EXPECT_EQ(text_of(chain->at(0)), "abc");
  }
}

TEST(Pem, RefusesTextAroundOrInside) {
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string end = "-----END CERTIFICATE-----\n";
  for (const std::string& text :
       {std::string(), std::string("\n\n"), std::string(1, '\0'), "x" + abc, abc + "x",
        abc + std::string(1, '\0') + abc, begin + "YWJj\n", begin + "YW Jj\n" + end,
        begin + "YWJ\n" + end, begin + "YWI\n" + end, begin + "YWJ=\n" + end,
        begin + "YWJj=\n" + end, begin + "Proc-Type: 4\nYWJj\n" + end, begin + abc,
        std::string("-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----\n")}) {
    const auto chain = split_pem_chain(bytes_of(text), 3);
    ASSERT_FALSE(chain) << text;
    EXPECT_EQ(chain.error().code(), ErrorCode::malformed);
  }
}

TEST(Pem, BoundsTheNumberOfCertificates) {
  EXPECT_TRUE(split_pem_chain(bytes_of(abc + abc + abc), 3));
  const auto past = split_pem_chain(bytes_of(abc + abc + abc + abc), 3);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

TEST(Pem, BoundsTheSizeOfTheText) {
  std::string text = abc;
  text.resize(pem_chain_bytes_max, '\0');
  EXPECT_TRUE(split_pem_chain(bytes_of(text), 1));
  text.push_back('\0');
  const auto past = split_pem_chain(bytes_of(text), 1);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::crypto
