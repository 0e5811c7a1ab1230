#include "api/request_decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/strict_json.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/stages.hpp"

namespace mayfly::api {
namespace {

using testing::ElementsAre;

// A request around one script, with more members of "sandbox" and of the top.
std::string request(std::string_view sandbox, std::string_view top = "") {
  return R"({"sandbox": {"scripts": {"main.py": "pass"})" + std::string(sandbox) + "}" +
         std::string(top) + "}";
}
std::string environment(std::string_view members) {
  return request(R"(, "environment": {)" + std::string(members) + "}");
}

pipeline::ExecutionRequest decoded(std::string_view text, DatasetData data = DatasetData::absent) {
  auto result = decode_request(text, data);
  EXPECT_TRUE(result) << result.error().detail
                      << (result || result.error().errors.empty()
                              ? ""
                              : ": " + result.error().errors[0].pointer + " " +
                                    result.error().errors[0].detail);
  return result ? std::move(result->execution) : pipeline::ExecutionRequest{};
}

Problem refused(std::string_view text, DatasetData data = DatasetData::absent) {
  const auto result = decode_request(text, data);
  EXPECT_FALSE(result) << text.substr(0, 300);
  return result ? Problem{} : result.error();
}

// The request is refused with 422 for exactly this field.
void expect_fault(std::string_view text, std::string_view pointer, std::string_view says = "",
                  DatasetData data = DatasetData::absent) {
  const Problem problem = refused(text, data);
  EXPECT_EQ(problem.kind, ProblemKind::invalid_request) << text.substr(0, 300);
  ASSERT_EQ(problem.errors.size(), 1U) << text.substr(0, 300);
  EXPECT_EQ(problem.errors[0].pointer, pointer);
  EXPECT_THAT(problem.errors[0].detail, testing::HasSubstr(std::string(says)));
}

TEST(DecodeRequest, ReadsEveryFieldOfTheForm) {
  const auto out = decoded(R"({
    "dataset": {"data": "", "format": "csv"},
    "sandbox": {
      "tools": ["python", "grep"],
      "scripts": {"main.py": "pass", "lib/scan.py": "é"},
      "entrypoint": ["python3", "main.py", ""],
      "environment": {
  "timeout_seconds" : 1, "max_memory_mb" : 64, "max_cpu_seconds" : 2, "max_processes" : 3,
      "max_open_files" : 9, "max_disk_mb" : 5, "max_files" : 17, "max_output_bytes" : 7,
      "variables" : {"MODE" : "a=b"}
}
}
, "assertions" : [ {"name" : "metrics.accuracy", "op" : ">=", "value" : "0.95"} ], "nonce" : "00ff"
})",
                           DatasetData::taken);
  EXPECT_EQ(out.dataset_format, "csv");
  EXPECT_THAT(out.tools, ElementsAre("python", "grep"));
  EXPECT_THAT(out.command, ElementsAre("python3", "main.py", ""));
  ASSERT_EQ(out.scripts.size(), 2U);
  EXPECT_EQ(out.scripts[0].name, "lib/scan.py");
  EXPECT_EQ(text_of(out.scripts[0].contents), "é");
  EXPECT_EQ(out.scripts[1].name, "main.py");
  EXPECT_EQ(out.limits.wall_ms, 1000);
  EXPECT_EQ(out.limits.memory_bytes, 64 * 1024 * 1024);
  EXPECT_EQ(out.limits.cpu_ms, 2000);
  EXPECT_EQ(out.limits.pids, 3);
  EXPECT_EQ(out.limits.open_files, 9);
  EXPECT_EQ(out.limits.disk_bytes, 5 * 1024 * 1024);
  EXPECT_EQ(out.limits.disk_inodes, 17);
  EXPECT_EQ(out.limits.output_bytes, 7);
  EXPECT_THAT(out.environment, ElementsAre("MODE=a=b"));
  ASSERT_EQ(out.assertions.size(), 1U);
  EXPECT_EQ(out.assertions[0].name, "metrics.accuracy");
  EXPECT_EQ(out.assertions[0].op, ">=");
  EXPECT_EQ(out.assertions[0].value, "0.95");
  EXPECT_EQ(out.nonce, (Bytes{0x00, 0xff}));
}

TEST(DecodeRequest, TakesTheExecutorsLimitsWhereNoneAreGiven) {
  const auto out = decoded(request(""));
  const executor::Limits defaults;
  EXPECT_EQ(out.limits.wall_ms, defaults.wall_ms);
  EXPECT_EQ(out.limits.memory_bytes, defaults.memory_bytes);
  EXPECT_TRUE(out.command.empty());
  EXPECT_EQ(out.dataset_format, "none");
}

TEST(DecodeRequest, RefusesUnknownFieldsByNameAtEveryLevel) {
  expect_fault(request("", R"(, "colour": 1)"), "/colour", "unknown field");
  expect_fault(request(R"(, "colour": 1)"), "/sandbox/colour", "unknown field");
  expect_fault(environment(R"("colour": 1)"), "/sandbox/environment/colour", "timeout_seconds");
  expect_fault(request("", R"(, "dataset": {"data": "", "format": "csv", "colour": 1})"),
               "/dataset/colour", "unknown field", DatasetData::taken);
  expect_fault(request("", R"(, "assertions": [{"name":"a","op":"<","value":"1","colour":1}])"),
               "/assertions/0/colour", "unknown field");
  expect_fault(request("", R"(, "a/b~c": 1)"), "/a~1b~0c", "unknown field");
}

TEST(DecodeRequest, RefusesWrongTypesByName) {
  expect_fault(R"({"sandbox": []})", "/sandbox");
  expect_fault(R"({"sandbox": {"scripts": []}})", "/sandbox/scripts");
  expect_fault(R"({"sandbox": {"scripts": {"main.py": 1}}})", "/sandbox/scripts");
  expect_fault(request(R"(, "entrypoint": "python3 main.py")"), "/sandbox/entrypoint");
  expect_fault(request(R"(, "entrypoint": [1])"), "/sandbox/entrypoint");
  expect_fault(request(R"(, "tools": "python")"), "/sandbox/tools");
  expect_fault(request(R"(, "tools": [null])"), "/sandbox/tools");
  expect_fault(request(R"(, "script": 1)"), "/sandbox/script");
  expect_fault(request(R"(, "environment": [])"), "/sandbox/environment");
  expect_fault(environment(R"("variables": [])"), "/sandbox/environment/variables");
  expect_fault(environment(R"("variables": {"A": 1})"), "/sandbox/environment/variables");
  expect_fault(environment(R"("variables": {"1A": "x"})"), "/sandbox/environment/variables");
  expect_fault(request("", R"(, "dataset": 1)"), "/dataset");
  expect_fault(request("", R"(, "dataset": {"data": "", "format": 1})"), "/dataset/format", "",
               DatasetData::taken);
  expect_fault(request("", R"(, "assertions": {})"), "/assertions");
  expect_fault(request("", R"(, "assertions": [1])"), "/assertions/0");
  expect_fault(request("", R"(, "nonce": 1)"), "/nonce");
}

TEST(DecodeRequest, NamesWhatIsMissing) {
  expect_fault("{}", "/sandbox", "missing");
  expect_fault(R"({"sandbox": {}})", "/sandbox/scripts", "missing");
  expect_fault(request("", R"(, "dataset": {"format": "csv"})"), "/dataset/data", "missing");
  expect_fault(request("", R"(, "dataset": {"data": ""})"), "/dataset/format", "csv, json, txt",
               DatasetData::taken);
}

struct LimitCase {
  const char* name;
  std::int64_t least;
  std::int64_t most;
};

TEST(DecodeRequest, HoldsTheBoundsOfEveryLimit) {
  for (const LimitCase& limit : {LimitCase{"timeout_seconds", 1, timeout_seconds_max},
                                 {"max_memory_mb", max_memory_mb_min, max_memory_mb_max},
                                 {"max_cpu_seconds", 1, max_cpu_seconds_max},
                                 {"max_processes", 1, max_processes_max},
                                 {"max_open_files", max_open_files_min, max_open_files_max},
                                 {"max_disk_mb", 0, max_disk_mb_max},
                                 {"max_files", 0, max_files_max},
                                 {"max_output_bytes", 0, max_output_bytes_max}}) {
    const auto with = [&](const std::string& value) {
      return environment("\"" + std::string(limit.name) + "\": " + value);
    };
    // At a bound the executor agrees (this machine may allow less); past it, we name the bound.
    for (const std::int64_t value : {limit.least, limit.most}) {
      const auto out = decoded(with(std::to_string(value)));
      EXPECT_TRUE(executor::check_limits(out.limits)) << limit.name << " " << value;
    }
    const std::string pointer = "/sandbox/environment/" + std::string(limit.name);
    for (const std::string& value :
         {std::to_string(limit.least - 1), std::to_string(limit.most + 1),
          std::string("18446744073709551615"), std::string("1e3"), std::string("1.5"),
          std::string("\"1\""), std::string("true"), std::string("null"), std::string("-1")}) {
      expect_fault(with(value), pointer, std::to_string(limit.most));
    }
  }
}

std::string repeated(std::size_t count, const std::function<std::string(std::size_t)>& one) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + one(i);
  return text;
}

TEST(DecodeRequest, HoldsTheBoundsOfEveryList) {
  const auto tools = [](std::size_t count) {
    return request(R"(, "tools": [)" + repeated(count, [](auto) { return "\"grep\""; }) + "]");
  };
  decoded(tools(tools_max));
  expect_fault(tools(tools_max + 1), "/sandbox/tools", "tools_max");

  const auto parts = [](std::size_t count) {
    return request(R"(, "entrypoint": [)" + repeated(count, [](auto) { return "\"x\""; }) + "]");
  };
  decoded(parts(pipeline::command_parts_max));
  expect_fault(parts(pipeline::command_parts_max + 1), "/sandbox/entrypoint", "command_parts_max");
  expect_fault(parts(0), "/sandbox/entrypoint");

  const auto scripts = [](std::size_t count) {
    return R"({"sandbox": {"entrypoint": ["x"], "scripts": {)" +
           repeated(count, [](std::size_t i) { return "\"s" + std::to_string(i) + "\":\"\""; }) +
           "}}}";
  };
  decoded(scripts(pipeline::scripts_max));
  expect_fault(scripts(pipeline::scripts_max + 1), "/sandbox/scripts", "scripts_max");

  const auto variables = [](std::size_t count) {
    return environment(
        R"("variables": {)" +
        repeated(count, [](std::size_t i) { return "\"V" + std::to_string(i) + "\":\"\""; }) + "}");
  };
  decoded(variables(pipeline::environment_max));
  expect_fault(variables(pipeline::environment_max + 1), "/sandbox/environment/variables",
               "environment_max");

  const auto assertions = [](std::size_t count) {
    return request("", R"(, "assertions": [)" + repeated(count, [](auto) {
                         return R"({"name": "a", "op": "<", "value": "1"})";
                       }) + "]");
  };
  decoded(assertions(pipeline::assertions_max));
  expect_fault(assertions(pipeline::assertions_max + 1), "/assertions", "assertions_max");
}

TEST(DecodeRequest, HoldsTheBoundsOfEveryText) {
  const auto nonce = [](std::size_t bytes) {
    return request("", R"(, "nonce": ")" + std::string(bytes * 2, 'a') + "\"");
  };
  EXPECT_EQ(decoded(nonce(attest::nonce_bytes_max)).nonce.size(), attest::nonce_bytes_max);
  expect_fault(nonce(attest::nonce_bytes_max + 1), "/nonce", "nonce_bytes_max");
  expect_fault(request("", R"(, "nonce": "AB")"), "/nonce", "lower-case");
  expect_fault(request("", R"(, "nonce": "abc")"), "/nonce");

  const auto tool = [](std::size_t bytes) {
    return request(R"(, "tools": [")" + std::string(bytes, 'a') + "\"]");
  };
  decoded(tool(tool_name_bytes_max));
  expect_fault(tool(tool_name_bytes_max + 1), "/sandbox/tools", "tool_name_bytes_max");

  const auto command = [](std::size_t bytes) {
    return request(R"(, "entrypoint": [")" + std::string(bytes, 'a') + "\"]");
  };
  decoded(command(pipeline::command_bytes_max));
  expect_fault(command(pipeline::command_bytes_max + 1), "/sandbox/entrypoint",
               "command_bytes_max");

  const auto variable = [](std::size_t bytes) {
    return environment(R"("variables": {"V": ")" + std::string(bytes - 2, 'a') + "\"}");
  };
  decoded(variable(variable_bytes_max));
  expect_fault(variable(variable_bytes_max + 1), "/sandbox/environment/variables",
               "variable_bytes_max");

  const auto script = [](std::size_t bytes) {
    return R"({"sandbox": {"scripts": {"main.py": ")" + std::string(bytes, 'a') + "\"}}}";
  };
  decoded(script(pipeline::scripts_bytes_max));
  expect_fault(script(pipeline::scripts_bytes_max + 1), "/sandbox/scripts", "scripts_bytes_max");
}

TEST(DecodeRequest, RefusesATextLargerThanItsBound) {
  std::string text = request("");
  text.resize(request_rest_bytes_max, ' ');
  decoded(text);
  text.push_back(' ');
  EXPECT_EQ(refused(text).kind, ProblemKind::too_large);
}

TEST(DecodeRequest, RefusesNul) {
  expect_fault(request(R"(, "entrypoint": ["a\u0000b"])"), "/sandbox/entrypoint");
  expect_fault(request(R"(, "tools": ["a\u0000b"])"), "/sandbox/tools");
  expect_fault(environment(R"("variables": {"A": "a\u0000b"})"), "/sandbox/environment/variables");
  expect_fault(environment(R"("variables": {"A\u0000": "b"})"), "/sandbox/environment/variables");
}

TEST(DecodeRequest, RefusesAFormatThatIsNoneOfThree) {
  for (const char* format : {"csv", "json", "txt"}) {
    const auto out = decoded(
        request("", R"(, "dataset": {"data": "", "format": ")" + std::string(format) + "\"}"),
        DatasetData::taken);
    EXPECT_EQ(out.dataset_format, format);
  }
  for (const char* format : {"CSV", "xml", "", "../x"}) {
    expect_fault(
        request("", R"(, "dataset": {"data": "", "format": ")" + std::string(format) + "\"}"),
        "/dataset/format", "csv, json, txt", DatasetData::taken);
  }
}

TEST(DecodeRequest, ChecksEachPartOfAnAssertion) {
  const auto assertion = [](std::string_view name, std::string_view op, std::string_view value) {
    return request("", R"(, "assertions": [{"name": ")" + std::string(name) + R"(", "op": ")" +
                           std::string(op) + R"(", "value": ")" + std::string(value) + "\"}]");
  };
  for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
    EXPECT_EQ(decoded(assertion("a", op, "-1.5")).assertions.at(0).op, op);
  }
  // An operator or a number must not be smuggled in by a neighbour.
  expect_fault(assertion("a>=1", "<", "1"), "/assertions/0/name");
  expect_fault(assertion("", "<", "1"), "/assertions/0/name");
  expect_fault(assertion("a", "=<", "1"), "/assertions/0/op");
  expect_fault(assertion("a", "<", "=1"), "/assertions/0/value");
  expect_fault(assertion("a", "<", "1e5"), "/assertions/0/value");
  expect_fault(assertion("a", "<", ""), "/assertions/0/value");
  decoded(assertion("a", "<", std::string(assertion_value_bytes_max, '1')));
  expect_fault(assertion("a", "<", std::string(assertion_value_bytes_max + 1, '1')),
               "/assertions/0/value", "assertion_value_bytes_max");
  decoded(assertion(std::string(assertion_name_bytes_max, 'a'), "<", "1"));
  expect_fault(assertion(std::string(assertion_name_bytes_max + 1, 'a'), "<", "1"),
               "/assertions/0/name", "assertion_name_bytes_max");
  expect_fault(request("", R"(, "assertions": [{"name": "a", "op": "<"}])"), "/assertions/0",
               "three strings");
}

TEST(DecodeRequest, TakesTheShortFormsScript) {
  const auto out =
      decoded(R"({"sandbox": {"scripts": {"a.py": "1", "scan.py": "2"}, "script": "scan.py"}})");
  EXPECT_EQ(out.entry_script, "scan.py");
  EXPECT_TRUE(out.command.empty()) << "what it needs is decided in one place, the pipeline";
  expect_fault(R"({"sandbox": {"scripts": {"scan.xyz": "2"}, "script": "scan.xyz"}})",
               "/sandbox/script", "no language is known");
  expect_fault(R"({"sandbox": {"script": "scan.py"}})", "/sandbox/script", "scripts");
  expect_fault(request(R"(, "script": "main.py", "entrypoint": ["x"])"), "/sandbox/script",
               "either");
}

TEST(DecodeRequest, TakesTheShortForm) {
  const auto out = decoded(R"({"language": "rust", "code": "fn main() {}", "inputs": ["a", ""],
                               "timeout": 5, "network_access": false, "packages": []})");
  ASSERT_EQ(out.scripts.size(), 1U);
  EXPECT_EQ(out.scripts[0].name, "main.rs");
  EXPECT_EQ(text_of(out.scripts[0].contents), "fn main() {}");
  EXPECT_EQ(out.language, "rust");
  EXPECT_THAT(out.arguments, ElementsAre("a", ""));
  EXPECT_EQ(out.limits.wall_ms, 5000);
  const auto bare = decoded("{\"code\": \"print(1)\"}");
  EXPECT_EQ(bare.scripts.at(0).name, "main.py");
  EXPECT_EQ(bare.limits.wall_ms, 1000 * short_form_timeout_seconds);
  const auto java = decoded("{\"code\": \"\", \"language\": \"java\"}");
  EXPECT_EQ(java.scripts.at(0).name, "Main.java");
}

TEST(DecodeRequest, TheShortFormSaysWhatARunDoesNotGet) {
  expect_fault(R"({"code": "", "network_access": true})", "/network_access", "no network");
  expect_fault(R"({"code": "", "packages": ["numpy"]})", "/packages", "python3-*");
  expect_fault(R"({"code": "", "language": "cobol"})", "/language", "use one of python");
  expect_fault(R"({"code": 1})", "/code", "string");
  expect_fault(R"({"code": "", "inputs": [1]})", "/inputs", "arguments");
  expect_fault(R"({"code": "", "timeout": 0})", "/timeout");
  expect_fault(R"({"code": "", "sandbox": {}})", "/sandbox", "either");
  expect_fault(R"({"code": "", "tools": []})", "/tools");
}

TEST(DecodeRequest, TakesWhatMayBeWithheldAndWhetherTheTraceIsWanted) {
  const auto request = decode_request(
      R"({"code": "", "withhold": ["result", "files"], "trace": true})", DatasetData::absent);
  ASSERT_TRUE(request);
  EXPECT_THAT(request->execution.withhold, ElementsAre("result", "files"));
  EXPECT_EQ(request->trace, TraceReply::lines);
  EXPECT_EQ(decode_request("{\"code\": \"\"}", DatasetData::absent)->trace, TraceReply::none);
  expect_fault(R"({"code": "", "withhold": ["everything"]})", "/withhold", "executions");
  expect_fault(R"({"code": "", "withhold": ["files", "files"]})", "/withhold", "once");
  expect_fault(R"({"code": "", "trace": 1})", "/trace", "true or false");
}

TEST(DecodeRequest, TakesALanguage) {
  const auto out = decoded(R"({"sandbox": {"scripts": {"job": "1"}, "language": "python"}})");
  EXPECT_EQ(out.language, "python");
  const auto both = decoded(
      R"({"sandbox": {"scripts": {"a": "1", "b": "2"}, "script": "b", "language": "node"}})");
  EXPECT_EQ(both.entry_script, "b");
  expect_fault(request(R"(, "language": "cobol")"), "/sandbox/language", "use one of python");
  expect_fault(request(R"(, "language": "c", "entrypoint": ["x"])"), "/sandbox/language", "either");
  expect_fault(request(R"(, "language": 3)"), "/sandbox/language");
}

TEST(DecodeRequest, TakesAPolicy) {
  EXPECT_EQ(decoded(request("")).policy, "default");
  EXPECT_EQ(decoded(request(R"(, "policy": "strict")")).policy, "strict");
  EXPECT_EQ(decoded(request(R"(, "policy": "language")")).policy, "language");
  expect_fault(request(R"(, "policy": "stric")"), "/sandbox/policy", "default, strict, python");
}

TEST(DecodeRequest, TakesSteps) {
  const auto out = decoded(request(R"(, "steps": [["sh", "-c", "x"], ["true"]])"));
  EXPECT_THAT(out.steps, ElementsAre(ElementsAre("sh", "-c", "x"), ElementsAre("true")));
  expect_fault(request(R"(, "steps": ["true"])"), "/sandbox/steps", "a command");
  expect_fault(request(R"(, "steps": [[]])"), "/sandbox/steps", "a command");
  expect_fault(request(R"(, "steps": [["a\u0000b"]])"), "/sandbox/steps", "NUL");
  std::string many = R"(, "steps": [["x"])";
  for (std::size_t i = 1; i < pipeline::steps_max; ++i) many += R"(, ["x"])";
  EXPECT_EQ(decoded(request(many + "]")).steps.size(), pipeline::steps_max);
  expect_fault(request(many + R"(, ["x"]])"), "/sandbox/steps", "steps_max");
}

TEST(DecodeRequest, ShowsTheLongFormOfAShortDataset) {
  expect_fault(request("", R"(, "dataset": "base64:AAAA")"), "/dataset", "base64:...");
}

TEST(DecodeRequest, SaysWhatIsNotImplementedAndWhatWorksInstead) {
  for (const auto& [text, pointer] : std::vector<std::pair<std::string, std::string>>{
           {request("", R"(, "dataset": {"url": "https://x/y", "format": "csv"})"), "/dataset/url"},
           {request(R"(, "llm_prompt": "p")"), "/sandbox/llm_prompt"}}) {
    const Problem problem = refused(text);
    EXPECT_EQ(problem.kind, ProblemKind::not_implemented);
    ASSERT_EQ(problem.errors.size(), 1U);
    EXPECT_EQ(problem.errors[0].pointer, pointer);
    EXPECT_EQ(problem_json(problem, "/execute").find("canary"), std::string::npos);
  }
}

std::string with_llm(const std::string& members) {
  return R"({"sandbox": {"tools": ["python", "files"], "llm": {)" + members + "}}}";
}

TEST(DecodeRequest, MakesAnAgentOfAPrompt) {
  const auto out = decoded(with_llm(
      R"("prompt": "look", "model": "claude-x", "api_key": "sk-canary", "budget": {"calls": 7})"));
  ASSERT_TRUE(out.llm);
  EXPECT_EQ(out.llm->url, "https://api.anthropic.com");
  EXPECT_EQ(out.llm->model, "claude-x");
  EXPECT_EQ(out.llm->budget.calls, 7);
  EXPECT_EQ(text_of(out.llm->key->view()), "sk-canary");
  EXPECT_THAT(out.command, ElementsAre("python3", "mayfly_agent.py"));
  EXPECT_THAT(out.tools, ElementsAre("python", "python"));
  for (const auto& script : out.scripts) {
    EXPECT_EQ(text_of(script.contents).find("canary"), std::string_view::npos);
  }
}

TEST(DecodeRequest, LetsAScriptCallAModel) {
  const auto out = decoded(request(R"(, "llm": {"model": "gpt-x", "api_key": "k"})"));
  ASSERT_TRUE(out.llm);
  EXPECT_EQ(out.llm->url, "https://api.openai.com");
  EXPECT_THAT(out.command, testing::IsEmpty());
}

TEST(DecodeRequest, NeverSendsDataWhereARequestSays) {
  expect_fault(with_llm(R"("model": "m", "provider": "https://x.test")"), "/sandbox/llm/provider",
               "anthropic, openai");
  expect_fault(with_llm(R"("model": "m", "url": "https://x.test", "provider": "openai")"),
               "/sandbox/llm/url", "unknown");
  expect_fault(with_llm(R"("model": "m")"), "/sandbox/llm/provider", "anthropic, openai");
  const std::string named = with_llm(R"("model": "m", "provider": "local", "prompt": "p")");
  const auto out =
      decode_request(named, DatasetData::absent, {{"local", "http://127.0.0.1:8000/v1"}});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->execution.llm->url, "http://127.0.0.1:8000/v1");
}

TEST(DecodeRequest, SaysWhatIsWrongWithAModelAndNotItsKey) {
  const std::string good = R"("model": "claude-x", "prompt": "p", )";
  expect_fault(with_llm(good + R"("api_key": "sk canary")"), "/sandbox/llm/api_key", "printable");
  expect_fault(with_llm(good + R"("api_key": "")"), "/sandbox/llm/api_key", "key_bytes_max");
  expect_fault(with_llm(good + R"("budget": {"calls": 0})"), "/sandbox/llm/budget/calls", "1");
  expect_fault(
      with_llm(
          good +
          R"("budget": {"cost": {"cost_microusd": 5, "output_microusd_per_million_tokens": 1}})"),
      "/sandbox/llm/budget/cost/input_microusd_per_million_tokens", "missing");
  expect_fault(with_llm(R"("provider": "openai", "prompt": "p")"), "/sandbox/llm", "model");
  expect_fault(
      R"({"sandbox": {"entrypoint": ["true"], "llm": {"model": "claude-x", "prompt": "p"}}})",
      "/sandbox/llm", "command");
}

TEST(DecodeRequest, ReportsSeveralFaultsAtOnceAndBoundsThem) {
  const Problem problem =
      refused(R"({"sandbox": {"scripts": 1, "tools": 2}, "nonce": 3, "colour": 4})");
  EXPECT_EQ(problem.errors.size(), 4U);
  const Problem many = refused(request("", ", " + repeated(field_errors_max + 1, [](std::size_t i) {
                                             return "\"x" + std::to_string(i) + "\":1";
                                           })));
  EXPECT_EQ(many.errors.size(), field_errors_max);
}

TEST(DecodeRequest, RefusesDuplicateMembersWithAPointer) {
  for (const auto& [text, pointer] : std::vector<std::pair<std::string, std::string>>{
           {R"({"sandbox": {}, "sandbox": {}})", "/sandbox"},
           {R"({"sandbox": {"tools": [], "tools": []}})", "/sandbox/tools"},
           {R"({"sandbox": {"scripts": {"a": "", "\u0061": ""}}})", "/sandbox/scripts/a"},
           {R"({"assertions": [{}, {"op": 1, "op": 1}]})", "/assertions/1/op"}}) {
    const Problem problem = refused(text);
    EXPECT_EQ(problem.kind, ProblemKind::malformed_request) << text;
    ASSERT_EQ(problem.errors.size(), 1U) << text;
    EXPECT_EQ(problem.errors[0].pointer, pointer);
  }
}

TEST(DecodeRequest, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"", " ", "[]", "1", "null", "\"x\"", "{", "{}x", "{,}", "{\"a\":}", "{'a':1}", "{\"a\":01}",
        "{\"a\":\"\x80\"}", "{\"a\":\"\n\"}", "\xEF\xBB\xBF{}", "{\"a\":NaN}", "{} {}", "{/*c*/}",
        "{\"a\":\"\\ud800\"}"}) {
    EXPECT_EQ(refused(text).kind, ProblemKind::malformed_request) << text;
  }
}

TEST(DecodeRequest, RefusesEveryTruncation) {
  const std::string text = request(R"(, "tools": ["grep"])", R"(, "nonce": "00")");
  decoded(text);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(refused(text.substr(0, length)).kind, ProblemKind::malformed_request) << length;
  }
}

TEST(DecodeRequest, HoldsTheDepthBound) {
  const auto nested = [](std::size_t depth) {
    return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(refused(nested(request_depth_max)).kind, ProblemKind::invalid_request);
  const Problem problem = refused(nested(request_depth_max + 1));
  EXPECT_EQ(problem.kind, ProblemKind::malformed_request);
  EXPECT_THAT(problem.detail, testing::HasSubstr("request_depth_max"));
  refused(nested(1'000'000));  // and neither depth nor its destruction recurses
}

TEST(DecodeRequest, HoldsTheValueBound) {
  const auto values = [](std::size_t count) {  // the object and the array count too
    return R"({"x":[)" + repeated(count - 2, [](auto) { return "1"; }) + "]}";
  };
  EXPECT_EQ(refused(values(request_values_max)).kind, ProblemKind::invalid_request);
  EXPECT_THAT(refused(values(request_values_max + 1)).detail,
              testing::HasSubstr("request_values_max"));
}

// No value of a request may come back in a problem: it could be a key or a record.
TEST(DecodeRequest, NeverQuotesAValue) {
  for (const std::string& text :
       {request("", R"(, "nonce": "canary")"), request(R"(, "tools": {"x": "canary"})"),
        environment(R"("timeout_seconds": "canary")"),
        request("", R"(, "dataset": "base64:canary")"), std::string(R"({"a": canary})"),
        request(R"(, "script": "canary")"),
        request("", R"(, "assertions": [{"name": "a", "op": "canary", "value": "canary"}])")}) {
    EXPECT_EQ(problem_json(refused(text), "/execute").find("canary"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace mayfly::api
