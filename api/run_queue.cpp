#include "api/run_queue.hpp"

#include <algorithm>
#include <system_error>

namespace mayfly::api {

RunQueue::Place::~Place() {
  if (queue_ != nullptr) queue_->give_back(client_, held_bytes_);
}

std::expected<void, Problem> RunQueue::Place::hold(std::uint64_t bytes) {
  if (bytes <= held_bytes_) return {};
  const std::lock_guard lock(queue_->mutex_);
  const std::uint64_t more = bytes - held_bytes_;
  if (more > queue_->limits_.dataset_bytes_max - queue_->dataset_bytes_) {
    return std::unexpected(Problem{ProblemKind::unavailable,
                                   "there is no room for this dataset beside those of other runs; "
                                   "try again when some have ended"});
  }
  queue_->dataset_bytes_ += more;
  held_bytes_ = bytes;
  return {};
}

void RunQueue::give_back(const std::string& client, std::uint64_t held_bytes) {
  const std::lock_guard lock(mutex_);
  dataset_bytes_ -= held_bytes;
  const auto of_client = places_of_.find(client);
  if (--of_client->second == 0) places_of_.erase(of_client);
  --places_;
  changed_.notify_all();
}

Result<void> RunQueue::start() {
  try {
    threads_.emplace_back([this] { give_up_the_late(); });
    for (std::size_t i = 0; i < limits_.runs_max; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    stop();
    return fail(ErrorCode::unavailable, "cannot start " + std::to_string(limits_.runs_max) +
                                            " threads: raise the limit on tasks, or use fewer");
  }
  return {};
}

std::expected<RunQueue::Place, Problem> RunQueue::reserve(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (stopping_) {
    return std::unexpected(
        Problem{ProblemKind::unavailable, "the server is stopping; try again in a moment"});
  }
  if (places_ >= limits_.runs_max + limits_.waiting_max) {
    return std::unexpected(
        Problem{ProblemKind::too_many_runs,
                std::to_string(limits_.runs_max) + " runs may be in progress and " +
                    std::to_string(limits_.waiting_max) + " wait; try again in a moment"});
  }
  std::size_t& of_client = places_of_[client];
  if (of_client >= limits_.per_client_max) {
    return std::unexpected(Problem{ProblemKind::too_many_runs,
                                   std::to_string(limits_.per_client_max) +
                                       " runs of one client may wait or be in progress; try "
                                       "again when one of yours has ended"});
  }
  ++of_client;
  ++places_;
  return Place(this, client);
}

std::expected<void, Problem> RunQueue::check_fits(std::uint64_t job_bytes) const {
  if (job_bytes <= limits_.job_bytes_max) return {};
  constexpr std::uint64_t mb = std::uint64_t{1} << 20;
  return std::unexpected(Problem{ProblemKind::invalid_request,
                                 "the job may take more memory than this service has for jobs",
                                 {{"/sandbox/environment/max_memory_mb",
                                   "at most " + std::to_string(limits_.job_bytes_max / mb) +
                                       ": all jobs together have no more"}}});
}

RunQueue::Ticket RunQueue::submit(Place place, Work work) {
  std::unique_lock lock(mutex_);
  const Ticket ticket = ++last_ticket_;
  if (stopping_) {
    lock.unlock();
    work.give_up(GivenUp::server_stops);
    return ticket;
  }
  Line& line = lines_[place.client_];
  if (line.empty()) turns_.push_back(place.client_);
  line.push_back({.ticket = ticket,
                  .place = std::move(place),
                  .work = std::move(work),
                  .until = Clock::now() + limits_.wait_max});
  ++waiting_;
  changed_.notify_all();
  return ticket;
}

bool RunQueue::cancel(Ticket ticket) {
  std::vector<Waiting> taken;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [client, line] : lines_) {
      const auto at = std::ranges::find(line, ticket, &Waiting::ticket);
      if (at == line.end()) continue;
      taken.push_back(std::move(*at));
      line.erase(at);
      --waiting_;
      if (line.empty()) {
        std::erase(turns_, client);
        lines_.erase(lines_.find(client));
      }
      break;
    }
    changed_.notify_all();
  }
  for (const Waiting& waiting : taken) waiting.work.give_up(GivenUp::cancelled);
  return !taken.empty();
}

std::size_t RunQueue::ahead_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  // Its place in its own line says in which round it comes; before it come all lines' earlier
  // rounds, and in its own round the clients whose turn is before.
  for (std::size_t turn = 0; turn < turns_.size(); ++turn) {
    const Line& own = lines_.at(turns_[turn]);
    const auto at = std::ranges::find(own, ticket, &Waiting::ticket);
    if (at == own.end()) continue;
    const auto round = static_cast<std::size_t>(std::distance(own.begin(), at));
    std::size_t ahead = 0;
    for (std::size_t other = 0; other < turns_.size(); ++other) {
      ahead += std::min(lines_.at(turns_[other]).size(), round + (other < turn ? 1 : 0));
    }
    return ahead;
  }
  return 0;
}

RunQueue::Load RunQueue::load() const {
  const std::lock_guard lock(mutex_);
  return {.waiting = waiting_,
          .running = running_,
          .dataset_bytes = dataset_bytes_,
          .job_bytes = job_bytes_};
}

bool RunQueue::has_room() const {
  const std::lock_guard lock(mutex_);
  return !stopping_ && places_ < limits_.runs_max + limits_.waiting_max;
}

bool RunQueue::next_fits() const {
  if (turns_.empty()) return false;
  const std::uint64_t wanted = lines_.at(turns_.front()).front().work.job_bytes;
  return wanted <= limits_.job_bytes_max - job_bytes_;
}

RunQueue::Waiting RunQueue::take_next() {
  const std::string client = std::move(turns_.front());
  turns_.pop_front();
  Line& line = lines_.at(client);
  Waiting next = std::move(line.front());
  line.pop_front();
  if (line.empty()) {
    lines_.erase(client);
  } else {
    turns_.push_back(client);
  }
  --waiting_;
  return next;
}

// All lines are in order of time, so the late ones are at their fronts.
std::vector<RunQueue::Waiting> RunQueue::take_all_until(Clock::time_point now) {
  std::vector<Waiting> taken;
  for (auto at = lines_.begin(); at != lines_.end();) {
    Line& line = at->second;
    while (!line.empty() && line.front().until <= now) {
      taken.push_back(std::move(line.front()));
      line.pop_front();
      --waiting_;
    }
    if (line.empty()) std::erase(turns_, at->first);
    at = line.empty() ? lines_.erase(at) : std::next(at);
  }
  return taken;
}

RunQueue::Clock::time_point RunQueue::next_deadline() const {
  Clock::time_point next = Clock::now() + limits_.wait_max;
  for (const auto& [client, line] : lines_) next = std::min(next, line.front().until);
  return next;
}

// A thread of its own: the others may all be busy for longer than anyone should wait.
void RunQueue::give_up_the_late() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<Waiting> late = take_all_until(Clock::now());
    if (late.empty()) {
      changed_.wait_until(lock, next_deadline());
      continue;
    }
    lock.unlock();
    for (const Waiting& waiting : late) waiting.work.give_up(GivenUp::waited_too_long);
    late.clear();  // gives the places back
    lock.lock();
    changed_.notify_all();
  }
}

void RunQueue::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!next_fits()) {
      changed_.wait(lock);
      continue;
    }
    std::optional<Waiting> next = take_next();
    const std::uint64_t job_bytes = next->work.job_bytes;
    job_bytes_ += job_bytes;
    ++running_;
    lock.unlock();
    next->work.run();
    next.reset();
    lock.lock();
    --running_;
    job_bytes_ -= job_bytes;
    changed_.notify_all();
  }
}

bool RunQueue::wait_until_idle(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return waiting_ == 0 && running_ == 0; });
}

void RunQueue::stop() {
  std::vector<Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    left = take_all_until(Clock::time_point::max());
    changed_.notify_all();
  }
  for (const Waiting& waiting : left) waiting.work.give_up(GivenUp::server_stops);
  left.clear();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace mayfly::api
