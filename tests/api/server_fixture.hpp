// A running server over a workbench, and a client for it.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <future>
#include <mutex>
#include <thread>

#include "api/server.hpp"
#include "certificate/canonical_json.hpp"
#include "tests/api/http_client.hpp"
#include "tests/api/workbench.hpp"

namespace mayfly::api::test {

class ServerTest : public testing::Test {
 protected:
  ServerTest() : stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    options_.listen.port = 0;
    options_.readers_max = 4;
    options_.deadlines = {.head = std::chrono::seconds(2),
                          .pause = std::chrono::milliseconds(500),
                          .body = std::chrono::seconds(2),
                          .reply = std::chrono::seconds(2)};
    options_.body_bytes_max = std::uint64_t{8} * 1024 * 1024;
    options_.log = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_ += std::string(line) + "\n";
    };
  }
  ~ServerTest() override { stop(); }

  std::uint16_t start() {
    eventfd_t stopped_before = 0;
    ::eventfd_read(stop_.borrow(), &stopped_before);
    std::promise<std::uint16_t> listening;
    auto port = listening.get_future();
    options_.on_listening = [&](const ListenAddress& address) {
      listening.set_value(address.port);
    };
    server_ = std::thread([this, &listening] {
      result_ = serve(options_, bench_.parts(), bench_.store(), stop_.borrow());
      if (!result_) {
        ADD_FAILURE() << result_.error().message();
        listening.set_value(0);
      }
    });
    port_ = port.get();
    return port_;
  }
  void stop() {
    if (!server_.joinable()) return;
    ::eventfd_write(stop_.borrow(), 1);
    server_.join();
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  HttpReply ask(std::string_view method, std::string_view target, std::string_view headers = "",
                std::string_view body = "") {
    const RawClient client(port_);
    std::string request = std::string(method) + " " + std::string(target) +
                          " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers);
    if (!body.empty() || method == "POST") {
      request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    client.send(request + "\r\n" + std::string(body));
    return client.receive();
  }
  HttpReply get(std::string_view target, std::string_view headers = "") {
    return ask("GET", target, headers);
  }
  HttpReply execute(std::string_view body) {
    return ask("POST", "/execute", "Content-Type: application/json\r\n", body);
  }
  HttpReply raw(std::string_view bytes) {
    const RawClient client(port_);
    client.send(bytes);
    return client.receive();
  }
  static void expect_problem(const HttpReply& reply, int status, std::string_view code) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.header("Content-Type"), "application/problem+json");
    EXPECT_THAT(reply.body, testing::HasSubstr("\"code\":\"" + std::string(code) + "\""));
    EXPECT_TRUE(certificate::check_canonical(bytes_of(reply.body))) << reply.body;
    EXPECT_EQ(reply.header("Connection"), "close");
  }

  static void must_hold(const Result<void>& result) {
    ASSERT_TRUE(result) << result.error().message();
  }

  Workbench bench_;
  ServeOptions options_;
  std::uint16_t port_ = 0;
  Result<void> result_;

 private:
  UniqueFd stop_;
  std::mutex mutex_;
  std::string log_;
  std::thread server_;
};

}  // namespace mayfly::api::test
