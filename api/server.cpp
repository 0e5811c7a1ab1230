#include "api/server.hpp"

#include <httplib.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "api/connection_queue.hpp"
#include "api/execute_route.hpp"
#include "api/ledger_run.hpp"
#include "api/metrics_route.hpp"
#include "api/reply_text.hpp"
#include "api/request_decode.hpp"
#include "api/routes.hpp"
#include "base/text_encoding.hpp"
#include "crypto/random.hpp"
#include "intake/upload_session.hpp"
#include "pipeline/dataset_bound.hpp"
#include "pipeline/session.hpp"

namespace mayfly::api {
namespace {

std::string fresh_request_id() {
  std::array<std::uint8_t, 12> random{};
  crypto::fill_random(random);
  return "req_" + hex_encode(random);
}

bool is_request_id(std::string_view text) {
  constexpr std::size_t bytes_max = 64;
  return !text.empty() && text.size() <= bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

struct ExchangeRecord {  // for the log line
  std::string method = "-";
  std::string path = "-";
  std::string request_id = fresh_request_id();
  std::string certificate_id;
  int status = 0;
  std::uint64_t received_bytes = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

// The library reads and writes through this, and so within our deadlines and bounds.
class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(Connection& connection) : connection_(connection) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, std::size_t size) override { return connection_.read({out, size}); }
  ssize_t write(const char* bytes, std::size_t size) override {
    if (muted_) return static_cast<ssize_t>(size);
    return connection_.write({bytes, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket().borrow(); }

  // What the library says from here on is not the answer.
  void mute() { muted_ = true; }

 private:
  Connection& connection_;
  bool muted_ = false;
};

// The library's server without its sockets and threads: it parses one request from our stream,
// calls back, and writes the reply. Its own listener accepts without close-on-exec, and its own
// reader lets a header or a chunk size grow without end.
class Exchange final : private httplib::Server {
 public:
  Exchange(Connection& connection, const Service& service, ExchangeRecord& record)
      : connection_(connection), stream_(connection), service_(service), record_(record) {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      auto reply = refuse_or_answer(request);
      if (!reply) return HandlerResponse::Unhandled;
      fill(response, std::move(*reply));
      return HandlerResponse::Handled;
    });
    // A refusal is worth more before a large body than after it.
    set_expect_100_continue_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          if (request.method != "POST") return 100;
          auto reply = refuse_or_answer(request);
          if (!reply) return 100;
          fill(response, std::move(*reply));
          return response.status;
        });
    const HandlerWithContentReader execute_handler = [this](const httplib::Request& request,
                                                            httplib::Response& response,
                                                            const httplib::ContentReader& content) {
      fill(response, execute(call_of(request), service_, reader_of(content)));
    };
    Post("/execute", execute_handler);
    Post("/v1/execute", execute_handler);
    // What the library refuses by itself: a reply without a body yet.
    set_error_handler(
        HandlerWithResponse([this](const httplib::Request& request, httplib::Response& response) {
          if (response.body.empty()) fill(response, library_refusal(request, response.status));
          return HandlerResponse::Handled;
        }));
    set_exception_handler([this](const httplib::Request& request, httplib::Response& response,
                                 const std::exception_ptr& /*exception*/) {
      fill(response, problem_reply({ProblemKind::internal, "the request could not be answered"},
                                   request.path));
    });
  }

  // Something: the answer comes later.
  std::optional<Later> run() {
    bool connection_closed = false;
    process_request(
        stream_, /*close_connection=*/true, connection_closed, [this](httplib::Request& request) {
          // No ranges and no compression: a reply is the bytes that were hashed.
          request.headers.erase("Range");
          request.headers.erase("Accept-Encoding");
          request.ranges.clear();
          record_.method = request.method;
          record_.path = request.path;
          const std::string id = request.get_header_value(std::string(request_id_header));
          if (is_request_id(id)) record_.request_id = id;
        });
    return std::move(later_);
  }

 private:
  std::optional<Reply> refuse_or_answer(const httplib::Request& request) {
    auto caller =
        service_.access.caller(request.get_header_value("Authorization"), service_.parts.now());
    if (!caller) return problem_reply(caller.error(), request.path);
    caller_ = *std::move(caller);
    return answer(call_of(request), service_);
  }

  Call call_of(const httplib::Request& request) const {
    return {.method = request.method,
            .path = request.path,
            .query = request.params,
            .accept = request.get_header_value("Accept"),
            .content_type = request.get_header_value("Content-Type"),
            .if_none_match = request.get_header_value("If-None-Match"),
            .origin = request.get_header_value("Origin"),
            .prefer = joined(request, "Prefer"),
            .last_event_id = request.get_header_value("Last-Event-ID"),
            .idempotency_key = request.get_header_value("Idempotency-Key"),
            .caller = caller_};
  }

  static std::string joined(const httplib::Request& request, const std::string& name) {
    std::string all;
    const auto [first, last] = request.headers.equal_range(name);
    for (auto field = first; field != last; ++field) all += field->second + ",";
    return all;
  }

  void fill(httplib::Response& response, Reply reply) {
    if (reply.later) {
      later_ = std::move(reply.later);
      stream_.mute();
      response.status = 200;
      return;
    }
    response.status = reply.status;
    response.body = std::move(reply.body);
    response.headers.clear();
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    for (const auto& [name, value] : security_headers()) response.set_header(name, value);
    response.set_header(std::string(request_id_header), record_.request_id);
    if (!reply.media_type.empty()) response.set_header("Content-Type", reply.media_type);
    record_.status = reply.status;
    if (!reply.certificate_id.empty()) record_.certificate_id = std::move(reply.certificate_id);
  }

  static Reply library_refusal(const httplib::Request& request, int status) {
    const bool is_ours = status >= 500;
    return problem_reply({is_ours ? ProblemKind::internal : ProblemKind::malformed_request,
                          is_ours ? "the request could not be answered"
                                  : "the request is not one that is understood here"},
                         request.path);
  }

  BodyReader reader_of(const httplib::ContentReader& content) {
    return [this, &content](const BodySink& sink) -> std::expected<void, Problem> {
      bool wanted = true;
      const bool whole = content([&](const char* bytes, std::size_t size) {
        wanted = sink(bytes_of({bytes, size}));
        // The library's buffer, on this thread's stack: nobody reads it after us.
        ::explicit_bzero(const_cast<char*>(bytes), size);
        return wanted;
      });
      if (connection_.fault()) return std::unexpected(*connection_.fault());
      if (whole || !wanted) return {};
      return std::unexpected(
          Problem{ProblemKind::malformed_request, "the body did not come whole"});
    };
  }

  Connection& connection_;
  ConnectionStream stream_;
  Caller caller_;  // nobody, until the head has been looked at
  const Service& service_;
  ExchangeRecord& record_;
  std::optional<Later> later_;
};

// A refusal of the head itself: the library never saw the request. `path` is empty if it was not
// read.
void write_refusal(Connection& connection, const Problem& problem, std::string_view path,
                   ExchangeRecord& record) {
  const Reply reply = problem_reply(problem, path);
  record.status = reply.status;
  connection.write(reply_text(reply, record.request_id));
}

// Something: the answer comes later, and the connection stays open for it.
std::optional<Later> run_exchange(Connection& connection, const Service& service,
                                  ExchangeRecord& record) {
  const auto head = connection.read_head();
  if (!head) {
    if (!head.error().detail.empty()) write_refusal(connection, head.error(), {}, record);
    return std::nullopt;
  }
  record.method = head->method;
  record.path = head->path;
  const bool has_body = head->body != RequestHead::Body::none;
  if (head->method == "POST" && !has_body) {
    write_refusal(connection,
                  {ProblemKind::length_required,
                   "a POST needs a body: send Content-Length or Transfer-Encoding: chunked"},
                  head->path, record);
    return std::nullopt;
  }
  return Exchange(connection, service, record).run();
}

std::string_view refusal_label(int status) {
  switch (status) {
    case 401: return "unauthorized";
    case 403: return "forbidden";
    case 429: return "too_many";
    case 503: return "no_room";
    default: return {};
  }
}

// One write, so that lines of several threads do not mix. A lost log line stops nothing.
void log_to_standard_error(Level level, std::string_view line) {
  static const bool to_journal = ::getenv("JOURNAL_STREAM") != nullptr;
  std::string text;
  if (to_journal) text = syslog_prefix(level);
  text.append(line).append("\n");
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

std::uint64_t body_room(const intake::IntakeLimits& intake) {
  constexpr std::uint64_t sum_cannot_overflow = std::uint64_t{1} << 60;
  constexpr std::uint64_t seals_of_rest =
      (request_rest_bytes_max / intake::request_piece_bytes_max + 2) * intake::piece_overhead_bytes;
  return std::min(intake.dataset_bytes_max, sum_cannot_overflow) / 3 * 4 + 4 +
         request_rest_bytes_max + intake::envelope_header_bytes + seals_of_rest;
}

class Workers {
 public:
  Workers(const ServeOptions& options, const Service& service, ConnectionQueue& queue,
          WaitingRoom& room, const Interrupts& interrupts)
      : limits_{options.deadlines, options.body_bytes_max.value_or(body_room(options.intake))},
        service_(service),
        queue_(queue),
        room_(room),
        interrupts_(interrupts) {}

  Result<void> start(std::size_t threads) {
    // All buffers first: a machine that cannot lock them must say so at start, not under load.
    for (std::size_t i = 0; i < threads; ++i) {
      TRY(ReceiveBuffer buffer, ReceiveBuffer::allocate());
      buffers_.push_back(std::move(buffer));
    }
    try {
      for (ReceiveBuffer& buffer : buffers_) {
        {
          const std::lock_guard lock(mutex_);
          ++running_;
        }
        threads_.emplace_back([this, &buffer] { work(buffer); });
      }
    } catch (const std::system_error&) {
      queue_.close();
      join();
      return fail(ErrorCode::unavailable, "cannot start " + std::to_string(threads) +
                                              " threads: raise the limit on tasks, or use fewer");
    }
    return {};
  }

  // True: all have finished by then.
  bool wait_for(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return finished_.wait_for(lock, patience, [&] { return running_ == 0; });
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work(ReceiveBuffer& buffer) {
    while (auto socket = queue_.take()) answer_one(std::move(*socket), buffer);
    const std::lock_guard lock(mutex_);
    --running_;
    finished_.notify_all();
  }

  void answer_one(UniqueFd socket, ReceiveBuffer& buffer) {
    Connection connection(std::move(socket), buffer, limits_, interrupts_);
    ExchangeRecord record;
    auto later = run_exchange(connection, service_, record);
    record.received_bytes = connection.bytes_received();
    if (later) return answer_later(connection, *std::move(later), std::move(record));
    connection.finish();
    if (record.status == 0) return;  // Came and left without asking: a port check.
    log(record);
  }

  void answer_later(Connection& connection, Later later, ExchangeRecord record) {
    WaitingRoom::Guest guest{.socket = {},
                             .later = std::move(later),
                             .request_id = record.request_id,
                             .answered = [this, record](const Reply& reply) mutable {
                               record.status = reply.status;
                               record.certificate_id = reply.certificate_id;
                               log(record);
                             }};
    guest.socket = connection.hand_over();
    const auto refusal = room_.admit(guest);
    if (!refusal) return;
    connection.take_back(std::move(guest.socket));
    connection.write(reply_text(*refusal, record.request_id));
    connection.finish();
    record.status = refusal->status;
    log(record);
  }

  void log(const ExchangeRecord& record) const {
    const auto took = std::chrono::steady_clock::now() - record.started;
    const std::string_view route = route_label(record.path);
    Metrics& metrics = service_.metrics;
    metrics.add(Metric::http_requests, {route, status_class(record.status)});
    metrics.observe(Metric::http_request_duration, {route},
                    std::chrono::duration<double>(took).count());
    if (const std::string_view why = refusal_label(record.status); !why.empty()) {
      metrics.add(Metric::access_refused, {why});
    }
    const bool is_refusal = record.status == 401 || record.status == 403;
    LogEvent event(is_refusal ? Channel::security : Channel::performance,
                   is_refusal ? Level::warning : Level::info, "request", service_.parts.now());
    event.with("method", record.method).with("path", record.path).with("status", record.status);
    event.with("ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    event.with("received_bytes", static_cast<std::int64_t>(record.received_bytes));
    event.with("request_id", record.request_id).with("certificate_id", record.certificate_id);
    service_.log(is_refusal ? Level::warning : Level::info, std::move(event).line());
  }

  const ConnectionLimits limits_;
  const Service& service_;
  ConnectionQueue& queue_;
  WaitingRoom& room_;
  const Interrupts interrupts_;
  std::vector<ReceiveBuffer> buffers_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::size_t running_ = 0;
};

// From the accepting thread, so without waiting: whoever cannot take it at once goes without.
void turn_away(const UniqueFd& socket) {
  constexpr std::string_view reply =
      "HTTP/1.1 503 Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
      "Content-Length: 0\r\n\r\n";
  static_cast<void>(
      !::send(socket.borrow(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

Result<void> accept_until_stopped(Listener& listener, ConnectionQueue& queue, int stop_fd) {
  for (;;) {
    TRY(auto connection, listener.accept(stop_fd));
    if (!connection) return {};
    if (const auto surplus = queue.offer(std::move(*connection))) turn_away(*surplus);
  }
}

Result<void> check_options(const ServeOptions& options) {
  if (options.runs_max < 1 || options.runs_max > runs_at_once_max || options.readers_max < 1) {
    return fail(ErrorCode::limit, "runs_max is 1 to " + std::to_string(runs_at_once_max) +
                                      " (runs_at_once_max), and readers_max is at least 1");
  }
  if (options.runs_waiting_max > runs_waiting_bound) {
    return fail(ErrorCode::limit, "runs_waiting_max is at most " +
                                      std::to_string(runs_waiting_bound) + " (runs_waiting_bound)");
  }
  if (options.runs_per_minute_max < 1 || options.runs_per_minute_max > rate_per_window_max) {
    return fail(ErrorCode::limit, "runs_per_minute_max is 1 to " +
                                      std::to_string(rate_per_window_max) +
                                      " (rate_per_window_max)");
  }
  return {};
}

// Whoever can reach the port may run code here: from elsewhere never without a token.
Result<void> check_access(const ServeOptions& options, const Access& access) {
  if (!options.plaintext_from_network) return {};
  TRY(const bool open, access.is_open());
  if (!open) return {};
  return fail(ErrorCode::rejected,
              "a service that others can reach needs tokens, and there is none: make one with "
              "mayfly token create, then start again");
}

Result<RunQueueLimits> queue_limits(const ServeOptions& options) {
  RunQueueLimits limits{.runs_max = options.runs_max,
                        .waiting_max = options.runs_waiting_max,
                        .per_client_max = options.runs_per_client_max.value_or(
                            options.runs_max + options.runs_waiting_max),
                        // A body is not all dataset, but might be.
                        .dataset_bytes_max = body_room(options.intake),
                        .wait_max = options.run_wait_max};
  if (options.job_bytes_max) {
    limits.job_bytes_max = *options.job_bytes_max;
  } else {
    TRY(const std::uint64_t available, pipeline::available_memory_bytes());
    // A job of the default limits is tried on any machine.
    limits.job_bytes_max =
        std::max(available, static_cast<std::uint64_t>(executor::Limits{}.memory_bytes));
  }
  return limits;
}

// A new key at each start: whoever it is sealed to must be the process that was attested.
Result<std::unique_ptr<intake::UploadSession>> open_uploads(const pipeline::Parts& parts) {
  TRY(auto key, crypto::X25519PrivateKey::generate());
  const auto& upload_key = key.public_key();
  TRY(const std::string manifest,
      pipeline::session_manifest(parts, Bytes(upload_key.begin(), upload_key.end())));
  return std::make_unique<intake::UploadSession>(std::move(key),
                                                 crypto::sha256(bytes_of(manifest)));
}

}  // namespace

Result<void> serve(const ServeOptions& options, const pipeline::Parts& parts, store::Store& store,
                   int stop_fd) {
  CHECK_OK(check_options(options));
  TRY(Listener listener, Listener::open(options.listen, options.plaintext_from_network));
  TRY(const intake::JobIdentity identity, executor::job_identity());
  const UniqueFd cancel(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!cancel) return fail_errno("making the cancel event");

  TRY(const auto uploads, open_uploads(parts));
  TRY(const RunQueueLimits limits, queue_limits(options));
  RateLimit rate(options.runs_per_minute_max);
  Runs runs;
  Metrics metrics;
  std::optional<Records> records;
  if (options.database != nullptr) records.emplace(*options.database);
  const Access access(records ? &records->tokens : nullptr);
  CHECK_OK(check_access(options, access));
  if (records) {
    CHECK_OK(settle_unfinished(records->ledger, store, parts.now()));
  }
  // From here on, what is declared later ends earlier: no run outlives what it is answered with.
  TRY(const std::unique_ptr<WaitingRoom> room, WaitingRoom::open(options.waiting_room));
  RunQueue queue(limits);
  Service service{.parts = parts,
                  .store = store,
                  .queue = queue,
                  .rate = rate,
                  .runs = runs,
                  .metrics = metrics,
                  .log =
                      [&options](Level level, const std::string& line) {
                        if (options.log) return options.log(line);
                        log_to_standard_error(level, line);
                      },
                  .access = access,
                  .records = records ? &*records : nullptr,
                  .run_changed = [&room] { room->look(); },
                  .intake = options.intake,
                  .identity = identity,
                  .llm_endpoints = options.llm_endpoints,
                  .uploads = uploads.get()};
  service.parts.store = &store;
  ConnectionQueue connections(options.connections_waiting_max);
  Workers workers(options, service, connections, *room,
                  {.before_head = stop_fd, .always = cancel.borrow()});
  CHECK_OK(queue.start());
  CHECK_OK(workers.start(options.readers_max));
  if (options.plaintext_from_network) {
    LogEvent event(Channel::security, Level::warning, "weakening", parts.now());
    event.with("what", "plaintext-from-network");
    event.with("reason", options.plaintext_from_network->reason);
    service.log(Level::warning, std::move(event).line());
  }
  if (options.on_listening) options.on_listening(listener.address());

  auto accepted = accept_until_stopped(listener, connections, stop_fd);
  connections.close();
  // What came in goes on, and what it asked for too, until patience ends.
  const auto until = std::chrono::steady_clock::now() + options.drain;
  if (!accepted || !workers.wait_for(options.drain)) ::eventfd_write(cancel.borrow(), 1);
  workers.join();
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  if (!accepted || !queue.wait_until_idle(std::max(left, std::chrono::milliseconds(0)))) {
    runs.kill_all();
  }
  queue.stop();
  room->close();
  return accepted;
}

}  // namespace mayfly::api
