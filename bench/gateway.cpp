// What the gateway adds to a call of a model: the same requests to the same provider on loopback,
// directly and through mayfly-gateway, turn by turn in one run. The provider answers at once, so
// all that is measured is the way. The target is at most 2 ms more.
//
// Use       bench_gateway [rounds]     (mayfly-gateway must lie in the same folder)
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "gateway/gateway.hpp"
#include "gateway/message_reader.hpp"
#include "gateway/socket_stream.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::gateway;
using Clock = std::chrono::steady_clock;

constexpr int idle_ms = 20'000;

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Listening {
  UniqueFd socket;
  std::uint16_t port = 0;
};

Listening listen_on_loopback() {
  Listening made{UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(made.socket.borrow(), raw, size) != 0 || ::listen(made.socket.borrow(), 16) != 0 ||
      ::getsockname(made.socket.borrow(), raw, &size) != 0) {
    std::exit(1);
  }
  made.port = ntohs(address.sin_port);
  return made;
}

UniqueFd connect_to(std::uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.borrow(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::exit(1);
  }
  const int on = 1;
  ::setsockopt(socket.borrow(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

// Answers every request of every connection with the same message.
void provide(const UniqueFd& listener, const UniqueFd& stop) {
  const std::string body =
      R"({"type":"message","model":"m","stop_reason":"end_turn","usage":{"input_tokens":1,)"
      R"("output_tokens":1},"content":[{"type":"text","text":")" +
      std::string(2000, 'a') + "\"}]}";
  const std::string reply =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  for (;;) {
    UniqueFd accepted(::accept4(listener.borrow(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!accepted) return;
    std::thread([&stop, reply, socket = std::move(accepted)]() mutable {
      SocketStream stream(std::move(socket), stop, idle_ms);
      MessageReader reader(stream);
      for (;;) {
        const auto text = reader.take_head();
        if (!text || !*text) return;
        const RequestHead head = must(parse_request_head(**text));
        must(reader.begin_body(head, 1 << 24));
        must(reader.take_whole_body());
        if (!stream.write(bytes_of(reply))) return;
      }
    }).detach();
  }
}

class Client {
 public:
  Client(std::uint16_t port, const UniqueFd& stop, std::string_view token, std::size_t bytes)
      : stream_(connect_to(port), stop, idle_ms), reader_(stream_) {
    const std::string body =
        R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":")" +
        std::string(bytes, 'q') + "\"}]}";
    request_ = "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: " + std::string(token) +
               "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  double call_ms() {
    const auto begin = Clock::now();
    must(stream_.write(bytes_of(request_)));
    const ResponseHead head = must(parse_response_head(*must(reader_.take_head())));
    must(reader_.begin_body(head, 1 << 24));
    must(reader_.take_whole_body());
    if (head.status != 200) std::exit(1);
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  }

 private:
  SocketStream stream_;
  MessageReader reader_;
  std::string request_;
};

double percentile(std::vector<double>& samples, double share) {
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 500;
  const UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  const Listening provider = listen_on_loopback();
  std::thread([&] { provide(provider.socket, stop); }).detach();
  Settings settings;
  settings.url = "http://127.0.0.1:" + std::to_string(provider.port);
  settings.wires = {Wire::anthropic};
  settings.run_token = fresh_run_token();
  settings.budget.calls = settings.budget.total_tokens = settings.budget.input_tokens =
      settings.budget.output_tokens = budget_value_max;
  const GatewayProgram program = must(GatewayProgram::open({}));
  const std::string key = "k";
  Gateway gateway = must(Gateway::start(program, settings, bytes_of(key)));
  const Listening inside = listen_on_loopback();
  must(gateway.give_listener(inside.socket));

  fmt::print("{:<12} {:>12} {:>12} {:>12} {:>12} {:>12}\n", "request", "direct p50", "gateway p50",
             "direct p95", "gateway p95", "added p50");
  for (const std::size_t bytes :
       {std::size_t{1000}, std::size_t{100'000}, std::size_t{1'000'000}}) {
    Client direct(provider.port, stop, settings.run_token, bytes);
    Client through(inside.port, stop, settings.run_token, bytes);
    std::vector<double> direct_ms;
    std::vector<double> through_ms;
    for (int round = 0; round < rounds; ++round) {
      direct_ms.push_back(direct.call_ms());
      through_ms.push_back(through.call_ms());
    }
    const double direct_p50 = percentile(direct_ms, 0.5);
    const double through_p50 = percentile(through_ms, 0.5);
    fmt::print("{:<12} {:>9.3f} ms {:>9.3f} ms {:>9.3f} ms {:>9.3f} ms {:>9.3f} ms\n",
               fmt::format("{} B", bytes), direct_p50, through_p50, percentile(direct_ms, 0.95),
               percentile(through_ms, 0.95), through_p50 - direct_p50);
  }
  must(std::move(gateway).finish());
  return 0;
}
