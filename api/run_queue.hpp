// Who runs next. Runs wait in turn, client after client, so that one with many does not keep out
// one with few; nothing is taken in that there is no room for.
//
// Shapes    A Place is got before a request's body is read: it bounds how many wait, for each
//           client and together, and the memory of all datasets, waiting or in use. A run starts
//           when a thread is free and what its job may take fits beside what runs. The one whose
//           turn it is is never overtaken, so that a large one comes to its turn too.
// Errors    Of reserve(), hold() and check_fits(): a Problem to answer with; nothing was kept.
// Threads   Any number of submitters; `runs_max` threads of its own call Work::run,
//           one more Work::give_up.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/problem.hpp"
#include "base/result.hpp"

namespace mayfly::api {

struct RunQueueLimits {
  std::size_t runs_max = 2;             // jobs side by side
  std::size_t waiting_max = 64;         // beside those that run
  std::size_t per_client_max = 34;      // of one client, waiting or running
  std::uint64_t dataset_bytes_max = 0;  // all datasets together
  std::uint64_t job_bytes_max = 0;      // memory limits of the jobs that run, together
  std::chrono::milliseconds wait_max{600'000};
};

// Why a run that waited was given up.
enum class GivenUp : std::uint8_t { cancelled, waited_too_long, server_stops };

struct Work {
  std::uint64_t job_bytes = 0;           // what its job may take
  std::function<void()> run;             // on a thread of the queue
  std::function<void(GivenUp)> give_up;  // instead of run(); called once, without a lock held
};

class RunQueue {
 public:
  explicit RunQueue(const RunQueueLimits& limits) : limits_(limits) {}
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  ~RunQueue() { stop(); }

  // unavailable: this machine gives no more threads.
  Result<void> start();

  class Place {
   public:
    Place(RunQueue* queue, std::string client) : queue_(queue), client_(std::move(client)) {}
    Place(Place&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)),
          client_(std::move(other.client_)),
          held_bytes_(other.held_bytes_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

    // The dataset has this many bytes by now. unavailable: there is no room for it at the moment.
    std::expected<void, Problem> hold(std::uint64_t bytes);

   private:
    friend class RunQueue;
    RunQueue* queue_;
    std::string client_;
    std::uint64_t held_bytes_ = 0;
  };

  // too_many_runs: the queue, or this client's part of it, is full.
  std::expected<Place, Problem> reserve(const std::string& client);
  // invalid_request: never, on this machine.
  std::expected<void, Problem> check_fits(std::uint64_t job_bytes) const;

  using Ticket = std::uint64_t;
  // Precondition: check_fits(work.job_bytes). The place is given back when the run has ended.
  Ticket submit(Place place, Work work);
  // True: it had not started, and Work::give_up was called.
  bool cancel(Ticket ticket);
  // How many start before it; 0 for the next one, and for one that does not wait any more.
  std::size_t ahead_of(Ticket ticket) const;

  struct Load {
    std::size_t waiting = 0;
    std::size_t running = 0;
    std::uint64_t dataset_bytes = 0;
    std::uint64_t job_bytes = 0;
  };
  Load load() const;
  bool has_room() const;  // for one more run of somebody

  // True: nothing waits or runs any more.
  bool wait_until_idle(std::chrono::milliseconds patience);
  // Gives up all that wait, waits for what runs. Nothing may be submitted afterwards.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    Ticket ticket;
    Place place;
    Work work;
    Clock::time_point until;
  };
  using Line = std::list<Waiting>;  // of one client

  void work();
  void give_up_the_late();
  bool next_fits() const;
  Waiting take_next();
  std::vector<Waiting> take_all_until(Clock::time_point now);
  Clock::time_point next_deadline() const;
  void give_back(const std::string& client, std::uint64_t held_bytes);

  const RunQueueLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Line> lines_;  // none empty
  std::deque<std::string> turns_;      // the clients that have a line, the next one first
  std::map<std::string, std::size_t> places_of_;
  std::size_t places_ = 0;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
  std::uint64_t dataset_bytes_ = 0;
  std::uint64_t job_bytes_ = 0;
  Ticket last_ticket_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mayfly::api
