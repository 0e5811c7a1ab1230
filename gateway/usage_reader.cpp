#include "gateway/usage_reader.hpp"

#include <algorithm>

namespace mayfly::gateway {
namespace {

std::optional<std::int64_t> tokens(const JsonView& usage, std::string_view name) {
  const auto value = usage.integer_member(name);
  if (!value || *value < 0 || *value > tokens_max) return std::nullopt;
  return value;
}

std::optional<std::int64_t> nested_tokens(const JsonView& usage, std::string_view group,
                                          std::string_view name) {
  const auto inner = usage.member(group);
  return inner ? tokens(*inner, name) : std::nullopt;
}

void take_text(const JsonView& from, std::string_view name, std::string& into) {
  if (const auto text = from.string_member(name); text && !text->empty()) {
    into = plain_fact(*text);
  }
}

// Input is told apart by where it came from; all of it is read, and billed.
void take_anthropic_usage(const JsonView& reply, std::optional<TokenUsage>& into) {
  const auto usage = reply.member("usage");
  if (!usage || !usage->is_object()) return;
  TokenUsage seen = into.value_or(TokenUsage{});
  std::int64_t fresh = seen.input - seen.cache_read - seen.cache_write;
  const auto input = tokens(*usage, "input_tokens");
  const auto output = tokens(*usage, "output_tokens");
  if (!input && !output) return;
  fresh = input.value_or(fresh);
  seen.output = output.value_or(seen.output);
  seen.cache_read = tokens(*usage, "cache_read_input_tokens").value_or(seen.cache_read);
  seen.cache_write = tokens(*usage, "cache_creation_input_tokens").value_or(seen.cache_write);
  seen.reasoning =
      nested_tokens(*usage, "output_tokens_details", "thinking_tokens").value_or(seen.reasoning);
  seen.input = fresh + seen.cache_read + seen.cache_write;
  into = seen;
}

struct UsageNames {
  std::string_view input;
  std::string_view output;
  std::string_view input_details;
  std::string_view output_details;
};
constexpr UsageNames chat_names = {"prompt_tokens", "completion_tokens", "prompt_tokens_details",
                                   "completion_tokens_details"};
constexpr UsageNames responses_names = {"input_tokens", "output_tokens", "input_tokens_details",
                                        "output_tokens_details"};

void take_openai_usage(const JsonView& reply, const UsageNames& names,
                       std::optional<TokenUsage>& into) {
  const auto usage = reply.member("usage");
  if (!usage || !usage->is_object()) return;
  const auto input = tokens(*usage, names.input);
  const auto output = tokens(*usage, names.output);
  if (!input || !output) return;
  into = TokenUsage{
      .input = *input,
      .output = *output,
      .cache_read = nested_tokens(*usage, names.input_details, "cached_tokens").value_or(0),
      .cache_write = 0,
      .reasoning = nested_tokens(*usage, names.output_details, "reasoning_tokens").value_or(0)};
}

std::int64_t count_of_type(const std::optional<JsonView>& list, std::string_view type) {
  if (!list) return 0;
  const auto elements = list->elements();
  return std::ranges::count_if(
      elements, [&](const JsonView& one) { return one.string_member("type") == type; });
}

void read_anthropic(const JsonView& reply, ReplyFacts& facts) {
  take_text(reply, "stop_reason", facts.stop_reason);
  take_anthropic_usage(reply, facts.usage);
  facts.tool_calls = count_of_type(reply.member("content"), "tool_use");
  facts.complete = true;
}

void read_chat(const JsonView& reply, ReplyFacts& facts) {
  take_openai_usage(reply, chat_names, facts.usage);
  const auto choices = reply.member("choices");
  if (choices) {
    for (const JsonView& choice : choices->elements()) {
      take_text(choice, "finish_reason", facts.stop_reason);
      const auto message = choice.member("message");
      const auto calls = message ? message->member("tool_calls") : std::nullopt;
      if (calls) facts.tool_calls += static_cast<std::int64_t>(calls->elements().size());
    }
  }
  facts.complete = true;
}

void read_responses(const JsonView& reply, ReplyFacts& facts) {
  take_openai_usage(reply, responses_names, facts.usage);
  take_text(reply, "status", facts.stop_reason);
  facts.tool_calls = count_of_type(reply.member("output"), "function_call");
  facts.complete = true;
}

std::string error_type_of(const JsonView& reply) {
  std::string type;
  if (const auto error = reply.member("error")) {
    take_text(*error, "code", type);
    take_text(*error, "type", type);
  }
  return type;
}

}  // namespace

std::string plain_fact(std::string_view text) {
  std::string fact(text.substr(0, fact_bytes_max));
  std::ranges::replace_if(fact, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return fact;
}

ReplyFacts read_reply(Wire wire, std::string_view body) {
  ReplyFacts facts;
  const auto reply = JsonView::parse(body);
  if (!reply || !reply->is_object()) return facts;
  take_text(*reply, "model", facts.model);
  switch (wire) {
    case Wire::anthropic: read_anthropic(*reply, facts); break;
    case Wire::openai_chat: read_chat(*reply, facts); break;
    case Wire::openai_responses: read_responses(*reply, facts); break;
  }
  return facts;
}

std::string read_error_type(std::string_view body) {
  const auto reply = JsonView::parse(body);
  return reply ? error_type_of(*reply) : std::string();
}

void StreamFacts::take(const SseEvent& event) {
  if (event.data == "[DONE]") {
    if (wire_ == Wire::openai_chat) facts_.complete = true;
    return;
  }
  if (event.data.empty()) return;
  const auto data = JsonView::parse(event.data);
  if (!data || !data->is_object()) return;
  if (std::string type = error_type_of(*data); !type.empty()) facts_.error_type = std::move(type);
  switch (wire_) {
    case Wire::anthropic: return take_anthropic(*data);
    case Wire::openai_chat: return take_chat(*data);
    case Wire::openai_responses: return take_responses(*data);
  }
}

void StreamFacts::take_anthropic(const JsonView& data) {
  const std::string type = data.string_member("type").value_or("");
  if (type == "message_start") {
    if (const auto message = data.member("message")) {
      take_text(*message, "model", facts_.model);
      take_anthropic_usage(*message, facts_.usage);
    }
  } else if (type == "content_block_start") {
    const auto block = data.member("content_block");
    if (block && block->string_member("type") == "tool_use") ++facts_.tool_calls;
  } else if (type == "message_delta") {
    take_anthropic_usage(data, facts_.usage);  // cumulative
    if (const auto delta = data.member("delta"))
      take_text(*delta, "stop_reason", facts_.stop_reason);
  } else if (type == "message_stop") {
    facts_.complete = true;
  }
}

void StreamFacts::take_chat(const JsonView& data) {
  take_text(data, "model", facts_.model);
  take_openai_usage(data, chat_names, facts_.usage);
  const auto choices = data.member("choices");
  if (!choices) return;
  for (const JsonView& choice : choices->elements()) {
    take_text(choice, "finish_reason", facts_.stop_reason);
    const auto delta = choice.member("delta");
    const auto calls = delta ? delta->member("tool_calls") : std::nullopt;
    if (!calls) continue;
    // Only the first piece of a call has its id.
    for (const JsonView& call : calls->elements()) {
      if (call.string_member("id")) ++facts_.tool_calls;
    }
  }
}

void StreamFacts::take_responses(const JsonView& data) {
  const std::string type = data.string_member("type").value_or("");
  const auto response = data.member("response");
  if (response) take_text(*response, "model", facts_.model);
  const bool ends =
      type == "response.completed" || type == "response.incomplete" || type == "response.failed";
  if (!ends || !response) return;
  if (std::string failed = error_type_of(*response); !failed.empty()) {
    facts_.error_type = std::move(failed);
  }
  read_responses(*response, facts_);
}

bool StreamFacts::tells_error(const SseEvent& event) {
  if (event.name == "error") return true;
  if (event.data.find("\"error\"") == std::string::npos) return false;
  const auto data = JsonView::parse(event.data);
  if (!data) return false;
  const auto error = data->member("error");
  return (error && error->is_object()) || data->string_member("type") == "response.failed";
}

bool StreamFacts::is_usage_only(const SseEvent& event) {
  if (event.data.find("\"usage\"") == std::string::npos) return false;
  const auto data = JsonView::parse(event.data);
  if (!data) return false;
  const auto choices = data->member("choices");
  const auto usage = data->member("usage");
  return choices && choices->is_array() && choices->elements().empty() && usage &&
         usage->is_object();
}

}  // namespace mayfly::gateway
