// Where a run's model calls go: one host, fixed before the run, reached over TLS that is checked.
//
// Source    libcurl connects, resolves and checks TLS (CURLOPT_CONNECT_ONLY); it never sees a
//           request, so no key is ever in its memory. No proxy, no redirect, HTTP/1.1 only.
// Errors    malformed: a URL that cannot be used.  unavailable: not reached, not trusted, gone, too
//           slow, or the run has ended.
// Threads   Upstream is a plain value. UpstreamPool from any thread; a connection in one.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"
#include "gateway/byte_stream.hpp"
#include "gateway/plaintext_loopback.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t url_bytes_max = 1024;
inline constexpr int connect_ms_max = 15'000;
inline constexpr std::size_t idle_connections_max = 16;

struct CheckedTls {
  std::string ca_file;  // PEM; empty: the authorities this machine trusts
};

struct Upstream {
  std::string host;  // as in the URL, without brackets
  std::uint16_t port = 0;
  std::string path_prefix;  // before "/v1/..."; empty, or begins with '/'
  std::variant<CheckedTls, PlaintextLoopback> security;

  std::string authority() const;  // "api.example.com", "127.0.0.1:8000"
};

// "https://host[:port][/prefix]", or "http://" and a loopback address. A last "/v1" is taken off:
// some libraries want it in their base URL, and some do not.
Result<Upstream> parse_upstream(std::string_view url, std::string_view ca_file);

class UpstreamConnection final : public ByteStream {
 public:
  // `stop` readable ends every wait.
  static Result<std::unique_ptr<UpstreamConnection>> open(const Upstream& to, const UniqueFd& stop,
                                                          int idle_ms_max);
  ~UpstreamConnection() override;

  Result<std::size_t> read(std::span<std::uint8_t> into) override;
  Result<void> write(ByteView bytes) override;

  // SHA-256 of the peer's SubjectPublicKeyInfo; absent without TLS.
  const std::optional<crypto::Sha256>& tls_key() const { return tls_key_; }
  // Nothing has come that nobody asked for, and it has not been closed.
  bool is_quiet() const;

 private:
  UpstreamConnection(void* handle, const UniqueFd& stop, int idle_ms_max)
      : handle_(handle), stop_(stop), idle_ms_max_(idle_ms_max) {}
  Result<void> connect(const Upstream& to);
  Result<void> wait(short events) const;

  void* handle_;  // CURL*
  int socket_ = -1;
  const UniqueFd& stop_;
  int idle_ms_max_;
  std::optional<crypto::Sha256> tls_key_;
};

class UpstreamPool {
 public:
  UpstreamPool(Upstream to, const UniqueFd& stop, int idle_ms_max)
      : to_(std::move(to)), stop_(stop), idle_ms_max_(idle_ms_max) {}

  // One that is open and quiet, or a new one.
  Result<std::unique_ptr<UpstreamConnection>> take();
  // After a reply that was read to its end.
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  const Upstream& upstream() const { return to_; }

 private:
  const Upstream to_;
  const UniqueFd& stop_;
  int idle_ms_max_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
};

}  // namespace mayfly::gateway
