#include "crypto/pem.hpp"

#include <sodium.h>

#include <string_view>

namespace mayfly::crypto {
namespace {

constexpr std::string_view begin_line = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view end_line = "-----END CERTIFICATE-----";

std::unexpected<Error> not_pem(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a PEM certificate chain: ") + what);
}

std::string_view without_leading_newlines(std::string_view text) {
  const std::size_t start = text.find_first_not_of("\r\n");
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

Result<Bytes> decode_base64(std::string_view text) {
  Bytes out(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  // Strict: no white space but line ends, padding required, no stray bits.
  if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), "\r\n", &size, &end,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size()) {
    return not_pem("the text between BEGIN and END is not base64");
  }
  out.resize(size);
  return out;
}

}  // namespace

Result<std::vector<Bytes>> split_pem_chain(ByteView text, std::size_t certificates_max) {
  if (text.size() > pem_chain_bytes_max) {
    return fail(ErrorCode::limit, "a PEM certificate chain is at most 65536 bytes, this one has " +
                                      std::to_string(text.size()));
  }
  std::string_view rest = text_of(text);
  while (rest.ends_with('\0')) {
    rest.remove_suffix(1);
  }
  rest = without_leading_newlines(rest);
  std::vector<Bytes> chain;
  while (!rest.empty()) {
    if (!rest.starts_with(begin_line)) {
      return not_pem("no BEGIN CERTIFICATE line where a certificate starts");
    }
    rest.remove_prefix(begin_line.size());
    const std::size_t end = rest.find(end_line);
    if (end == std::string_view::npos) {
      return not_pem("a certificate without an END CERTIFICATE line");
    }
    if (chain.size() == certificates_max) {
      return fail(ErrorCode::limit, "a certificate chain of more than " +
                                        std::to_string(certificates_max) + " certificates");
    }
    TRY(Bytes der, decode_base64(rest.substr(0, end)));
    chain.push_back(std::move(der));
    rest = without_leading_newlines(rest.substr(end + end_line.size()));
  }
  if (chain.empty()) {
    return not_pem("it holds no certificate");
  }
  return chain;
}

std::string pem_text(std::string_view label, ByteView der) {
  constexpr std::size_t line_bytes = 48;  // 64 base64 characters
  std::string out;
  out.append("-----BEGIN ").append(label).append("-----\n");
  while (!der.empty()) {
    const ByteView line = der.first(std::min(line_bytes, der.size()));
    char text[line_bytes / 3 * 4 + 1];
    sodium_bin2base64(text, sizeof text, line.data(), line.size(), sodium_base64_VARIANT_ORIGINAL);
    out += text;
    out += '\n';
    der = der.subspan(line.size());
  }
  out.append("-----END ").append(label).append("-----\n");
  return out;
}

std::string pem_certificate(ByteView der) {
  return pem_text("CERTIFICATE", der);
}

}  // namespace mayfly::crypto
