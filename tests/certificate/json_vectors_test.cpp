// Published JSON vectors against the canonical profile; origins in
// vectors/certificate/MANIFEST.tsv.
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/dsse.hpp"

namespace mayfly::certificate {
namespace {

namespace fs = std::filesystem;

const fs::path vectors = MAYFLY_VECTORS "/certificate";
constexpr std::size_t vector_bytes_max = std::size_t{4} * 1024 * 1024;

Bytes read_vector(const fs::path& path) {
  auto bytes = read_file(path, vector_bytes_max);
  EXPECT_TRUE(bytes) << path;
  return bytes ? *bytes : Bytes{};
}

TEST(JcsVectors, EveryInputBecomesItsPublishedOutput) {
  int seen = 0;
  for (const char* const family : {"cyberphone", "gowebpki"}) {
    for (const auto& entry : fs::directory_iterator(vectors / "jcs" / family / "input")) {
      const Bytes output =
          read_vector(vectors / "jcs" / family / "output" / entry.path().filename());
      const auto canonical = canonicalize(read_vector(entry.path()), TopLevel::any);
      ASSERT_TRUE(canonical) << entry.path() << ": " << canonical.error().message();
      EXPECT_EQ(*canonical, text_of(output)) << entry.path();
      EXPECT_TRUE(check_canonical(output, TopLevel::any)) << entry.path();
      ++seen;
    }
  }
  EXPECT_EQ(seen, 10);
}

TEST(JcsVectors, EveryPublishedHexDumpIsAccepted) {
  int seen = 0;
  for (const char* const family : {"cyberphone", "gowebpki"}) {
    for (const auto& entry : fs::directory_iterator(vectors / "jcs" / family / "outhex")) {
      std::ifstream file(entry.path());
      Bytes output;
      unsigned byte = 0;
      while (file >> std::hex >> byte) output.push_back(static_cast<std::uint8_t>(byte));
      ASSERT_FALSE(output.empty()) << entry.path();
      EXPECT_TRUE(check_canonical(output, TopLevel::any)) << entry.path();
      ++seen;
    }
  }
  EXPECT_EQ(seen, 9);
}

TEST(AuthoredVectors, EveryCaseGetsItsVerdict) {
  std::ifstream file(vectors / "authored/strict_profile_cases.jsonl");
  std::string line;
  int seen = 0;
  while (std::getline(file, line)) {
    const auto document = CanonicalDocument::parse(bytes_of(line));
    ASSERT_TRUE(document) << document.error().message();
    const auto input = hex_decode(*document->root().find("input_hex")->string());
    ASSERT_TRUE(input);
    const std::string want = *document->root().find("want")->string();
    EXPECT_EQ(check_canonical(*input).has_value(), want.starts_with("accept")) << line;
    if (want == "accept-json/reject-schema") {
      const auto inner = CanonicalDocument::parse(*input);
      ASSERT_TRUE(inner);
      EXPECT_FALSE(inner->root().find("a")->integer()) << line;
    }
    ++seen;
  }
  EXPECT_EQ(seen, 30);
}

// What a JSON parser must (y_) or may (i_) accept and the stricter profile refuses, with the reason
// in the words of the refusal.
const std::map<std::string, std::string> refused_by_the_profile = {
    {"y_object_duplicated_key", "same name"},
    {"y_object_escaped_null_in_key", "U+0000"},
    {"i_number_double_huge_neg_exp", "no double holds"},
    {"i_number_huge_exp", "no double holds"},
    {"i_number_neg_int_huge_exp", "no double holds"},
    {"i_number_pos_double_huge_exp", "no double holds"},
    {"i_number_real_neg_overflow", "no double holds"},
    {"i_number_real_pos_overflow", "no double holds"},
    {"i_number_too_big_neg_int", "does not fit a double"},
    {"i_number_very_big_negative_int", "does not fit a double"},
    {"i_object_key_lone_2nd_surrogate", "surrogate"},
    {"i_string_1st_surrogate_but_2nd_missing", "surrogate"},
    {"i_string_1st_valid_surrogate_2nd_invalid", "surrogate"},
    {"i_string_UTF-16LE_with_BOM", "a value must stand"},
    {"i_string_UTF-8_invalid_sequence", "UTF-8"},
    {"i_string_UTF8_surrogate_U+D800", "UTF-8"},
    {"i_string_incomplete_surrogate_pair", "surrogate"},
    {"i_string_incomplete_surrogates_escape_valid", "surrogate"},
    {"i_string_invalid_lonely_surrogate", "surrogate"},
    {"i_string_invalid_surrogate", "surrogate"},
    {"i_string_inverted_surrogates_U+1D11E", "surrogate"},
    {"i_string_iso_latin_1", "UTF-8"},
    {"i_string_lone_second_surrogate", "surrogate"},
    {"i_string_lone_utf8_continuation_byte", "UTF-8"},
    {"i_string_not_in_unicode_range", "UTF-8"},
    {"i_string_overlong_sequence_6_bytes", "UTF-8"},
    {"i_string_overlong_sequence_6_bytes_null", "UTF-8"},
    {"i_string_utf16BE_no_BOM", "a value must stand"},
    {"i_structure_UTF-8_BOM_empty_object", "a value must stand"},
};

TEST(JsonParsingVectors, OnlyListedOnesAreStricterThanJson) {
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(vectors / "json-parsing")) {
    const std::string name = entry.path().stem().string();
    const Bytes input = read_vector(entry.path());
    const auto canonical = canonicalize(input, TopLevel::any);
    const auto listed = refused_by_the_profile.find(name);
    const bool must_fail = name.starts_with("n_") || listed != refused_by_the_profile.end();
    EXPECT_EQ(canonical.has_value(), !must_fail)
        << name << (canonical ? "" : ": " + canonical.error().message());
    if (!canonical && listed != refused_by_the_profile.end()) {
      EXPECT_NE(canonical.error().message().find(listed->second), std::string::npos)
          << name << ": " << canonical.error().message();
    }
    // The strict reader takes a file exactly when it is its own canonical form.
    EXPECT_EQ(check_canonical(input, TopLevel::any).has_value(),
              canonical && *canonical == text_of(input))
        << name;
    ++seen;
  }
  EXPECT_EQ(seen, 210);
}

TEST(DssePae, MatchesThePublishedVector) {
  const auto text = canonicalize(read_vector(vectors / "dsse/vector1.json"));
  ASSERT_TRUE(text);
  const auto document = CanonicalDocument::parse(bytes_of(*text));
  ASSERT_TRUE(document);
  const auto member = [&](std::string_view name) { return *document->root().find(name)->string(); };
  EXPECT_EQ(text_of(dsse_pae(member("payloadType"), bytes_of(member("payload_utf8")))),
            member("pae"));
}

TEST(DssePae, CountsBytesNotCharacters) {
  EXPECT_EQ(text_of(dsse_pae("t", bytes_of("\xE2\x82\xAC"))), "DSSEv1 1 t 3 \xE2\x82\xAC");
  EXPECT_EQ(text_of(dsse_pae("", {})), "DSSEv1 0  0 ");
}

}  // namespace
}  // namespace mayfly::certificate
