// How the members of a policy document are read: strictly, and with the place of every mistake.
//
// Errors    malformed: "tdx.tcb.statuses: ..." with the path and what must stand there.
// Threads   Pure functions.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/model/expectation.hpp"
#include "base/result.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::verifier::policy_reader {

using attest::Any;
using attest::Expected;
using certificate::JsonKind;
using certificate::JsonValue;

inline constexpr std::size_t list_entries_max = 1024;
inline constexpr std::size_t reason_bytes_max = 512;

inline std::unexpected<Error> wrong(const JsonValue& value, std::string_view what) {
  return std::unexpected(value.malformed(what));
}

// Exactly these members: one that is unknown might be meant to ask for something.
inline Result<void> expect_members(const JsonValue& object,
                                   std::span<const std::string_view> names) {
  if (object.kind() != JsonKind::object) {
    return wrong(object, "must be an object");
  }
  for (auto child = object.first_child(); child; child = child->next_sibling()) {
    if (std::ranges::find(names, child->raw_name()) == names.end()) {
      return wrong(*child, "is not a member of a policy");
    }
  }
  for (const std::string_view name : names) {
    CHECK_OK(object.member(name));
  }
  return {};
}

inline Result<std::string> plain_text(const JsonValue& value) {
  TRY(std::string text, value.string());
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (text.empty() || text.size() > reason_bytes_max || !is_plain) {
    return wrong(value, "must be 1 to 512 bytes of text on one line");
  }
  return text;
}

inline Result<void> expect_members(const JsonValue& object,
                                   std::initializer_list<std::string_view> names) {
  return expect_members(object, std::span(names.begin(), names.size()));
}

// The reason, if the value is {"any":"<reason>"}.
inline Result<std::optional<Any>> read_any(const JsonValue& value) {
  if (!value.find("any")) {
    return std::optional<Any>();
  }
  CHECK_OK(expect_members(value, {"any"}));
  TRY(const JsonValue reason, value.member("any"));
  TRY(std::string text, plain_text(reason));
  return std::optional(Any{std::move(text)});
}

template <class T, class Read>
Result<Expected<T>> read_expected(const JsonValue& object, std::string_view name, Read read) {
  TRY(const JsonValue value, object.member(name));
  TRY(std::optional<Any> any, read_any(value));
  if (any) {
    return Expected<T>(std::move(*any));
  }
  TRY(T wanted, read(value));
  return Expected<T>(std::move(wanted));
}

template <class T, class Read>
Result<std::vector<T>> read_list(const JsonValue& value, Read read) {
  if (value.kind() != JsonKind::array) {
    return wrong(value, "must be a list, or {\"any\":\"<reason>\"} where that is allowed");
  }
  std::vector<T> out;
  for (auto child = value.first_child(); child; child = child->next_sibling()) {
    if (out.size() == list_entries_max) {
      return wrong(value, "must have at most 1024 entries");
    }
    TRY(T entry, read(*child));
    out.push_back(std::move(entry));
  }
  return out;
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> read_hex(const JsonValue& value) {
  TRY(const std::string text, value.string());
  const auto bytes = hex_decode(text);
  if (!bytes || bytes->size() != N) {
    return wrong(value, "must be " + std::to_string(2 * N) + " lower-case hex digits");
  }
  std::array<std::uint8_t, N> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

inline Result<crypto::Sha384> read_sha384(const JsonValue& value) {
  crypto::Sha384 out;
  TRY(out.bytes, read_hex<48>(value));
  return out;
}

inline Result<std::int64_t> read_integer(const JsonValue& value, std::int64_t value_max) {
  TRY(const std::int64_t number, value.integer());
  if (number < 0 || number > value_max) {
    return wrong(value, "must be a whole number up to " + std::to_string(value_max));
  }
  return number;
}

// One of a few words, each standing for a value.
template <class T>
Result<T> read_word(const JsonValue& value,
                    std::initializer_list<std::pair<std::string_view, T>> words) {
  TRY(const std::string text, value.string());
  std::string known;
  for (const auto& [word, meaning] : words) {
    if (text == word) {
      return meaning;
    }
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return wrong(value, "must be one of: " + known);
}

// Hex of any length up to a bound.
inline Result<Bytes> read_bytes(const JsonValue& value, std::size_t bytes_max) {
  TRY(const std::string text, value.string());
  auto bytes = hex_decode(text);
  if (!bytes || bytes->size() > bytes_max) {
    return wrong(value, "must be lower-case hex digits, at most " + std::to_string(2 * bytes_max));
  }
  return std::move(*bytes);
}

inline Result<std::vector<crypto::Sha384>> read_sha384_list(const JsonValue& value) {
  return read_list<crypto::Sha384>(value, read_sha384);
}

// "required", or {"any":"<reason>"}.
template <class T>
Result<Expected<T>> read_required(const JsonValue& object, std::string_view name) {
  return read_expected<T>(
      object, name, [](const JsonValue& entry) { return read_word<T>(entry, {{"required", {}}}); });
}

template <class T>
Result<attest::PhysicalAccessTrust> read_physical_access(const JsonValue& object,
                                                         const Expected<T>& listed) {
  using attest::PhysicalAccessTrust;
  TRY(const JsonValue trust, object.member("physical_access"));
  TRY(const auto out,
      read_word<PhysicalAccessTrust>(trust, {{"none", PhysicalAccessTrust::none},
                                             {"allowlisted", PhysicalAccessTrust::allowlisted}}));
  if (out == PhysicalAccessTrust::allowlisted && std::holds_alternative<Any>(listed)) {
    return wrong(trust, "cannot be allowlisted while no machines are listed");
  }
  return out;
}

}  // namespace mayfly::verifier::policy_reader
