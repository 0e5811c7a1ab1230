// Opens a sealed upload as it comes: the request's JSON through one locked page into the siphon,
// the dataset piece by piece straight into its own sealed memory.
//
// Source    docs/reference/sealed-upload.md.
// Shapes    In clear there are the page, wiped after each piece, and the dataset's memory. A piece
//           is opened only if it is the next one and whole. A dataset comes after the request or,
//           as base64, within it, not both.
// Errors    malformed, limit: as JsonSiphon and FileIntake; rejected, unavailable: the envelope, of
//           which fault() says more.
// Threads   One intake, one thread; several over one UploadSession.
#pragma once
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "intake/file_intake.hpp"
#include "intake/json_siphon.hpp"
#include "intake/piece_reader.hpp"
#include "intake/upload_session.hpp"

namespace mayfly::intake {

class SealedIntake {
 public:
  // Precondition: `session` outlives this.
  static Result<SealedIntake> begin(UploadSession& session, const IntakeLimits& limits,
                                    JobIdentity identity, std::size_t rest_bytes_max);

  Result<void> append(ByteView bytes);  // any split of the body

  struct Opened {
    JsonSiphon::Parts parts;
    crypto::LockedSecret reply_key;
  };
  Result<Opened> finish();  // once, at the end

  // Something: why the last call failed, if it was the envelope's fault.
  std::optional<SealFault> fault() const { return fault_; }

 private:
  SealedIntake(UploadSession& session, const IntakeLimits& limits, JobIdentity identity,
               JsonSiphon siphon, crypto::LockedSecret page)
      : session_(&session),
        limits_(limits),
        identity_(identity),
        siphon_(std::move(siphon)),
        page_(std::move(page)) {}

  Result<void> on_header(ByteView bytes);
  Result<void> on_request_piece(ByteView sealed);
  Result<void> on_dataset_piece(ByteView sealed);
  Result<void> note_use();
  Result<crypto::StreamTag> open(ByteView sealed, std::span<std::uint8_t> out);
  std::unexpected<Error> refuse(SealFault fault, ErrorCode code, std::string_view why);

  enum class Part : std::uint8_t { request, dataset, over };

  UploadSession* session_;
  IntakeLimits limits_;
  JobIdentity identity_;
  PieceReader reader_{envelope_header_bytes};
  JsonSiphon siphon_;
  crypto::LockedSecret page_;  // a piece of the request, in clear
  EnvelopeHeader header_;
  std::optional<crypto::OpeningStream> stream_;
  std::optional<crypto::LockedSecret> reply_key_;
  std::optional<FileIntake> dataset_;
  Part part_ = Part::request;
  bool used_ = false;
  std::optional<SealFault> fault_;
};

}  // namespace mayfly::intake
