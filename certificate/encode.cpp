#include "certificate/encode.hpp"

#include <algorithm>
#include <utility>

#include "base/text_encoding.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/canonical_writer.hpp"
#include "certificate/ids.hpp"
#include "certificate/json_number.hpp"
#include "certificate/spelling.hpp"

namespace mayfly::certificate {
namespace {

// Walks a spelling and writes it. The first error is kept, with the path to it.
class Encoder {
 public:
  explicit Encoder(CanonicalWriter& writer) : writer_(writer) {}

  void constant(std::string_view name, std::string_view value) { writer_.member(name, value); }

  void integer(std::string_view name, std::int64_t value, std::int64_t min, std::int64_t max) {
    if (value < min || value > max) {
      refuse(name, {ErrorCode::malformed, "must be an integer from " + std::to_string(min) +
                                              " to " + std::to_string(max)});
    }
    writer_.member(name, value);
  }
  void count(std::string_view name, std::int64_t value) { integer(name, value, 0, integer_max); }
  void time(std::string_view name, UnixMillis at) { count(name, at.value); }
  void flag(std::string_view name, bool value) {
    writer_.name(name);
    writer_.boolean(value);
  }
  void digest(std::string_view name, const Sha256& value) {
    writer_.member(name, crypto::to_text(value));
  }
  void optional_digest(std::string_view name, const std::optional<Sha256>& value) {
    if (value) digest(name, *value);
  }
  void text(std::string_view name, const std::string& value, const TextRule& rule) {
    check(name, rule, value);
    writer_.member(name, value);
  }
  void optional_text(std::string_view name, const std::optional<std::string>& value,
                     const TextRule& rule) {
    if (value) text(name, *value, rule);
  }
  void hex(std::string_view name, ByteView value, std::size_t min, std::size_t max) {
    check_size(name, value.size(), min, max);
    writer_.member(name, hex_encode(value));
  }
  void optional_hex(std::string_view name, const std::optional<Bytes>& value, std::size_t min,
                    std::size_t max) {
    if (value) hex(name, *value, min, max);
  }
  void base64url(std::string_view name, ByteView value, std::size_t min, std::size_t max) {
    check_size(name, value.size(), min, max);
    writer_.member(name, base64url_encode(value));
  }
  // Base64url; absent if there is none.
  void byte_strings(std::string_view name, const std::vector<Bytes>& values,
                    std::size_t entries_max, std::size_t bytes_max) {
    if (values.empty()) return;
    check_size(name, values.size(), 1, entries_max);
    writer_.name(name);
    writer_.begin_array();
    for (const Bytes& value : values) {
      check_size(name, value.size(), 1, bytes_max);
      writer_.string(base64url_encode(value));
    }
    writer_.end_array();
  }
  void optional_json(std::string_view name, const std::optional<std::string>& value) {
    if (!value) return;
    if (auto done = check_canonical(bytes_of(*value), TopLevel::any, result_value_bounds); !done) {
      refuse(name, done.error());
    }
    writer_.name(name);
    writer_.canonical_value(*value);
  }
  void json(std::string_view name, const std::string& value) {
    optional_json(name, std::optional(value));
  }
  // No values: absent.
  void texts_if_any(std::string_view name, const std::vector<std::string>& values,
                    const TextRule& rule, Order order) {
    if (!values.empty()) texts(name, values, rule, order);
  }
  void counts_if_any(std::string_view name, const std::map<std::string, std::int64_t>& values) {
    if (values.empty()) return;
    check_size(name, values.size(), 0, map_entries_max);
    group(name, [&](Encoder& inner) {
      for (const auto& [key, value] : values) {
        inner.check(key, rules::member, key);
        inner.count(key, value);
      }
    });
  }
  void texts(std::string_view name, std::vector<std::string> values, const TextRule& rule,
             Order order) {
    arrange(name, values, list_entries_max, order);
    writer_.name(name);
    writer_.begin_array();
    for (const std::string& value : values) {
      check(name, rule, value);
      writer_.string(value);
    }
    writer_.end_array();
  }
  void texts_by_name(std::string_view name, const std::map<std::string, std::string>& values,
                     const TextRule& rule) {
    check_size(name, values.size(), 0, map_entries_max);
    group(name, [&](Encoder& inner) {
      for (const auto& [key, value] : values) {
        inner.check(key, rules::member, key);
        inner.text(key, value, rule);
      }
    });
  }

  template <class Body>
  void group(std::string_view name, const Body& body) {
    path_.push_back(name);
    writer_.name(name);
    writer_.begin_object();
    body(*this);
    writer_.end_object();
    path_.pop_back();
  }
  template <class T>
  void object(std::string_view name, const T& value) {
    group(name, [&](Encoder& inner) { spell(inner, value); });
  }
  template <class T>
  void optional_object(std::string_view name, const std::optional<T>& value) {
    if (value) object(name, *value);
  }
  // An absent value is written as the word `otherwise`.
  template <class T>
  void object_or(std::string_view name, const std::optional<T>& value, std::string_view otherwise) {
    value ? object(name, *value) : writer_.member(name, otherwise);
  }
  void digests(std::string_view name, const std::vector<Sha256>& values, std::size_t entries_max) {
    check_size(name, values.size(), 0, entries_max);
    writer_.name(name);
    writer_.begin_array();
    for (const Sha256& value : values) writer_.string(crypto::to_text(value));
    writer_.end_array();
  }
  template <class T>
  void list(std::string_view name, std::vector<T> values, std::size_t entries_max, Order order) {
    arrange(name, values, entries_max, order);
    path_.push_back(name);
    writer_.name(name);
    writer_.begin_array();
    for (const T& value : values) {
      writer_.begin_object();
      spell(*this, value);
      writer_.end_object();
    }
    writer_.end_array();
    path_.pop_back();
  }
  template <class T>
  void optional_list(std::string_view name, const std::optional<std::vector<T>>& values,
                     std::size_t entries_max, Order order) {
    if (values) list(name, *values, entries_max, order);
  }

  std::optional<Error> take_error() { return std::move(error_); }

 private:
  void refuse(std::string_view name, const Error& error) {
    if (error_) return;
    std::string path;
    for (const std::string_view part : path_) path.append(part).append(".");
    error_ = Error(error.code(), path + std::string(name) + ": " + error.message());
  }
  void check(std::string_view name, const TextRule& rule, std::string_view value) {
    if (auto done = check_text(rule, value); !done) refuse(name, done.error());
  }
  void check_size(std::string_view name, std::size_t size, std::size_t min, std::size_t max) {
    if (size < min || size > max) {
      refuse(name,
             {ErrorCode::limit, "must have " + std::to_string(min) + " to " + std::to_string(max) +
                                    " bytes or entries, has " + std::to_string(size)});
    }
  }
  template <class T>
  void arrange(std::string_view name, std::vector<T>& values, std::size_t entries_max,
               Order order) {
    check_size(name, values.size(), 0, entries_max);
    if constexpr (requires(const T& value) { identity(value); }) {
      if (order == Order::as_given) return;
      const auto rises = [](const T& a, const T& b) { return identity(a) < identity(b); };
      std::sort(values.begin(), values.end(), rises);
      const auto repeated = std::adjacent_find(
          values.begin(), values.end(), [&](const T& a, const T& b) { return !rises(a, b); });
      if (repeated != values.end()) {
        refuse(name, {ErrorCode::malformed, "two entries are the same: count them as one"});
      }
    }
  }

  CanonicalWriter& writer_;
  std::vector<std::string_view> path_;
  std::optional<Error> error_;
};

// `body` fills one object.
template <class Body>
Result<std::string> encode_object(const Body& body) {
  CanonicalWriter writer;
  Encoder encoder(writer);
  writer.begin_object();
  body(encoder);
  writer.end_object();
  if (auto error = encoder.take_error()) return std::unexpected(*std::move(error));
  return std::move(writer).finish();
}

template <class T>
Result<std::string> encode_one(const T& value) {
  return encode_object([&](Encoder& encoder) { spell(encoder, value); });
}

Result<Sha256> hash_input(const Claim& claim_with_sandbox_hash) {
  std::vector<Threshold> thresholds;
  thresholds.reserve(claim_with_sandbox_hash.assertions.size());
  for (const Assertion& assertion : claim_with_sandbox_hash.assertions) {
    thresholds.push_back({assertion});
  }
  TRY(const std::string input, encode_object([&](Encoder& encoder) {
        encoder.constant("schema", "mayfly/input/v1");
        spell_input(encoder, claim_with_sandbox_hash);
        encoder.list("assertions", thresholds, assertions_max, Order::as_given);
      }));
  return crypto::sha256(bytes_of(input));
}

// Copies of what a claim fills in by itself.
Result<Claim> with_hashes(const Claim& claim) {
  Claim filled = claim;
  TRY(filled.sandbox_hash, sandbox_hash(claim.sandbox));
  TRY(filled.input_hash, hash_input(filled));
  return filled;
}

void write_subject(CanonicalWriter& writer, std::string_view name, std::string_view digest) {
  constexpr std::string_view tag = "sha256:";
  writer.begin_object();
  writer.name("digest");
  writer.begin_object();
  writer.member("sha256", digest.substr(tag.size()));
  writer.end_object();
  writer.member("name", name);
  writer.end_object();
}

}  // namespace

Result<std::string> encode_subject(const Claim& claim, std::string_view claim_hash) {
  CanonicalWriter writer;
  writer.begin_array();
  write_subject(writer, "claim", claim_hash);
  if (claim.dataset_hash.starts_with("sha256:")) {
    write_subject(writer, "dataset", claim.dataset_hash);
  }
  write_subject(writer, "result", crypto::to_text(claim.result.digest));
  writer.end_array();
  return std::move(writer).finish();
}

Result<EncodedStatement> encode_statement(const Statement& statement) {
  TRY(const Claim filled, with_hashes(statement.claim));
  TRY(const std::string claim, encode_one(filled));
  TRY(const std::string run, encode_one(statement.run));

  EncodedStatement encoded;
  encoded.sandbox_hash = filled.sandbox_hash;
  encoded.input_hash = filled.input_hash;
  encoded.claim_hash = claim_hash(bytes_of(claim));
  TRY(const std::string subject, encode_subject(filled, encoded.claim_hash));

  // The claim's place in the bytes is known because everything before it is constant.
  const std::string before_claim =
      "{\"_type\":\"" + std::string(statement_type) + "\",\"predicate\":{\"claim\":";
  const std::string text = before_claim + claim + ",\"run\":" + run + "},\"predicateType\":\"" +
                           std::string(predicate_type) + "\",\"subject\":" + subject + "}";
  CHECK_OK(check_canonical(bytes_of(text)));
  encoded.bytes = to_bytes(bytes_of(text));
  encoded.claim_offset = before_claim.size();
  encoded.claim_bytes = claim.size();
  encoded.certificate_id = certificate_id(encoded.bytes);
  return encoded;
}

Result<Bytes> encode_certificate(const EncodedStatement& statement, const Proof& proof) {
  TRY(const std::string proof_text, encode_one(proof));
  CanonicalWriter writer;
  writer.begin_object();
  writer.member("certificate_id", statement.certificate_id);
  writer.member("claim_hash", statement.claim_hash);
  writer.name("proof");
  writer.canonical_value(proof_text);
  writer.member("schema", certificate_schema);
  writer.name("statement");
  writer.canonical_value(text_of(statement.bytes));
  writer.end_object();
  TRY(const std::string text, std::move(writer).finish());
  CHECK_OK(check_canonical(bytes_of(text)));
  return to_bytes(bytes_of(text));
}

Result<Sha256> sandbox_hash(const Sandbox& sandbox) {
  auto text = encode_one(sandbox);
  if (!text) return std::unexpected(std::move(text).error().while_doing("sandbox"));
  return crypto::sha256(bytes_of(*text));
}

Result<Sha256> input_hash(const Claim& claim) {
  TRY(const Claim filled, with_hashes(claim));
  return filled.input_hash;
}

}  // namespace mayfly::certificate
