#include "intake/sealed_intake.hpp"

#include <utility>

#include "crypto/wipe.hpp"

namespace mayfly::intake {

using crypto::StreamTag;

Result<SealedIntake> SealedIntake::begin(UploadSession& session, const IntakeLimits& limits,
                                         JobIdentity identity, std::size_t rest_bytes_max) {
  TRY(JsonSiphon siphon, JsonSiphon::begin(limits, identity, rest_bytes_max));
  TRY(crypto::LockedSecret page, crypto::LockedSecret::allocate(request_piece_bytes_max));
  return SealedIntake(session, limits, identity, std::move(siphon), std::move(page));
}

std::unexpected<Error> SealedIntake::refuse(SealFault fault, ErrorCode code, std::string_view why) {
  fault_ = fault;
  return fail(code, std::string(why));
}

Result<void> SealedIntake::append(ByteView bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::over) {
      return refuse(SealFault::malformed, ErrorCode::malformed,
                    "the sealed upload goes on after its last piece");
    }
    auto taken = reader_.take(bytes);
    if (!taken) {
      if (taken.error().code() == ErrorCode::malformed) fault_ = SealFault::malformed;
      return std::unexpected(std::move(taken).error());
    }
    bytes = bytes.subspan(*taken);
    if (reader_.whole() == PieceReader::Whole::header) CHECK_OK(on_header(reader_.bytes()));
    if (reader_.whole() != PieceReader::Whole::piece) continue;
    CHECK_OK(part_ == Part::request ? on_request_piece(reader_.bytes())
                                    : on_dataset_piece(reader_.bytes()));
  }
  return {};
}

Result<void> SealedIntake::on_header(ByteView bytes) {
  auto header = parse_envelope_header(bytes);
  if (!header) {
    fault_ = SealFault::malformed;
    return std::unexpected(std::move(header).error());
  }
  header_ = *header;
  if (header_.session != session_->id()) {
    return refuse(SealFault::wrong_session, ErrorCode::rejected,
                  "the upload is sealed to another session of this service, or to another service: "
                  "attest it again and seal anew");
  }
  auto keys = session_->keys_for(header_);
  if (!keys) {
    if (keys.error().code() == ErrorCode::rejected) fault_ = SealFault::broken;
    return std::unexpected(std::move(keys).error());
  }
  TRY(crypto::OpeningStream stream,
      crypto::OpeningStream::begin(keys->request.view(), header_.stream));
  stream_.emplace(std::move(stream));
  reply_key_.emplace(std::move(keys->reply));
  return {};
}

Result<StreamTag> SealedIntake::open(ByteView sealed, std::span<std::uint8_t> out) {
  auto tag = stream_->open(sealed, out);
  if (tag) return *tag;
  return refuse(
      tag.error().code() == ErrorCode::rejected ? SealFault::broken : SealFault::malformed,
      tag.error().code(), "the sealed upload: " + tag.error().message());
}

// An envelope is used up by its first piece, whether or not the rest of it comes.
Result<void> SealedIntake::note_use() {
  if (std::exchange(used_, true)) return {};
  switch (session_->use(header_)) {
    case UploadSession::Use::first: return {};
    case UploadSession::Use::again:
      return refuse(SealFault::replayed, ErrorCode::rejected,
                    "this sealed upload has been sent before: each is taken once; seal anew");
    case UploadSession::Use::no_room: break;
  }
  return refuse(SealFault::used_up, ErrorCode::unavailable,
                "this session has taken as many sealed uploads as it can remember "
                "(envelopes_max), and takes no more: restart the service for a new one");
}

Result<void> SealedIntake::on_request_piece(ByteView sealed) {
  const std::size_t size = sealed.size() - crypto::secret_stream_piece_overhead_bytes;
  if (size > request_piece_bytes_max) {
    return fail(ErrorCode::limit, "a piece of the sealed request is larger than " +
                                      std::to_string(request_piece_bytes_max) +
                                      " bytes (request_piece_bytes_max): send smaller ones");
  }
  const auto clear = page_.bytes().first(size);
  TRY(const StreamTag tag, open(sealed, clear));
  CHECK_OK(note_use());
  if (size == 0 && tag == StreamTag::message) {
    return refuse(SealFault::malformed, ErrorCode::malformed,
                  "a piece of the sealed upload is empty and not the last one");
  }
  auto appended = siphon_.append(clear);
  crypto::wipe(clear);
  CHECK_OK(std::move(appended));
  if (tag == StreamTag::message) return {};
  part_ = tag == StreamTag::final ? Part::over : Part::dataset;
  if (part_ == Part::dataset) {
    TRY(dataset_, FileIntake::begin("dataset", limits_, identity_));
  }
  return {};
}

Result<void> SealedIntake::on_dataset_piece(ByteView sealed) {
  const std::size_t size = sealed.size() - crypto::secret_stream_piece_overhead_bytes;
  TRY(const auto room, dataset_->room(size));
  // Less than asked for: this piece goes over the bound, which commit() says.
  if (room.size() < size) return dataset_->commit(room.size());
  TRY(const StreamTag tag, open(sealed, room));
  if (tag == StreamTag::push || (size == 0 && tag == StreamTag::message)) {
    return refuse(SealFault::malformed, ErrorCode::malformed,
                  "a piece of the sealed dataset is empty or ends what is not at its end");
  }
  CHECK_OK(dataset_->commit(size));
  if (tag == StreamTag::final) part_ = Part::over;
  return {};
}

Result<SealedIntake::Opened> SealedIntake::finish() {
  if (part_ != Part::over) {
    return refuse(SealFault::cut_off, ErrorCode::malformed,
                  "the sealed upload ends before its last piece: some of it is missing");
  }
  TRY(JsonSiphon::Parts parts, std::move(siphon_).finish());
  if (dataset_) {
    if (parts.data) {
      return fail(ErrorCode::malformed,
                  "the sealed upload has a dataset in its request and another after it");
    }
    TRY(parts.data, std::move(*dataset_).seal());
  }
  return Opened{.parts = std::move(parts), .reply_key = std::move(*reply_key_)};
}

}  // namespace mayfly::intake
