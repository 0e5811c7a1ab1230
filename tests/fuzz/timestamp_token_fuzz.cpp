// A response gives a token or none; what reads as a token is over some bytes at some time, and is
// believed under no root that did not make it.
#include <cstdlib>

#include "base/text_encoding.hpp"
#include "crypto/timestamp_token.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::crypto;

// A self-signed P-256 certificate whose key is nowhere.
const TimestampRoots& roots() {
  static const TimestampRoots made = [] {
    constexpr std::string_view text =
        "-----BEGIN CERTIFICATE-----\n"
        "MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNUZXN0IGF1\n"
        "dGhvcml0eSByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIwOTkxMjMxMjM1OTU5WjAe\n"
        "MRwwGgYDVQQDDBNUZXN0IGF1dGhvcml0eSByb290MFkwEwYHKoZIzj0CAQYIKoZI\n"
        "zj0DAQcDQgAEffV5ucE+7WznuROFBz2Q44/9uS0OlkZi1B2O5GBi95rmmLnAnXuY\n"
        "+X6nageMdLYevatBvQN7t8OBOlPdgOnK/aNCMEAwDwYDVR0TAQH/BAUwAwEB/zAO\n"
        "BgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFIVP8xUHQuRk1qWcRZS6HUJAyDLkMAoG\n"
        "CCqGSM49BAMCA0kAMEYCIQC4ruWXScQe164uahsYrBsAV/r8jTmxKNqlcyDjeoiy\n"
        "HAIhAL6Z6VEv8Qjy345hsYU9GWTdVsHSz9Uu5UzjhWx3/XDo\n"
        "-----END CERTIFICATE-----\n";
    auto parsed = TimestampRoots::from_pem(bytes_of(text));
    if (!parsed) std::abort();
    return *std::move(parsed);
  }();
  return made;
}

void check(ByteView bytes) {
  const auto token = TimestampToken::parse(bytes);
  if (!token) return;
  static_cast<void>(token->check_imprint(bytes));
  if (token->verify(roots())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check(bytes);
  if (const auto token = token_of_timestamp_response(bytes)) check(*token);
  return 0;
}
