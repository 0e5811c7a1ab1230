#include "tests/attest/token_forge.hpp"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/text_encoding.hpp"

namespace mayfly::attest {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool condition) {
  if (!condition) std::abort();
}

// Three RSA keys take a second; one set is enough for all tests of a program.
struct Keys {
  Key root{EVP_RSA_gen(2048), &EVP_PKEY_free};
  Key authority{EVP_RSA_gen(2048), &EVP_PKEY_free};
  Key leaf{EVP_RSA_gen(2048), &EVP_PKEY_free};
};
const Keys& keys() {
  static const Keys made;
  return made;
}

struct Named {
  const char* subject;
  const char* issuer;
  long serial;
};

void set_name(X509_NAME* name, const char* text) {
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(text), -1, -1, 0) == 1);
}

void add_extension(X509* certificate, int id, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Bytes certificate(const Named& named, const Key& key, const Key& signer) {
  constexpr long day_s = 24L * 60 * 60;
  const time_t now = static_cast<time_t>(token_forge_now.value / 1000);
  const Certificate made(X509_new(), &X509_free);
  X509* const out = made.get();
  const bool is_authority = key != keys().leaf;
  require(X509_set_version(out, X509_VERSION_3) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(out), named.serial);
  require(ASN1_TIME_set(X509_getm_notBefore(out), now - 30 * day_s) != nullptr);
  require(ASN1_TIME_set(X509_getm_notAfter(out), now + 30 * day_s) != nullptr);
  set_name(X509_get_subject_name(out), named.subject);
  set_name(X509_get_issuer_name(out), named.issuer);
  require(X509_set_pubkey(out, key.get()) == 1);
  add_extension(out, NID_basic_constraints,
                is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (is_authority) add_extension(out, NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(out, signer.get(), EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int length = i2d_X509(out, &der);
  require(length > 0);
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

Bytes rs256(const std::string& message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  Bytes out(256);
  std::size_t length = out.size();
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, keys().leaf.get()) ==
          1);
  require(EVP_DigestSign(context.get(), out.data(), &length,
                         reinterpret_cast<const unsigned char*>(message.data()),
                         message.size()) == 1);
  return out;
}

std::string encoded(const std::string& text) {
  return base64url_encode(bytes_of(text));
}

}  // namespace

TokenForge::TokenForge() {
  chain = {certificate({"Leaf", "Authority", 3}, keys().leaf, keys().authority),
           certificate({"Authority", "Root", 2}, keys().authority, keys().root),
           certificate({"Root", "Root", 1}, keys().root, keys().root)};
  const std::int64_t now = token_forge_now.value / 1000;
  claims = {
      {"aud", R"("mayfly")"},
      {"exp", std::to_string(now + 3000)},
      {"iat", std::to_string(now - 600)},
      {"iss", R"("https://confidentialcomputing.googleapis.com")"},
      {"nbf", std::to_string(now - 600)},
      {"sub", R"("https://www.googleapis.com/compute/v1/projects/p/instances/i")"},
      {"eat_nonce", '"' + nonce + '"'},
      {"secboot", "true"},
      {"oemid", "11129"},
      {"hwmodel", R"("GCP_INTEL_TDX")"},
      {"swname", R"("CONFIDENTIAL_SPACE")"},
      {"swversion", R"(["250301"])"},
      {"dbgstat", R"("disabled-since-boot")"},
      {"submods",
       R"({"confidential_space":{"support_attributes":["LATEST","STABLE","USABLE"]},)"
       R"("container":{"image_digest":"sha256:00","image_reference":"r:1",)"
       R"("args":["a \"quoted\" \u003c\n \u00e4"],"env":{"A":"ü"},"limit":-1.5e3,"none":null}})"}};
}

void TokenForge::set(const std::string& name, const std::string& json) {
  remove(name);
  claims.emplace_back(name, json);
}

void TokenForge::remove(const std::string& name) {
  std::erase_if(claims, [&](const auto& claim) { return claim.first == name; });
}

std::string TokenForge::sign(const std::string& header) const {
  std::string json;
  for (const auto& [name, value] : claims) {
    json += (json.empty() ? "{\"" : ",\"") + name + "\":" + value;
  }
  const std::string message = encoded(header) + "." + encoded(json + "}");
  return message + "." + base64url_encode(rs256(message));
}

std::string TokenForge::token() const {
  std::string list;
  for (const Bytes& der : chain) {
    list += (list.empty() ? "\"" : ",\"") + base64_encode(der) + "\"";
  }
  return sign(R"({"alg":"RS256","kid":"1","typ":"JWT","x5c":[)" + list + "]}");
}

std::string TokenForge::oidc_token() const {
  return sign(R"({"alg":"RS256","kid":"a key of the list","typ":"JWT"})");
}

GoogleTokenKey TokenForge::key() const {
  BIGNUM* modulus = nullptr;
  require(EVP_PKEY_get_bn_param(keys().leaf.get(), "n", &modulus) == 1);
  GoogleTokenKey out{.id = "a key of the list", .modulus = Bytes(256), .exponent = 65537};
  require(BN_bn2binpad(modulus, out.modulus.data(), 256) == 256);
  BN_free(modulus);
  return out;
}

GoogleTokenPolicy TokenForge::policy() const {
  return {.roots = {crypto::sha256(chain.back())},
          .keys = {},
          .time = GoogleTokenCurrent{},
          .audience = "mayfly",
          .nonce = nonce,
          .hardware = std::vector<std::string>{"GCP_INTEL_TDX"},
          .secure_boot = GoogleSecureBoot{},
          .support = "STABLE",
          .images = std::vector<std::string>{"sha256:00"}};
}

GoogleTokenAppraisal TokenForge::appraise(const GoogleTokenPolicy& policy) const {
  const std::string made = token();
  return appraise_google_token(bytes_of(made), policy, token_forge_now);
}

std::vector<std::string> failed_checks(const GoogleTokenAppraisal& appraisal) {
  std::vector<std::string> names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) names.emplace_back(finding.name());
  }
  return names;
}

}  // namespace mayfly::attest
