// What a job did with files and addresses, as it enters the claim: aggregated and sorted.
//
// Shapes    Files of the image that were read are in files_used, by content; what happened below
//           /proc and /dev is in the trace only. Names below /tmp and /dev/shm are drawn at random
//           by many programs, so they count as one. A call that failed is here when it was denied;
//           one that asked for what is not there is in the trace only.
// Errors    internal only.
// Threads   Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::pipeline {

std::vector<certificate::FileOp> aggregate_files(const std::vector<executor::FileEvent>& events,
                                                 const crypto::Sha256& disclosure_key);

// Asks for an address: a connection, or a datagram sent to one.
bool asks_for_address(executor::FileCall call);
// A connection to the one address that a run may have.
bool is_allowed_connection(const executor::FileEvent& event,
                           std::optional<std::uint16_t> loopback_port);

std::vector<certificate::NetworkCall> aggregate_addresses(
    const std::vector<executor::FileEvent>& events,
    std::optional<std::uint16_t> loopback_port = std::nullopt);

// Files of the measured image that were executed or opened, by content; what the job itself wrote
// is not image.
Result<certificate::FilesUsed> files_used(const executor::RunReport& report);

// "hmac-sha256:<hex>": the form of every hash of something that could be guessed.
std::string keyed_hash(std::string_view text, const crypto::Sha256& disclosure_key);

}  // namespace mayfly::pipeline
