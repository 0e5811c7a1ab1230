// The body of a run's request, as it comes, into a request to run. The dataset goes from the
// reader's buffer into sealed memory and nowhere else.
//
// Errors    A Problem: what is wrong with the body, or that there is no room for its dataset.
// Threads   One intake, one thread.
#pragma once
#include <expected>
#include <optional>

#include "api/request_decode.hpp"
#include "api/run_queue.hpp"
#include "api/service.hpp"
#include "base/bytes.hpp"
#include "crypto/sha2.hpp"
#include "intake/json_siphon.hpp"

namespace mayfly::api {

enum class BodyHash : std::uint8_t { none, taken };  // only an Idempotency-Key has a use for it

struct TakenIn {
  DecodedRequest request;
  crypto::Sha256 body_hash;  // zeros if none was taken
};

class TakeIn {
 public:
  // Precondition: `place` outlives this.
  static std::expected<TakeIn, Problem> begin(const Service& service, RunQueue::Place& place,
                                              std::string owner, BodyHash hash);

  std::expected<void, Problem> append(ByteView bytes);
  std::expected<TakenIn, Problem> finish() &&;

 private:
  TakeIn(const Service& service, RunQueue::Place& place, std::string owner,
         intake::JsonSiphon siphon)
      : service_(&service), place_(&place), owner_(std::move(owner)), siphon_(std::move(siphon)) {}
  const Service* service_;
  RunQueue::Place* place_;
  std::string owner_;
  intake::JsonSiphon siphon_;
  std::optional<crypto::Sha256Hasher> hasher_;
  std::uint64_t bytes_ = 0;
};

}  // namespace mayfly::api
