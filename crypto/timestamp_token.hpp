// Time stamp tokens: that some bytes existed at a time, by the word of a time-stamping authority.
//
// Source    RFC 3161, RFC 5816, through libcrypto's TS. Nothing is fetched: a request is a file
//           that someone takes to an authority, and its response a file that comes back.
// Shapes    DER. Imprints of SHA-256, SHA-384 and SHA-512. Requests made here ask for the
//           authority's certificate in the token; without it, it must be among the trusted ones.
// Errors    malformed: not this form.  limit: over a bound.  rejected: a token over other bytes, a
//           signature that is not the authority's, an authority that refused.  unavailable: no
//           trusted root leads to the authority's certificate as of the token's own time, or that
//           certificate is nowhere.
// Threads   Roots may be used from several threads; a token from one, and so may its copies.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/public_key.hpp"

struct pkcs7_st;  // NOLINT(readability-identifier-naming): of libcrypto

namespace mayfly::crypto {

inline constexpr std::size_t timestamp_token_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t timestamp_response_bytes_max = timestamp_token_bytes_max + 4096;
inline constexpr std::size_t timestamp_roots_max = 64;

// Certificates that a caller trusts to lead to authorities: of their roots, or their own.
class TimestampRoots {
 public:
  static Result<TimestampRoots> from_pem(ByteView text);
  static Result<TimestampRoots> from_der(std::vector<Bytes> certificates);  // 1 or more
  const std::vector<Bytes>& certificates() const { return certificates_; }  // DER

 private:
  explicit TimestampRoots(std::vector<Bytes> certificates)
      : certificates_(std::move(certificates)) {}
  std::vector<Bytes> certificates_;
};

struct TimestampAuthority {
  std::string name;    // its certificate's common name: printable ASCII, 64 characters at most
  UnixMillis expires;  // when its certificate does
};

class TimestampToken {
 public:
  // Layout checked, signature NOT checked.
  static Result<TimestampToken> parse(ByteView der);

  // The authority's time, with its own doubt about it: when it saw the bytes.
  UnixMillis earliest() const { return earliest_; }
  UnixMillis latest() const { return latest_; }

  Result<void> check_imprint(ByteView stamped) const;
  // As of the token's own time: whether the authority's certificate is good later is the caller's
  // question.
  Result<TimestampAuthority> verify(const TimestampRoots& roots) const;

 private:
  struct Free {
    void operator()(pkcs7_st* token) const noexcept;
  };
  TimestampToken() = default;
  Result<void> read_info();

  std::shared_ptr<pkcs7_st> token_;
  UnixMillis at_;
  UnixMillis earliest_;
  UnixMillis latest_;
  HashAlgorithm hash_ = HashAlgorithm::sha256;
  Bytes imprint_;
};

// A request for a token over SHA-256 of the bytes, with the authority's certificate in it.
Bytes timestamp_request(ByteView stamped);
// The token of a response that grants it, as it stands there; or a token by itself.
Result<Bytes> token_of_timestamp_response(ByteView der);

}  // namespace mayfly::crypto
