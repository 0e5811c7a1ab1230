#include "gateway/call_rules.hpp"

#include <algorithm>
#include <array>

#include "gateway/json_view.hpp"

namespace mayfly::gateway {
namespace {

using Checked = std::expected<void, Refusal>;

std::unexpected<Refusal> bad_call(std::string message) {
  return std::unexpected(Refusal{RefusalKind::bad_request, "invalid_request", std::move(message)});
}

std::unexpected<Refusal> hosted(std::string_view what) {
  return std::unexpected(Refusal{
      RefusalKind::not_allowed, "hosted_tool",
      std::string(what) + " would act or fetch outside this run, so it is not let out; use tools "
                          "that the job runs itself"});
}

std::unexpected<Refusal> kept(std::string_view what) {
  return std::unexpected(Refusal{RefusalKind::not_allowed, "retention",
                                 std::string(what) +
                                     " would keep data of this run at the "
                                     "provider, so it is not let out; leave it out"});
}

template <class Object>
bool is_set(const Object& body, std::string_view name) {
  const auto value = body.member(name);
  return value && !value->is_null() && value->boolean() != false;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> heads) {
  return std::ranges::any_of(heads, [&](std::string_view head) { return text.starts_with(head); });
}

// Tools of these types are run by whoever called, so by the job.
bool is_own_tool(Wire wire, std::string_view type) {
  if (wire == Wire::anthropic) {
    return type.empty() || type == "custom" ||
           starts_with_any(type, {"bash_", "text_editor_", "computer_", "memory_"});
  }
  return type == "function" || type == "custom";
}

Checked check_tools(Wire wire, const JsonMembers& body, CheckedCall& call) {
  const auto tools = body.member("tools");
  if (!tools || tools->is_null()) return {};
  if (!tools->is_array()) return bad_call("tools must be an array");
  const auto elements = tools->elements();
  if (elements.size() > tools_offered_max) {
    return bad_call("more than " + std::to_string(tools_offered_max) +
                    " tools are offered (tools_offered_max)");
  }
  for (const JsonView& tool : elements) {
    if (!tool.is_object()) return bad_call("each tool must be an object");
    const auto type = tool.member("type");
    const std::string name = type ? type->string().value_or("?") : "";
    if (!is_own_tool(wire, name)) return hosted("a tool of a type the provider runs");
  }
  call.tools_offered = static_cast<std::int64_t>(elements.size());
  return {};
}

bool is_inline_data(const JsonView& value) {
  const auto text = value.string();
  return text && text->starts_with("data:");
}

// Nothing in a message may be a name for what lies elsewhere.
Checked check_object(const JsonMembers& object) {
  const std::string type = object.string_member("type").value_or("");
  if (starts_with_any(type, {"container_upload", "mcp_", "item_reference", "web_search_call",
                             "code_interpreter_call", "file_search_call", "image_generation_call",
                             "server_tool_use"})) {
    return hosted("a part of a message that stands for a hosted tool");
  }
  if (const auto source = object.member("source")) {
    const auto kind = source->string_member("type");
    if (kind == "url") return hosted("a source given as an address, which the provider fetches");
    if (kind == "file") return kept("a file stored at the provider");
  }
  for (const std::string_view name : {"file_id", "file_url"}) {
    if (is_set(object, name) && type.starts_with("input_")) return kept("a stored file");
  }
  if (const auto file = object.member("file"); file && is_set(*file, "file_id")) {
    return kept("a stored file");
  }
  if (const auto image = object.member("image_url"); image && !image->is_null()) {
    const auto url = image->is_object() ? image->member("url") : image;
    if (!url || !is_inline_data(*url)) {
      return hosted("an image given as an address, which the provider fetches; send it as data:");
    }
  }
  return {};
}

// What a tool was called with, and the schema of one, are the job's own: any member may be there.
bool is_opaque(const std::optional<std::string>& type, std::string_view member) {
  return (type == "tool_use" && member == "input") || member == "arguments";
}

Checked check_content(const JsonView& value) {
  if (value.is_array()) {
    for (const JsonView& element : value.elements()) {
      if (auto checked = check_content(element); !checked) return checked;
    }
  } else if (value.is_object()) {
    const JsonMembers object(value);
    if (auto checked = check_object(object); !checked) return checked;
    const auto type = object.string_member("type");
    for (const auto& [name, member] : object.all()) {
      if (is_opaque(type, name)) continue;
      if (auto checked = check_content(member); !checked) return checked;
    }
  }
  return {};
}

struct ForbiddenMember {
  Wire wire;
  std::string_view name;
  RefusalKind kind;
  bool keeps;
};
constexpr std::array forbidden = {
    ForbiddenMember{Wire::anthropic, "mcp_servers", RefusalKind::not_allowed, false},
    ForbiddenMember{Wire::anthropic, "container", RefusalKind::not_allowed, false},
    ForbiddenMember{Wire::openai_chat, "web_search_options", RefusalKind::not_allowed, false},
    ForbiddenMember{Wire::openai_responses, "background", RefusalKind::not_allowed, true},
    ForbiddenMember{Wire::openai_responses, "previous_response_id", RefusalKind::not_allowed, true},
    ForbiddenMember{Wire::openai_responses, "conversation", RefusalKind::not_allowed, true},
    ForbiddenMember{Wire::openai_responses, "prompt", RefusalKind::not_allowed, true},
};

Checked check_members(Wire wire, const JsonMembers& body) {
  for (const ForbiddenMember& one : forbidden) {
    if (one.wire != wire || !is_set(body, one.name)) continue;
    return one.keeps ? kept(one.name) : hosted(one.name);
  }
  for (const std::string_view name : {"messages", "system", "input", "instructions"}) {
    const auto content = body.member(name);
    if (!content) continue;
    if (auto checked = check_content(*content); !checked) return checked;
  }
  return {};
}

std::string_view bound_name(Wire wire, const JsonMembers& body) {
  switch (wire) {
    case Wire::anthropic: return "max_tokens";
    case Wire::openai_responses: return "max_output_tokens";
    case Wire::openai_chat: break;
  }
  return body.member("max_tokens") && !body.member("max_completion_tokens")
             ? "max_tokens"
             : "max_completion_tokens";
}

Checked read_bounds(Wire wire, const JsonMembers& body, CheckedCall& call) {
  for (const std::string_view name :
       {std::string_view(bound_name(wire, body)), std::string_view("n")}) {
    const auto value = body.member(name);
    if (!value || value->is_null()) continue;
    const auto number = value->integer();
    if (!number || *number < 1)
      return bad_call(std::string(name) + " must be a whole number above 0");
    if (name != "n") {
      call.output_tokens_asked = *number;
    } else if (*number > choices_max) {
      return bad_call("n must be at most " + std::to_string(choices_max) + " (choices_max)");
    } else if (wire == Wire::openai_chat) {
      call.choices = *number;
    }
  }
  return {};
}

Checked read_delivery(Wire wire, const JsonMembers& body, CheckedCall& call) {
  const auto stream = body.member("stream");
  if (stream && !stream->is_null() && !stream->boolean())
    return bad_call("stream must be true or false");
  if (!stream || stream->boolean() != true) return {};
  call.delivery = Delivery::streamed;
  if (wire != Wire::openai_chat) return {};
  const auto options = body.member("stream_options");
  const auto asked = options ? options->member("include_usage") : std::nullopt;
  call.usage_event = asked && asked->boolean() == true ? UsageEvent::asked_for : UsageEvent::added;
  return {};
}

Checked read_model(const JsonMembers& body, const std::vector<std::string>& models,
                   CheckedCall& call) {
  const auto model = body.string_member("model");
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20; };
  if (!model || model->empty() || model->size() > model_bytes_max ||
      std::ranges::any_of(*model, is_control)) {
    return bad_call("model must be a name of 1 to " + std::to_string(model_bytes_max) +
                    " bytes (model_bytes_max)");
  }
  if (!models.empty() && std::ranges::find(models, *model) == models.end()) {
    return std::unexpected(Refusal{RefusalKind::not_allowed, "model_not_allowed",
                                   "the run was given one model, and this is another; ask for the "
                                   "one that was named when the run was submitted"});
  }
  call.model = *model;
  return {};
}

// One change of a top-level member. A string_view into the body, or text of ours.
struct Edit {
  std::string_view name;
  std::string value;
};

std::string with_edits(std::string_view body, const std::vector<Edit>& edits) {
  const JsonMembers parsed(JsonView::parsed_before(body));
  std::string out;
  std::string_view rest = body;
  std::string added;
  std::vector<std::pair<std::string_view, const Edit*>> replaced;
  for (const Edit& edit : edits) {
    if (const auto value = parsed.member(edit.name)) {
      replaced.emplace_back(value->text(), &edit);
    } else {
      added += json_string(edit.name) + ":" + edit.value + ",";
    }
  }
  std::ranges::sort(replaced, {}, [](const auto& one) { return one.first.data(); });
  for (const auto& [text, edit] : replaced) {
    out.append(rest.data(), text.data());
    out += edit->value;
    const char* const end = body.data() + body.size();
    rest = {text.data() + text.size(), static_cast<std::size_t>(end - text.data()) - text.size()};
  }
  out.append(rest);
  // A body that is accepted has a model, so something follows the brace.
  out.insert(out.find('{') + 1, added);
  return out;
}

std::string stream_options(const JsonMembers& body) {
  std::string text = "{";
  if (const auto options = body.member("stream_options")) {
    for (const auto& [name, value] : options->members()) {
      if (name == "include_usage") continue;
      text += json_string(name) + ":" + std::string(value.text()) + ",";
    }
  }
  return text + "\"include_usage\":true}";
}

}  // namespace

std::expected<CheckedCall, Refusal> check_call(const Endpoint& endpoint, std::string_view text,
                                               const std::vector<std::string>& models) {
  CheckedCall call;
  if (endpoint.operation == Operation::list_models) {
    call.output_tokens_asked = 0;
    return call;
  }
  const auto parsed = JsonView::parse(text);
  if (!parsed) return bad_call(parsed.error().message());
  if (!parsed->is_object()) return bad_call("the body must be a JSON object");
  const JsonMembers body(*parsed);
  if (auto done = read_model(body, models, call); !done) return std::unexpected(done.error());
  if (auto done = check_tools(endpoint.wire, body, call); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = check_members(endpoint.wire, body); !done) return std::unexpected(done.error());
  if (endpoint.operation == Operation::count_tokens) {
    call.output_tokens_asked = 0;
    return call;
  }
  if (auto done = read_bounds(endpoint.wire, body, call); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = read_delivery(endpoint.wire, body, call); !done) {
    return std::unexpected(done.error());
  }
  return call;
}

std::string outgoing_body(const Endpoint& endpoint, std::string_view text, const CheckedCall& call,
                          std::int64_t output_tokens) {
  if (endpoint.operation != Operation::generate) return std::string(text);
  const JsonMembers body(JsonView::parsed_before(text));
  std::vector<Edit> edits;
  if (call.output_tokens_asked != output_tokens) {
    edits.push_back({bound_name(endpoint.wire, body), std::to_string(output_tokens)});
  }
  // Responses are kept unless that is switched off; chats only when it is switched on.
  const auto store = body.member("store");
  if (endpoint.wire == Wire::openai_responses ? !store || store->boolean() != false
                                              : store && store->boolean() != false) {
    edits.push_back({"store", "false"});
  }
  if (call.delivery == Delivery::streamed && call.usage_event == UsageEvent::added) {
    edits.push_back({"stream_options", stream_options(body)});
  }
  return with_edits(text, edits);
}

}  // namespace mayfly::gateway
