#include "cli/sealed_sender.hpp"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/loopback_post.hpp"
#include "api/request_decode.hpp"
#include "api/sealed_media_type.hpp"
#include "crypto/wipe.hpp"
#include "intake/envelope_writer.hpp"
#include "intake/sealed_reply.hpp"

namespace mayfly::cli {
namespace {

using api::LoopbackPost;
using intake::EnvelopeWriter;

// Both of a job's streams, each byte of which may be escaped in six, and the rest.
constexpr std::size_t answer_bytes_max =
    std::size_t{12} * api::max_output_bytes_max + std::size_t{64} * 1024 * 1024;

// One piece of the dataset in clear.
class PieceBuffer {
 public:
  PieceBuffer() = default;
  PieceBuffer(const PieceBuffer&) = delete;
  PieceBuffer& operator=(const PieceBuffer&) = delete;
  ~PieceBuffer() { crypto::wipe(bytes_); }

  // As much as there is, up to a piece; empty at the end.
  Result<ByteView> fill(const UniqueFd& from) {
    std::size_t size = 0;
    while (size < bytes_.size()) {
      const ssize_t got = ::read(from.borrow(), bytes_.data() + size, bytes_.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("reading the dataset");
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    return ByteView(bytes_).first(size);
  }

 private:
  std::array<std::uint8_t, intake::piece_bytes_max> bytes_{};
};

Result<LoopbackPost::Sent> send_dataset(LoopbackPost& post, EnvelopeWriter& envelope,
                                        const UniqueFd& dataset, SealedAnswer& out,
                                        const std::function<void(std::uint64_t)>& progress) {
  const auto buffer = std::make_unique<PieceBuffer>();
  crypto::Sha256Hasher hasher;
  for (;;) {
    TRY(const ByteView piece, buffer->fill(dataset));
    if (piece.empty()) break;
    hasher.update(piece);
    out.dataset_bytes += piece.size();
    progress(out.dataset_bytes);
    TRY(const auto sent, post.send(envelope.dataset(piece)));
    if (sent == LoopbackPost::Sent::answered) return sent;
  }
  out.dataset_hash = std::move(hasher).finish();
  return post.send(envelope.end());
}

// What the service says of itself in a problem document; it is plain, and holds nothing private.
std::string words_of(const api::LoopbackAnswer& answer) {
  const auto problem =
      nlohmann::json::parse(text_of(answer.body), /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!problem.is_object()) return fmt::format("the service answers {}", answer.status);
  std::string text = fmt::format("the service answers {} ({}): {}", answer.status,
                                 problem.value("code", std::string("?")),
                                 problem.value("detail", std::string("?")));
  if (!problem.contains("errors") || !problem["errors"].is_array()) return text;
  for (const auto& error : problem["errors"]) {
    if (!error.is_object()) continue;
    text += fmt::format("; {}: {}", error.value("pointer", std::string("?")),
                        error.value("detail", std::string("?")));
  }
  return text;
}

Result<LoopbackPost> begin_post(const Destination& destination) {
  api::HeaderFields fields{{"Content-Type", std::string(api::sealed_upload_media_type)}};
  if (!destination.token.empty()) {
    fields.emplace_back("Authorization", "Bearer " + destination.token);
  }
  return LoopbackPost::begin(destination.base + "/execute", fields, destination.patience);
}

}  // namespace

Result<SealedAnswer> send_sealed(const Destination& destination,
                                 const certificate::SessionAttestation& session,
                                 const std::string& request_json, const UniqueFd* dataset,
                                 const std::function<void(std::uint64_t)>& progress) {
  if (!session.manifest.upload_key) {
    return fail(ErrorCode::unavailable, "the service offers no sealed uploads");
  }
  TRY(EnvelopeWriter envelope,
      EnvelopeWriter::begin(*session.manifest.upload_key,
                            crypto::sha256(bytes_of(session.manifest_text))));
  TRY(LoopbackPost post, begin_post(destination));
  SealedAnswer out;
  const auto next =
      dataset != nullptr ? EnvelopeWriter::Next::dataset : EnvelopeWriter::Next::nothing;
  CHECK_OK(post.send(envelope.header()));
  TRY(auto sent, post.send(envelope.request(bytes_of(request_json), next)));
  if (dataset != nullptr && sent == LoopbackPost::Sent::taken) {
    TRY(sent, send_dataset(post, envelope, *dataset, out, progress));
  }
  TRY(const api::LoopbackAnswer answer, std::move(post).finish(answer_bytes_max));
  if (answer.status != 200) return fail(ErrorCode::unavailable, words_of(answer));
  if (!api::is_media_type(answer.media_type, api::sealed_reply_media_type)) {
    return fail(ErrorCode::rejected, "the answer is not sealed, so it is not that of the service");
  }
  if (dataset != nullptr && !out.dataset_hash) {
    return fail(ErrorCode::rejected, "the service answers before it has the whole dataset");
  }
  TRY(const Bytes opened, intake::open_reply(envelope.reply_key(), answer.body));
  out.json = text_of(opened);
  return out;
}

}  // namespace mayfly::cli
