#include "gateway/upstream.hpp"

#include <curl/curl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "crypto/tls_key.hpp"

namespace mayfly::gateway {
namespace {

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.';
}
bool is_path_character(char c) {
  constexpr std::string_view others = "-._~/";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != std::string_view::npos;
}

bool is_loopback(std::string_view host) {
  return host == "127.0.0.1" || host == "::1" || host == "localhost";
}

std::unexpected<Error> bad_url(std::string_view why) {
  return fail(ErrorCode::malformed, "the model's URL " + std::string(why) +
                                        "; write https://host[:port][/path], or http:// and a "
                                        "loopback address");
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || port == 0) {
    return bad_url("has a port that is no number from 1 to 65535");
  }
  return port;
}

Result<void> take_authority(std::string_view text, Upstream& into) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad_url("has an address that does not end");
    into.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (into.host != "::1") return bad_url("names an IPv6 address other than ::1");
  } else {
    into.host = text.substr(0, text.find(':'));
    text.remove_prefix(into.host.size());
    if (into.host.empty() || !std::ranges::all_of(into.host, is_host_character)) {
      return bad_url("has no host, or one with characters that hosts do not have");
    }
  }
  if (!text.empty()) {
    if (text.front() != ':') return bad_url("has something after its host");
    TRY(into.port, parse_port(text.substr(1)));
  }
  return {};
}

std::string url_of(const Upstream& to) {
  const bool plain = std::holds_alternative<PlaintextLoopback>(to.security);
  const std::string host = to.host == "::1" ? "[::1]" : to.host;
  return (plain ? "http://" : "https://") + host + ":" + std::to_string(to.port) + "/";
}

int stop_asked(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  pollfd waiting{static_cast<const UniqueFd*>(stop)->borrow(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0 ? 1 : 0;
}

// The certificate of the peer itself comes first.
Result<crypto::Sha256> read_tls_key(CURL* handle) {
  curl_certinfo* info = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &info) != CURLE_OK || info == nullptr ||
      info->num_of_certs < 1) {
    return fail(ErrorCode::internal, "the provider's certificate cannot be read");
  }
  constexpr std::string_view tag = "Cert:";
  for (const curl_slist* line = info->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text(line->data);
    if (text.starts_with(tag)) return crypto::tls_key_of_pem(bytes_of(text.substr(tag.size())));
  }
  return fail(ErrorCode::internal, "the provider's certificate cannot be read");
}

std::unexpected<Error> not_reached(const Upstream& to, CURLcode code) {
  return fail(ErrorCode::unavailable,
              "reaching " + to.authority() + ": " + curl_easy_strerror(code));
}

}  // namespace

std::string Upstream::authority() const {
  const bool usual = std::holds_alternative<CheckedTls>(security) ? port == 443 : port == 80;
  const std::string name = host == "::1" ? "[::1]" : host;
  return usual ? name : name + ":" + std::to_string(port);
}

Result<Upstream> parse_upstream(std::string_view url, std::string_view ca_file) {
  Upstream to;
  if (url.size() > url_bytes_max) return bad_url("is longer than 1024 bytes");
  if (url.starts_with("https://")) {
    to.port = 443;
    to.security = CheckedTls{std::string(ca_file)};
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    to.port = 80;
    to.security = PlaintextLoopback{};
    url.remove_prefix(7);
  } else {
    return bad_url("is neither https:// nor http://");
  }
  const std::size_t path = std::min(url.find('/'), url.size());
  CHECK_OK(take_authority(url.substr(0, path), to));
  if (std::holds_alternative<PlaintextLoopback>(to.security) && !is_loopback(to.host)) {
    return bad_url(
        "is without TLS to another machine, where everyone on the way could read the "
        "key and the data");
  }
  url.remove_prefix(path);
  if (!std::ranges::all_of(url, is_path_character)) return bad_url("has a query or odd characters");
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.ends_with("/v1")) url.remove_suffix(3);
  while (url.ends_with('/')) url.remove_suffix(1);
  to.path_prefix = url;
  return to;
}

Result<std::unique_ptr<UpstreamConnection>> UpstreamConnection::open(const Upstream& to,
                                                                     const UniqueFd& stop,
                                                                     int idle_ms_max) {
  CURL* const handle = curl_easy_init();
  if (handle == nullptr) return fail(ErrorCode::internal, "libcurl cannot be used");
  std::unique_ptr<UpstreamConnection> connection(new UpstreamConnection(handle, stop, idle_ms_max));
  CHECK_OK(connection->connect(to));
  return connection;
}

Result<void> UpstreamConnection::connect(const Upstream& to) {
  const std::string url = url_of(to);
  const auto* const tls = std::get_if<CheckedTls>(&to.security);
  bool set = true;
  const auto option = [&](CURLoption name, auto value) {
    set = set && curl_easy_setopt(handle_, name, value) == CURLE_OK;
  };
  option(CURLOPT_URL, url.c_str());
  option(CURLOPT_PROTOCOLS_STR, tls != nullptr ? "https" : "http");
  option(CURLOPT_CONNECT_ONLY, 1L);
  option(CURLOPT_PROXY, "");
  option(CURLOPT_NOSIGNAL, 1L);
  option(CURLOPT_HTTP_VERSION,
         static_cast<long>(CURL_HTTP_VERSION_1_1));  // what is offered by ALPN
  option(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_ms_max));
  option(CURLOPT_NOPROGRESS, 0L);
  option(CURLOPT_XFERINFOFUNCTION, &stop_asked);
  option(CURLOPT_XFERINFODATA, const_cast<UniqueFd*>(&stop_));
  if (tls != nullptr) {
    option(CURLOPT_SSL_VERIFYPEER, 1L);
    option(CURLOPT_SSL_VERIFYHOST, 2L);
    option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    option(CURLOPT_CERTINFO, 1L);
    if (!tls->ca_file.empty()) {
      option(CURLOPT_CAINFO, tls->ca_file.c_str());
      option(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
  }
  if (!set) return fail(ErrorCode::internal, "libcurl lacks an option that the gateway needs");
  if (const CURLcode done = curl_easy_perform(handle_); done != CURLE_OK) {
    return not_reached(to, done);
  }
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(handle_, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
      socket == CURL_SOCKET_BAD) {
    return fail(ErrorCode::internal, "libcurl does not say which socket is connected");
  }
  socket_ = socket;
  if (tls != nullptr) {
    TRY(tls_key_, read_tls_key(handle_));
  }
  return {};
}

UpstreamConnection::~UpstreamConnection() {
  curl_easy_cleanup(handle_);
}

Result<void> UpstreamConnection::wait(short events) const {
  pollfd waiting[] = {{socket_, events, 0}, {stop_.borrow(), POLLIN, 0}};
  int ready = 0;
  do {
    ready = ::poll(waiting, 2, idle_ms_max_);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail_errno("waiting for the provider");
  if (ready == 0) return fail(ErrorCode::unavailable, "the provider did not answer in time");
  if (waiting[1].revents != 0) return fail(ErrorCode::unavailable, "the run has ended");
  return {};
}

Result<std::size_t> UpstreamConnection::read(std::span<std::uint8_t> into) {
  for (;;) {
    std::size_t count = 0;
    const CURLcode done = curl_easy_recv(handle_, into.data(), into.size(), &count);
    if (done == CURLE_OK) return count;
    if (done != CURLE_AGAIN) {
      return fail(ErrorCode::unavailable,
                  std::string("reading from the provider: ") + curl_easy_strerror(done));
    }
    CHECK_OK(wait(POLLIN));
  }
}

Result<void> UpstreamConnection::write(ByteView bytes) {
  while (!bytes.empty()) {
    std::size_t count = 0;
    const CURLcode done = curl_easy_send(handle_, bytes.data(), bytes.size(), &count);
    if (done != CURLE_OK && done != CURLE_AGAIN) {
      return fail(ErrorCode::unavailable,
                  std::string("sending to the provider: ") + curl_easy_strerror(done));
    }
    bytes = bytes.subspan(count);
    if (done == CURLE_AGAIN) CHECK_OK(wait(POLLOUT));
  }
  return {};
}

bool UpstreamConnection::is_quiet() const {
  pollfd waiting{socket_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 0;
}

Result<std::unique_ptr<UpstreamConnection>> UpstreamPool::take() {
  for (;;) {
    std::unique_ptr<UpstreamConnection> kept;
    {
      const std::scoped_lock lock(mutex_);
      if (idle_.empty()) break;
      kept = std::move(idle_.back());
      idle_.pop_back();
    }
    if (kept->is_quiet()) return kept;
  }
  return UpstreamConnection::open(to_, stop_, idle_ms_max_);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < idle_connections_max) idle_.push_back(std::move(connection));
}

}  // namespace mayfly::gateway
