// The body of a run's request, as it comes, into a request to run. The dataset goes from the
// reader's buffer into sealed memory and nowhere else; a sealed upload is opened on that way.
//
// Errors    A Problem: what is wrong with the body, or that there is no room for its dataset.
// Threads   One intake, one thread.
#pragma once
#include <expected>
#include <optional>
#include <variant>

#include "api/request_decode.hpp"
#include "api/run_queue.hpp"
#include "api/service.hpp"
#include "base/bytes.hpp"
#include "crypto/locked_secret.hpp"
#include "crypto/sha2.hpp"
#include "intake/json_siphon.hpp"
#include "intake/sealed_intake.hpp"

namespace mayfly::api {

enum class BodyForm : std::uint8_t { json, sealed };
enum class BodyHash : std::uint8_t { none, taken };  // only an Idempotency-Key has a use for it

struct TakenIn {
  DecodedRequest request;
  // Zeros if none was taken. Of a sealed upload, what it holds: sealed again, it is the same.
  crypto::Sha256 body_hash;
  std::optional<crypto::LockedSecret> reply_key{};  // the answer is sealed with it
};

class TakeIn {
 public:
  // Precondition: `place` outlives this; sealed uploads are offered if `form` says that this is
  // one.
  static std::expected<TakeIn, Problem> begin(const Service& service, RunQueue::Place& place,
                                              std::string owner, BodyForm form, BodyHash hash);

  std::expected<void, Problem> append(ByteView bytes);
  std::expected<TakenIn, Problem> finish() &&;

 private:
  using Intake = std::variant<intake::JsonSiphon, intake::SealedIntake>;
  TakeIn(const Service& service, RunQueue::Place& place, std::string owner, Intake intake)
      : service_(&service), place_(&place), owner_(std::move(owner)), intake_(std::move(intake)) {}
  static Result<Intake> begin_intake(const Service& service, BodyForm form);
  std::unexpected<Problem> refusal(const Error& error) const;
  std::expected<intake::JsonSiphon::Parts, Problem> take_parts();
  crypto::Sha256 hash_of(const intake::JsonSiphon::Parts& parts);

  const Service* service_;
  RunQueue::Place* place_;
  std::string owner_;
  Intake intake_;
  std::optional<crypto::LockedSecret> reply_key_;
  std::optional<crypto::Sha256Hasher> hasher_;
  std::uint64_t bytes_ = 0;
};

}  // namespace mayfly::api
