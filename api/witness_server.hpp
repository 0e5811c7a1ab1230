// A small witness: POST /add-checkpoint on the loopback address, and nothing else.
//
// Source    C2SP tlog-witness.
// Errors    Of serve_witness(): rejected (not loopback), unavailable (port taken, state locked).
// Threads   Blocks its thread and answers one request after the other: what it checked and what it
//           records can then never be of two requests.
#pragma once
#include <functional>
#include <string_view>

#include "api/listener.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/witness_store.hpp"
#include "transparency/log_policy.hpp"
#include "transparency/note_signer.hpp"

namespace mayfly::api {

struct WitnessOptions {
  ListenAddress listen;
  std::vector<transparency::PolicyLog> logs;  // whose checkpoints are cosigned
  std::function<void(const ListenAddress&)> on_listening;
  std::function<void(std::string_view)> log;  // one line for each request
  std::function<UnixMillis()> now;
};

struct WitnessReply {
  int status = 0;
  std::string media_type;
  std::string body;
};
// Without the network: judges, records, cosigns.
WitnessReply answer_add_checkpoint(ByteView body, const WitnessOptions& options,
                                   const transparency::NoteSigner& signer,
                                   store::WitnessStore& state);

// Until `stop_fd` (borrowed) is readable.
Result<void> serve_witness(const WitnessOptions& options, const transparency::NoteSigner& signer,
                           store::WitnessStore& state, int stop_fd);

}  // namespace mayfly::api
