// A request that was taken in becomes a run: it waits for its turn, runs, and is answered.
//
// Errors    None: whatever goes wrong is the run's answer.
// Threads   Several at once over one Service, which outlives all runs.
#pragma once
#include <memory>

#include "api/run.hpp"
#include "api/run_queue.hpp"
#include "api/service.hpp"
#include "api/take_in.hpp"

namespace mayfly::api {

// Whether a run can be asked for once it has ended. If not, its answer, which holds the job's
// output, is gone as soon as it is sent.
enum class Keep : std::uint8_t { nothing, answer };

// `run` is not known to anyone yet.
void submit(TakenIn taken, RunQueue::Place place, const std::shared_ptr<Run>& run, Keep keep,
            const Service& service);

}  // namespace mayfly::api
