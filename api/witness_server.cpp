#include "api/witness_server.hpp"

#include <algorithm>

#include "api/connection.hpp"
#include "transparency/witness.hpp"

namespace mayfly::api {
namespace {

using transparency::WitnessAnswer;

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

std::string_view sentence(WitnessAnswer answer) {
  switch (answer) {
    case WitnessAnswer::cosign: return "";
    case WitnessAnswer::bad_request: return "the old size is larger than the checkpoint's\n";
    case WitnessAnswer::not_signed: return "the checkpoint is not signed by its log\n";
    case WitnessAnswer::unknown_log: return "this witness does not know that log\n";
    case WitnessAnswer::other_size: return "";
    case WitnessAnswer::other_root: return "this witness has seen another root of that size\n";
    case WitnessAnswer::inconsistent:
      return "the log did not grow from what this witness has seen\n";
  }
  return "";
}

WitnessReply refusal(int status, std::string_view why) {
  return {.status = status, .media_type = std::string(plain_text), .body = std::string(why)};
}

WitnessReply cosigned(const transparency::AddCheckpoint& request, const WitnessOptions& options,
                      const transparency::NoteSigner& signer, store::WitnessStore& state) {
  // Durable first: a cosignature that is out can never be taken back.
  if (!state.record(request.signed_checkpoint)) {
    return refusal(500, "the checkpoint could not be kept\n");
  }
  const auto seconds = static_cast<std::uint64_t>(options.now().value / 1000);
  const auto signature = signer.cosign(request.signed_checkpoint.note.text, seconds);
  if (!signature) return refusal(500, "the checkpoint could not be signed\n");
  return {.status = 200,
          .media_type = std::string(plain_text),
          .body = transparency::signature_line(*signature)};
}

void write_reply(Connection& connection, const WitnessReply& reply) {
  connection.write("HTTP/1.1 " + std::to_string(reply.status) +
                   " \r\nConnection: close\r\nContent-Type: " + reply.media_type +
                   "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" +
                   reply.body);
}

// The body of a request whose head was read: what follows the head's empty line.
std::optional<Bytes> read_body(Connection& connection) {
  std::string whole;
  char part[4096];
  std::ptrdiff_t got = 0;
  while ((got = connection.read(part)) > 0) whole.append(part, static_cast<std::size_t>(got));
  const std::size_t end = whole.find("\r\n\r\n");
  if (got < 0 || end == std::string::npos) return std::nullopt;
  return Bytes(whole.begin() + static_cast<std::ptrdiff_t>(end) + 4, whole.end());
}

WitnessReply answer_request(Connection& connection, const WitnessOptions& options,
                            const transparency::NoteSigner& signer, store::WitnessStore& state) {
  const auto head = connection.read_head();
  if (!head) return refusal(head.error().detail.empty() ? 0 : 400, head.error().detail + "\n");
  if (head->path != "/add-checkpoint") return refusal(404, "this is a witness: /add-checkpoint\n");
  if (head->method != "POST") return refusal(405, "POST a checkpoint\n");
  if (head->body != RequestHead::Body::sized) return refusal(411, "send Content-Length\n");
  const auto body = read_body(connection);
  if (!body) return refusal(400, "the request did not come whole\n");
  return answer_add_checkpoint(*body, options, signer, state);
}

}  // namespace

WitnessReply answer_add_checkpoint(ByteView body, const WitnessOptions& options,
                                   const transparency::NoteSigner& signer,
                                   store::WitnessStore& state) {
  const auto request = transparency::parse_add_checkpoint(body);
  if (!request) return refusal(400, request.error().message() + "\n");
  const std::string& origin = request->signed_checkpoint.checkpoint.origin;
  const auto log = std::ranges::find_if(
      options.logs, [&](const transparency::PolicyLog& known) { return known.key.name == origin; });
  const auto seen = state.seen(origin);
  if (!seen) return refusal(500, "what this witness has seen cannot be read\n");
  const WitnessAnswer answer = transparency::judge_add_checkpoint(
      *request, log == options.logs.end() ? nullptr : &log->key, *seen);
  if (answer == WitnessAnswer::cosign) return cosigned(*request, options, signer, state);
  if (answer == WitnessAnswer::other_size) {
    return {.status = http_status(answer),
            .media_type = "text/x.tlog.size",
            .body = std::to_string(*seen ? (*seen)->size : 0) + "\n"};
  }
  return refusal(http_status(answer), sentence(answer));
}

Result<void> serve_witness(const WitnessOptions& options, const transparency::NoteSigner& signer,
                           store::WitnessStore& state, int stop_fd) {
  TRY(Listener listener, Listener::open(options.listen, std::nullopt));
  TRY(ReceiveBuffer buffer, ReceiveBuffer::allocate());
  constexpr std::chrono::milliseconds patience{2'000};
  const ConnectionLimits limits{
      .deadlines = {.head = patience, .pause = patience, .body = patience, .reply = patience},
      .body_bytes_max = transparency::add_checkpoint_bytes_max};
  options.on_listening(listener.address());
  for (;;) {
    TRY(auto socket, listener.accept(stop_fd));
    if (!socket) return {};
    Connection connection(std::move(*socket), buffer, limits, {.before_head = stop_fd});
    const WitnessReply reply = answer_request(connection, options, signer, state);
    if (reply.status != 0) {
      write_reply(connection, reply);
      options.log("event=add-checkpoint status=" + std::to_string(reply.status));
    }
    connection.finish();
  }
}

}  // namespace mayfly::api
