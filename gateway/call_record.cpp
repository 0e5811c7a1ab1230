#include "gateway/call_record.hpp"

#include <array>

#include "gateway/json_view.hpp"

namespace mayfly::gateway {
namespace {

struct TextField {
  std::string_view name;
  std::string CallRecord::* member;
};
constexpr std::array text_fields = {
    TextField{"host", &CallRecord::host},
    TextField{"api_version", &CallRecord::api_version},
    TextField{"model_asked", &CallRecord::model_asked},
    TextField{"model_served", &CallRecord::model_served},
    TextField{"stop_reason", &CallRecord::stop_reason},
    TextField{"error_type", &CallRecord::error_type},
    TextField{"refused", &CallRecord::refused},
    TextField{"request_id", &CallRecord::request_id},
};

struct CountField {
  std::string_view name;
  std::int64_t CallRecord::* member;
};
constexpr std::array count_fields = {
    CountField{"seq", &CallRecord::seq},
    CountField{"started_us", &CallRecord::started_us},
    CountField{"first_byte_us", &CallRecord::first_byte_us},
    CountField{"ended_us", &CallRecord::ended_us},
    CountField{"tools_offered", &CallRecord::tools_offered},
    CountField{"tool_calls", &CallRecord::tool_calls},
    CountField{"bytes_up", &CallRecord::bytes_up},
    CountField{"bytes_down", &CallRecord::bytes_down},
};

struct DigestField {
  std::string_view name;
  std::optional<crypto::Sha256> CallRecord::* member;
};
constexpr std::array digest_fields = {
    DigestField{"tls_key", &CallRecord::tls_key},
    DigestField{"prompt_hash", &CallRecord::prompt_hash},
    DigestField{"reply_hash", &CallRecord::reply_hash},
};

struct TokenField {
  std::string_view name;
  std::int64_t TokenUsage::* member;
};
constexpr std::array token_fields = {
    TokenField{"input", &TokenUsage::input},
    TokenField{"output", &TokenUsage::output},
    TokenField{"cache_read", &TokenUsage::cache_read},
    TokenField{"cache_write", &TokenUsage::cache_write},
    TokenField{"reasoning", &TokenUsage::reasoning},
};

std::unexpected<Error> bad_record(std::string_view field) {
  return fail(ErrorCode::malformed, "a call's record: " + std::string(field));
}

Result<void> read_digest(const JsonView& json, const DigestField& field, CallRecord& record) {
  const auto value = json.member(field.name);
  if (!value) return bad_record(field.name);
  if (value->is_null()) return {};
  const auto text = value->string();
  if (!text) return bad_record(field.name);
  TRY(record.*(field.member), crypto::sha256_from_text(*text));
  return {};
}

Result<void> read_usage(const JsonView& json, CallRecord& record) {
  const auto value = json.member("usage");
  if (!value) return bad_record("usage");
  if (value->is_null()) return {};
  TokenUsage usage;
  for (const TokenField& field : token_fields) {
    const auto number = value->integer_member(field.name);
    if (!number) return bad_record(field.name);
    usage.*(field.member) = *number;
  }
  record.usage = usage;
  return {};
}

}  // namespace

std::string encode_record(const CallRecord& record) {
  std::string out = "{";
  const auto member = [&](std::string_view name, const std::string& value) {
    if (out.size() > 1) out += ',';
    out += json_string(name) + ":" + value;
  };
  member("wire", json_string(to_string(record.wire)));
  member("operation", json_string(to_string(record.operation)));
  member("status", std::to_string(record.status));
  member("streamed", record.streamed ? "true" : "false");
  member("complete", record.complete ? "true" : "false");
  for (const TextField& field : text_fields)
    member(field.name, json_string(record.*(field.member)));
  for (const CountField& field : count_fields) {
    member(field.name, std::to_string(record.*(field.member)));
  }
  for (const DigestField& field : digest_fields) {
    const auto& digest = record.*(field.member);
    member(field.name, digest ? json_string(crypto::to_text(*digest)) : "null");
  }
  std::string usage = "null";
  if (record.usage) {
    usage = "{";
    for (const TokenField& field : token_fields) {
      if (usage.size() > 1) usage += ',';
      usage += json_string(field.name) + ":" + std::to_string(*record.usage.*(field.member));
    }
    usage += "}";
  }
  member("usage", usage);
  return out + "}";
}

Result<CallRecord> decode_record(std::string_view text) {
  TRY(const JsonView json, JsonView::parse(text));
  CallRecord record;
  const auto wire = wire_of(json.string_member("wire").value_or(""));
  const auto operation = operation_of(json.string_member("operation").value_or(""));
  const auto status = json.integer_member("status");
  if (!wire || !operation || !status || *status < 0 || *status > 999)
    return bad_record("what it was");
  record.wire = *wire;
  record.operation = *operation;
  record.status = static_cast<int>(*status);
  for (const TextField& field : text_fields) {
    auto value = json.string_member(field.name);
    if (!value) return bad_record(field.name);
    record.*(field.member) = std::move(*value);
  }
  for (const CountField& field : count_fields) {
    const auto value = json.integer_member(field.name);
    if (!value) return bad_record(field.name);
    record.*(field.member) = *value;
  }
  for (const DigestField& field : digest_fields) CHECK_OK(read_digest(json, field, record));
  CHECK_OK(read_usage(json, record));
  const auto streamed = json.member("streamed");
  const auto complete = json.member("complete");
  if (!streamed || !complete) return bad_record("whether it was complete");
  record.streamed = streamed->boolean() == true;
  record.complete = complete->boolean() == true;
  return record;
}

}  // namespace mayfly::gateway
