#include "attest/collect/dstack_socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

#include "attest/collect/tsm_report.hpp"
#include "attest/model/evidence_parts.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::attest {
namespace {

constexpr time_t answer_seconds_max = 60;  // a quote takes a second or two

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::malformed, std::string("dstack's answer ") + what);
}

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::limit, "the path of a socket has at most 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.borrow() < 0) {
    return fail_errno("making a socket");
  }
  const timeval patience{.tv_sec = answer_seconds_max, .tv_usec = 0};
  ::setsockopt(fd.borrow(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.borrow(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd.borrow(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(ErrorCode::unavailable, "cannot connect to dstack at " + path + ": " +
                                            std::strerror(errno) +
                                            "; the agent must run, and its socket be mounted here");
  }
  return fd;
}

// RFC 9112, 7.1, as far as a program that ends the connection needs it.
Result<std::string> without_chunks(std::string_view body) {
  std::string out;
  while (true) {
    const std::size_t line = body.find("\r\n");
    std::size_t size = 0;
    const auto read =
        std::from_chars(body.data(), body.data() + std::min(line, body.size()), size, 16);
    if (line == std::string_view::npos || read.ec != std::errc()) return malformed("is cut off");
    body.remove_prefix(line + 2);
    if (size == 0) return out;
    if (body.size() < size || body.size() - size < 2) return malformed("is cut off");
    out += body.substr(0, size);
    body.remove_prefix(size + 2);
  }
}

Result<std::string> body_of(std::string_view answer) {
  constexpr std::string_view good = "HTTP/1.1 200";
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos || !answer.starts_with("HTTP/1.")) {
    return malformed("is not HTTP, or cut off");
  }
  if (answer.substr(9, 3) != good.substr(9, 3)) {
    return fail(ErrorCode::unavailable,
                "dstack refuses to quote, with status " + std::string(answer.substr(9, 3)));
  }
  std::string head(answer.substr(0, end));
  for (char& c : head) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string_view body = answer.substr(end + 4);
  if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) {
    return without_chunks(body);
  }
  return std::string(body);
}

// The member "quote" of a JSON object, whose value is hex. What is within another string has its
// quotation marks escaped; and whatever is found must be a quote over the bytes that were asked
// for.
Result<Bytes> quote_in(std::string_view json) {
  constexpr std::string_view name = "\"quote\"";
  for (std::size_t at = json.find(name); at != std::string_view::npos;
       at = json.find(name, at + 1)) {
    if (at != 0 && json[at - 1] == '\\') continue;
    std::string_view rest = json.substr(at + name.size());
    const std::size_t begin = rest.find_first_not_of(" \t\r\n:");
    if (begin == std::string_view::npos || rest[begin] != '"') break;
    rest.remove_prefix(begin + 1);
    std::string_view hex = rest.substr(0, rest.find('"'));
    if (hex.starts_with("0x")) hex.remove_prefix(2);
    auto bytes = hex_decode(hex);
    if (!bytes) return malformed("has a quote that is not hex");
    return std::move(*bytes);
  }
  return malformed("has no quote");
}

// What stands between the quotation marks of a JSON string, which begins at `text`.
Result<std::string> unescaped(std::string_view text) {
  constexpr std::string_view escapes = R"("\/bfnrt)";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return out;
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    const std::size_t which = ++i < text.size() ? escapes.find(text[i]) : std::string_view::npos;
    if (which == std::string_view::npos) {
      return malformed("has an event log with an escape that event logs do not have");
    }
    out.push_back(meanings[which]);
  }
  return malformed("is cut off");
}

// The member "event_log": a JSON array, as a string. Empty: there is none.
Result<std::string> event_log_in(std::string_view json) {
  constexpr std::string_view name = "\"event_log\"";
  for (std::size_t at = json.find(name); at != std::string_view::npos;
       at = json.find(name, at + 1)) {
    if (at != 0 && json[at - 1] == '\\') continue;
    const std::string_view rest = json.substr(at + name.size());
    const std::size_t begin = rest.find_first_not_of(" \t\r\n:");
    if (begin == std::string_view::npos || rest[begin] != '"') break;
    return unescaped(rest.substr(begin + 1));
  }
  return std::string();
}

}  // namespace

Result<Evidence> dstack_evidence(const std::string& socket, DstackVersion version,
                                 const ReportData& report_data) {
  const bool is_v0 = version == DstackVersion::v0;
  const std::string body = "{\"report_data\":\"" + hex_encode(report_data) + "\"" +
                           (is_v0 ? ",\"hash_algorithm\":\"raw\"}" : "}");
  const std::string request =
      std::string("POST ") + (is_v0 ? "/prpc/Tappd.TdxQuote?json" : "/GetQuote") +
      " HTTP/1.1\r\nHost: dstack\r\nConnection: close\r\nContent-Type: application/json\r\n" +
      "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  TRY(const UniqueFd fd, connect_to(socket));
  CHECK_OK(write_all(fd, bytes_of(request)));
  TRY(const Bytes answer, read_to_end(fd, dstack_answer_bytes_max));
  TRY(const std::string json, body_of(text_of(answer)));
  TRY(const Bytes quote, quote_in(json));
  TRY(Evidence evidence, tdx_evidence(quote, report_data));
  TRY(const std::string log, event_log_in(json));
  if (!log.empty()) {
    const ByteView bytes = bytes_of(log);
    evidence.parts.push_back(
        {std::string(part_name::runtime_log), Bytes(bytes.begin(), bytes.end())});
  }
  return evidence;
}

}  // namespace mayfly::attest
