#include "tests/intake/siphon_reference.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

#include "tests/intake/base64_text.hpp"

namespace mayfly::test {
namespace {

using nlohmann::json;

// Counts what the document tree no longer shows: names given twice, and depth.
class Census : public nlohmann::json_sax<json> {
 public:
  explicit Census(SiphonReference& found) : found_(found) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open("{"); }
  bool start_array(std::size_t) override { return open("["); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    path_.back() = "{" + name;
    if (path_.size() == 1 && name == "dataset" && ++datasets_ > 1) found_.named_twice = true;
    if (path_.size() == 2 && path_[0] == "{dataset" && name == "data" && ++datas_ > 1) {
      found_.named_twice = true;
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  bool open(const char* kind) {
    path_.emplace_back(kind);
    found_.depth = std::max(found_.depth, path_.size());
    return true;
  }
  bool close() {
    path_.pop_back();
    return true;
  }

  SiphonReference& found_;
  std::vector<std::string> path_;
  int datasets_ = 0;
  int datas_ = 0;
};

// By trying: the one plain text whose encoding this is.
std::optional<std::string> decode(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string plain;
  std::uint32_t bits = 0;
  unsigned int bit_count = 0;
  for (const char character : text) {
    const std::size_t value = alphabet.find(character);
    if (value == std::string_view::npos) break;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      plain += static_cast<char>(bits >> bit_count);
    }
  }
  if (base64_text(plain) != text) return std::nullopt;
  return plain;
}

}  // namespace

SiphonReference siphon_reference(std::string_view body) {
  SiphonReference reference;
  Census census(reference);
  reference.valid = json::sax_parse(body.begin(), body.end(), &census);
  if (!reference.valid) return reference;
  json document = json::parse(body.begin(), body.end());
  if (document.is_object() && document.contains("dataset") && document["dataset"].is_object() &&
      document["dataset"].contains("data")) {
    reference.data_given = true;
    json& data = document["dataset"]["data"];
    constexpr std::string_view prefix = "base64:";
    if (data.is_string() && data.get_ref<const std::string&>().starts_with(prefix)) {
      reference.plain = decode(std::string_view(data.get_ref<const std::string&>()).substr(7));
    }
    data = "";
  }
  reference.rest = document.dump();
  return reference;
}

std::string canonical_dump(std::string_view text) {
  const json document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  return document.is_discarded() ? "" : document.dump();
}

}  // namespace mayfly::test
