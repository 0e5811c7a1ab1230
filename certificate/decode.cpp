#include "certificate/decode.hpp"

#include <algorithm>
#include <utility>

#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/encode.hpp"
#include "certificate/ids.hpp"
#include "certificate/spelling.hpp"

namespace mayfly::certificate {
namespace {

// Walks a spelling over one JSON object and takes each member once; what is then left is unknown.
// The first error is kept, and nothing is read after it.
class Decoder {
 public:
  Decoder(JsonValue object, std::optional<Error>& error) : object_(object), error_(error) {
    if (!error_ && object_.kind() != JsonKind::object) refuse(object_, "must be an object");
  }

  std::optional<JsonValue> take(std::string_view name) {
    auto found = take_optional(name);
    if (!found) refuse(object_, "the member \"" + std::string(name) + "\" is missing");
    return found;
  }
  std::optional<JsonValue> take_optional(std::string_view name) {
    taken_.push_back(name);
    return error_ ? std::nullopt : object_.find(name);
  }
  void finish() {
    if (error_) return;
    for (auto child = object_.first_child(); child; child = child->next_sibling()) {
      if (std::ranges::find(taken_, child->raw_name()) == taken_.end()) {
        return refuse(object_, "has the unknown member \"" + inert_name(child->raw_name()) + "\"");
      }
    }
  }

  void constant(std::string_view name, std::string_view expected) {
    const auto value = take(name);
    if (!value) return;
    const auto text = value->string();
    if (!text || *text != expected) refuse(*value, "must be \"" + std::string(expected) + "\"");
  }
  void integer(std::string_view name, std::int64_t& out, std::int64_t min, std::int64_t max) {
    const auto value = take(name);
    if (!value) return;
    keep(value->integer(), out);
    if (!error_ && (out < min || out > max)) {
      refuse(*value,
             "must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
    }
  }
  void count(std::string_view name, std::int64_t& out) { integer(name, out, 0, integer_max); }
  void time(std::string_view name, UnixMillis& out) { count(name, out.value); }
  void flag(std::string_view name, bool& out) {
    if (const auto value = take(name)) keep(value->boolean(), out);
  }
  void digest(std::string_view name, Sha256& out) {
    if (const auto value = take(name)) read_digest(*value, out);
  }
  void optional_digest(std::string_view name, std::optional<Sha256>& out) {
    if (const auto value = take_optional(name)) read_digest(*value, out.emplace());
  }
  void text(std::string_view name, std::string& out, const TextRule& rule) {
    if (const auto value = take(name)) read_text(*value, out, rule);
  }
  void optional_text(std::string_view name, std::optional<std::string>& out, const TextRule& rule) {
    if (const auto value = take_optional(name)) read_text(*value, out.emplace(), rule);
  }
  void hex(std::string_view name, Bytes& out, std::size_t min, std::size_t max) {
    if (const auto value = take(name)) read_bytes(*value, out, min, max, hex_decode);
  }
  void optional_hex(std::string_view name, std::optional<Bytes>& out, std::size_t min,
                    std::size_t max) {
    if (const auto value = take_optional(name)) {
      read_bytes(*value, out.emplace(), min, max, hex_decode);
    }
  }
  void base64url(std::string_view name, Bytes& out, std::size_t min, std::size_t max) {
    if (const auto value = take(name)) read_bytes(*value, out, min, max, base64url_decode);
  }
  void byte_strings(std::string_view name, std::vector<Bytes>& out, std::size_t entries_max,
                    std::size_t bytes_max) {
    const auto value = take_optional(name);
    if (!value) return;
    read_entries(*value, out, entries_max, Order::as_given, [&](JsonValue entry, Bytes& bytes) {
      read_bytes(entry, bytes, 1, bytes_max, base64url_decode);
    });
    if (!error_ && out.empty()) refuse(*value, "must have an entry, or be left out");
  }
  void optional_json(std::string_view name, std::optional<std::string>& out) {
    const auto value = take_optional(name);
    if (!value) return;
    if (auto done = check_canonical(value->slice(), TopLevel::any, result_value_bounds); !done) {
      refuse(*value, done.error().message(), done.error().code());
    }
    out.emplace(text_of(value->slice()));
  }
  void json(std::string_view name, std::string& out) {
    std::optional<std::string> value;
    if (take(name)) optional_json(name, value);
    out = std::move(value).value_or("");
  }
  void texts_if_any(std::string_view name, std::vector<std::string>& out, const TextRule& rule,
                    Order order) {
    const auto value = take_optional(name);
    if (!value) return;
    texts(name, out, rule, order);
    if (out.empty()) refuse(*value, "must be absent where it says nothing");
  }
  void counts_if_any(std::string_view name, std::map<std::string, std::int64_t>& out) {
    const auto value = take_optional(name);
    if (!value) return;
    read_members(*value, out, [this](JsonValue entry, std::int64_t& count) {
      keep(entry.integer(), count);
      if (!error_ && count < 0) refuse(entry, "must not be negative");
    });
    if (out.empty()) refuse(*value, "must be absent where it says nothing");
  }
  void texts(std::string_view name, std::vector<std::string>& out, const TextRule& rule,
             Order order) {
    read_array(name, out, list_entries_max, order,
               [&](JsonValue entry, std::string& text) { read_text(entry, text, rule); });
  }
  void texts_by_name(std::string_view name, std::map<std::string, std::string>& out,
                     const TextRule& rule) {
    const auto value = take(name);
    if (!value) return;
    read_members(*value, out,
                 [&](JsonValue entry, std::string& text) { read_text(entry, text, rule); });
  }

  template <class Body>
  void group(std::string_view name, const Body& body) {
    const auto value = take(name);
    if (!value) return;
    Decoder inner(*value, error_);
    body(inner);
    inner.finish();
  }
  template <class T>
  void object(std::string_view name, T& out) {
    group(name, [&](Decoder& inner) { spell(inner, out); });
  }
  template <class T>
  void optional_object(std::string_view name, std::optional<T>& out) {
    if (const auto value = take_optional(name)) read_object(*value, out.emplace());
  }
  template <class T>
  void object_or(std::string_view name, std::optional<T>& out, std::string_view otherwise) {
    const auto value = take(name);
    if (!value) return;
    if (value->kind() == JsonKind::object) return read_object(*value, out.emplace());
    const auto text = value->string();
    if (!text || *text != otherwise) {
      refuse(*value, "must be an object, or \"" + std::string(otherwise) + "\"");
    }
  }
  void digests(std::string_view name, std::vector<Sha256>& out, std::size_t entries_max) {
    read_array(name, out, entries_max, Order::as_given,
               [&](JsonValue entry, Sha256& digest) { read_digest(entry, digest); });
  }
  template <class T>
  void list(std::string_view name, std::vector<T>& out, std::size_t entries_max, Order order) {
    read_array(name, out, entries_max, order, [&](JsonValue entry, T& item) {
      Decoder inner(entry, error_);
      spell(inner, item);
      inner.finish();
    });
  }
  template <class T>
  void optional_list(std::string_view name, std::optional<std::vector<T>>& out,
                     std::size_t entries_max, Order order) {
    if (!error_ && object_.find(name)) {
      list(name, out.emplace(), entries_max, order);
    } else {
      taken_.push_back(name);
    }
  }

 private:
  template <class T>
  void read_object(const JsonValue& value, T& out) {
    Decoder inner(value, error_);
    spell(inner, out);
    inner.finish();
  }
  void refuse(const JsonValue& at, std::string_view what, ErrorCode code = ErrorCode::malformed) {
    if (!error_) error_ = Error(code, at.path() + ": " + std::string(what));
  }
  void refuse_count(const JsonValue& at, std::size_t entries_max) {
    refuse(at, "must have at most " + std::to_string(entries_max) + " entries", ErrorCode::limit);
  }
  template <class T>
  void keep(Result<T> result, T& out) {
    if (result) {
      out = *std::move(result);
    } else if (!error_) {
      error_ = std::move(result).error();
    }
  }
  void read_digest(const JsonValue& value, Sha256& out) {
    std::string text;
    keep(value.string(), text);
    auto digest = crypto::sha256_from_text(text);
    if (!digest) return refuse(value, rules::claim_hash.expectation);
    out = *digest;
  }
  void read_text(const JsonValue& value, std::string& out, const TextRule& rule) {
    keep(value.string(), out);
    if (auto done = check_text(rule, out); !done) {
      refuse(value, done.error().message(), done.error().code());
    }
  }
  void read_bytes(const JsonValue& value, Bytes& out, std::size_t min, std::size_t max,
                  Result<Bytes> (*decode)(std::string_view)) {
    std::string text;
    keep(value.string(), text);
    auto bytes = decode(text);
    if (!bytes) return refuse(value, bytes.error().message());
    if (bytes->size() < min || bytes->size() > max) {
      return refuse(value,
                    "must have " + std::to_string(min) + " to " + std::to_string(max) + " bytes",
                    ErrorCode::limit);
    }
    out = *std::move(bytes);
  }
  template <class T, class Read>
  void read_members(const JsonValue& value, std::map<std::string, T>& out, const Read& read) {
    if (value.kind() != JsonKind::object) return refuse(value, "must be an object");
    for (auto child = value.first_child(); child && !error_; child = child->next_sibling()) {
      if (out.size() == map_entries_max) return refuse_count(value, map_entries_max);
      if (!check_text(rules::member, child->raw_name())) {
        return refuse(*child, "the member's name " + std::string(rules::member.expectation));
      }
      read(*child, out[std::string(child->raw_name())]);
    }
  }
  template <class T, class Read>
  void read_array(std::string_view name, std::vector<T>& out, std::size_t entries_max, Order order,
                  const Read& read) {
    if (const auto value = take(name)) read_entries(*value, out, entries_max, order, read);
  }
  template <class T, class Read>
  void read_entries(JsonValue value, std::vector<T>& out, std::size_t entries_max, Order order,
                    const Read& read) {
    if (value.kind() != JsonKind::array) return refuse(value, "must be an array");
    for (auto entry = value.first_child(); entry && !error_; entry = entry->next_sibling()) {
      if (out.size() == entries_max) return refuse_count(value, entries_max);
      read(*entry, out.emplace_back());
      if constexpr (requires(const T& item) { identity(item); }) {
        if (order == Order::sorted && out.size() > 1 &&
            !(identity(out[out.size() - 2]) < identity(out.back()))) {
          refuse(*entry,
                 "must come after the entry before it: the list is sorted, without repeats");
        }
      }
    }
  }

  JsonValue object_;
  std::optional<Error>& error_;
  std::vector<std::string_view> taken_;
};

// The slice of a member that is known to be there: called only after a walk found no error.
ByteView slice_of(JsonValue value, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) value = *value.find(name);
  return value.slice();
}

void read_statement(Decoder& walk, Statement& out) {
  walk.constant("_type", statement_type);
  walk.constant("predicateType", predicate_type);
  walk.group("predicate", [&](Decoder& inner) {
    inner.object("claim", out.claim);
    inner.object("run", out.run);
  });
  walk.take("subject");  // compared as a whole, below
}

}  // namespace

Result<DecodedCertificate> decode_certificate(ByteView certificate) {
  TRY(const auto document, CanonicalDocument::parse(certificate));
  const JsonValue root = document.root();
  DecodedCertificate decoded;
  std::optional<Error> error;
  Decoder walk(root, error);
  walk.constant("schema", certificate_schema);
  walk.text("certificate_id", decoded.stated_certificate_id, rules::certificate_id);
  walk.text("claim_hash", decoded.stated_claim_hash, rules::claim_hash);
  walk.object("proof", decoded.proof);
  walk.group("statement", [&](Decoder& inner) { read_statement(inner, decoded.statement); });
  walk.finish();
  if (error) return std::unexpected(*std::move(error));

  decoded.statement_slice = slice_of(root, {"statement"});
  decoded.claim_slice = slice_of(root, {"statement", "predicate", "claim"});
  decoded.sandbox_slice = slice_of(root, {"statement", "predicate", "claim", "sandbox"});
  // The subject says nothing of its own, so there is exactly one right one.
  TRY(const std::string subject,
      encode_subject(decoded.statement.claim, decoded.stated_claim_hash));
  if (text_of(slice_of(root, {"statement", "subject"})) != subject) {
    return fail(ErrorCode::rejected,
                "statement.subject: must name the claim, the dataset and the result by the digests "
                "that the claim gives");
  }
  return decoded;
}

Result<RecomputedIds> recompute_ids(const DecodedCertificate& certificate) {
  TRY(const Sha256 input, input_hash(certificate.statement.claim));
  return RecomputedIds{.certificate_id = certificate_id(certificate.statement_slice),
                       .claim_hash = claim_hash(certificate.claim_slice),
                       .sandbox_hash = crypto::sha256(certificate.sandbox_slice),
                       .input_hash = input};
}

}  // namespace mayfly::certificate
