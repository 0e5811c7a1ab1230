#include "api/connection.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "api/connection_queue.hpp"
#include "api/listener.hpp"

namespace mayfly::api {
namespace {

using namespace std::chrono_literals;

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : buffer_(ReceiveBuffer::allocate().value()) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::bad_alloc();
    peer_ = UniqueFd(ends[0]);
    ours_ = UniqueFd(ends[1]);
  }

  Connection connect(const Interrupts& interrupts = {}) {
    return Connection(std::move(ours_), buffer_, limits_, interrupts);
  }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(peer_.borrow(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static std::string read_all(Connection& connection, std::size_t piece = 7) {
    std::string text;
    std::string part(piece, '\0');
    for (std::ptrdiff_t got = 0; (got = connection.read(part)) > 0;) {
      text.append(part, 0, static_cast<std::size_t>(got));
    }
    return text;
  }

  ConnectionLimits limits_{{.head = 200ms, .pause = 100ms, .body = 300ms, .reply = 300ms},
                           /*body_bytes_max=*/1000};
  ReceiveBuffer buffer_;
  UniqueFd peer_;
  UniqueFd ours_;
};

constexpr std::string_view sized_head =
    "POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";

TEST_F(ConnectionTest, GivesTheHeadThenTheBodyAndNothingAfterIt) {
  Connection connection = connect();
  send(std::string(sized_head) + "helloGET /smuggled HTTP/1.1\r\n\r\n");
  const auto head = connection.read_head();
  ASSERT_TRUE(head) << head.error().detail;
  EXPECT_EQ(read_all(connection), std::string(sized_head) + "hello");
  EXPECT_FALSE(connection.fault());
}

TEST_F(ConnectionTest, FindsTheEndOfAHeadThatComesInPieces) {
  for (std::size_t split = 1; split < sized_head.size(); ++split) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const UniqueFd peer(ends[0]);
    Connection connection(UniqueFd(ends[1]), buffer_, limits_, {});
    ASSERT_GT(::send(peer.borrow(), sized_head.data(), split, 0), 0);
    std::thread rest([&] {
      std::this_thread::sleep_for(1ms);
      ::send(peer.borrow(), sized_head.data() + split, sized_head.size() - split, 0);
      ::send(peer.borrow(), "hello", 5, 0);
    });
    EXPECT_TRUE(connection.read_head()) << split;
    EXPECT_EQ(read_all(connection), std::string(sized_head) + "hello");
    rest.join();
  }
}

TEST_F(ConnectionTest, EndsAChunkedBodyWhereItEnds) {
  Connection connection = connect();
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "5\r\nhello\r\n0\r\n\r\n";
  send(head + body + "GET /smuggled");
  ASSERT_TRUE(connection.read_head());
  EXPECT_EQ(read_all(connection), head + body);
}

TEST_F(ConnectionTest, RemembersAFaultInAChunk) {
  Connection connection = connect();
  send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
  ASSERT_TRUE(connection.read_head());
  read_all(connection);
  ASSERT_TRUE(connection.fault());
  EXPECT_EQ(connection.fault()->kind, ProblemKind::too_large);
}

TEST_F(ConnectionTest, RefusesAHeadThatNeverEnds) {
  Connection connection = connect();
  std::thread flood([this] {
    const std::string line = "X: " + std::string(997, 'a') + "\r\n";
    std::string head = "GET / HTTP/1.1\r\n";
    while (head.size() <= head_bytes_max) head += line;
    ::send(peer_.borrow(), head.data(), head.size(), MSG_NOSIGNAL);
  });
  const auto head = connection.read_head();
  flood.join();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().kind, ProblemKind::head_too_large);
}

TEST_F(ConnectionTest, GivesUpOnAHeadThatDrips) {
  limits_.deadlines.pause = 150ms;
  Connection connection = connect();
  std::thread drip([this] {
    for (const char c : std::string_view("GET / HTTP/1.1\r\nHost: x\r\n")) {
      if (::send(peer_.borrow(), &c, 1, MSG_NOSIGNAL) != 1) return;
      std::this_thread::sleep_for(20ms);
    }
  });
  const auto head = connection.read_head();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().kind, ProblemKind::request_timeout);
  connection.finish();
  drip.join();
}

TEST_F(ConnectionTest, GivesUpOnABodyThatStops) {
  Connection connection = connect();
  send(std::string(sized_head) + "he");
  ASSERT_TRUE(connection.read_head());
  read_all(connection);
  ASSERT_TRUE(connection.fault());
  EXPECT_EQ(connection.fault()->kind, ProblemKind::request_timeout);
}

TEST_F(ConnectionTest, NoticesThatThePeerWentAway) {
  Connection connection = connect();
  send(std::string(sized_head) + "he");
  peer_.reset();
  ASSERT_TRUE(connection.read_head());
  read_all(connection);
  ASSERT_TRUE(connection.fault());
}

TEST_F(ConnectionTest, SaysNothingToAPeerThatAskedNothing) {
  Connection connection = connect();
  peer_.reset();
  const auto head = connection.read_head();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().detail, "");
}

TEST_F(ConnectionTest, GivesUpOnAPeerThatTakesNoReply) {
  Connection connection = connect();
  EXPECT_FALSE(connection.write(std::string(std::size_t{16} * 1024 * 1024, 'x')));
}

TEST_F(ConnectionTest, StopsWaitingForAHeadWhenTheServerStops) {
  const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  limits_.deadlines.head = 60s;
  limits_.deadlines.pause = 60s;
  Connection connection = connect({.before_head = stop.borrow()});
  EXPECT_FALSE(connection.read_head());  // at once, or this test times out
}

TEST_F(ConnectionTest, AnswersARequestThatIsThereAlthoughTheServerStops) {
  const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  Connection connection = connect({.before_head = stop.borrow()});
  send(std::string(sized_head) + "hello");
  EXPECT_TRUE(connection.read_head());
}

TEST_F(ConnectionTest, WipesTheBodyAsItIsReadAndEverythingAtTheEnd) {
  const auto holds = [this](std::string_view text) {
    return std::string_view(buffer_.memory().data(), buffer_.memory().size()).contains(text);
  };
  {
    Connection connection = connect();
    send(std::string(sized_head) + "hello");
    ASSERT_TRUE(connection.read_head());
    EXPECT_TRUE(holds("hello"));  // or this test could not fail
    read_all(connection);
    EXPECT_FALSE(holds("hello"));
    EXPECT_TRUE(holds("POST"));
  }
  for (const char c : buffer_.memory()) ASSERT_EQ(c, '\0');
}

TEST(ConnectionQueue, GivesBackWhatIsTooMuch) {
  ConnectionQueue queue(1);
  EXPECT_FALSE(queue.offer(UniqueFd(::dup(0))));
  EXPECT_TRUE(queue.offer(UniqueFd(::dup(0))));
  EXPECT_TRUE(queue.take());
  EXPECT_FALSE(queue.offer(UniqueFd(::dup(0))));
}

TEST(ConnectionQueue, HandsOutWhatIsWaitingAfterItWasClosed) {
  ConnectionQueue queue(2);
  EXPECT_FALSE(queue.offer(UniqueFd(::dup(0))));
  queue.close();
  EXPECT_TRUE(queue.offer(UniqueFd(::dup(0))));
  EXPECT_TRUE(queue.take());
  EXPECT_FALSE(queue.take());
}

TEST(Listener, RefusesAnAddressThatIsNotLoopback) {
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    const auto listener = Listener::open({address, 0}, std::nullopt);
    ASSERT_FALSE(listener) << address;
    EXPECT_EQ(listener.error().code(), ErrorCode::rejected);
  }
  EXPECT_TRUE(Listener::open({"0.0.0.0", 0}, PlaintextFromNetwork{"test of the refusal"}));
}

TEST(Listener, RefusesANameAndAPortThatIsTaken) {
  EXPECT_EQ(Listener::open({"localhost", 0}, std::nullopt).error().code(), ErrorCode::malformed);
  const auto first = Listener::open({"127.0.0.1", 0}, std::nullopt);
  ASSERT_TRUE(first);
  EXPECT_NE(first->address().port, 0);
  const auto second = Listener::open({"127.0.0.1", first->address().port}, std::nullopt);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace mayfly::api
