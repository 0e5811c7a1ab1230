// A server that runs real jobs, and what to ask of it. Skipped, loudly, where this machine cannot
// run a sandbox.
#pragma once
#include <nlohmann/json.hpp>

#include "base/text_encoding.hpp"
#include "tests/api/server_fixture.hpp"

namespace mayfly::api::test {

using nlohmann::json;

// Standard base64 of text whose length is a multiple of three.
inline std::string base64_of(std::string_view text) {
  std::string encoded = base64url_encode(bytes_of(text));
  for (char& c : encoded) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  return encoded;
}

inline json shell_job(const std::string& script) {
  return {{"sandbox", {{"scripts", {{"main.sh", script}}}}}};
}

inline std::string post_of(const std::string& body) {
  return "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class ExecuteTest : public test::ServerTest {
 protected:
  ExecuteTest() {
    options_.deadlines.pause = std::chrono::seconds(30);
    options_.deadlines.reply = std::chrono::seconds(30);
    options_.deadlines.body = std::chrono::seconds(30);
    // Jobs take real time, so certificates need a clock that runs.
    bench_.now = [] {
      const auto since = std::chrono::system_clock::now().time_since_epoch();
      return UnixMillis{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
    };
  }
  void SetUp() override {
    start();
    const HttpReply reply = execute(shell_job("true").dump());
    if (reply.status == 503) GTEST_SKIP() << "no sandbox on this machine: " << reply.body;
  }

  json run(const json& request) {
    const HttpReply reply = execute(request.dump());
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body, nullptr, false);
  }
};

}  // namespace mayfly::api::test
