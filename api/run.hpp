// One run as its submitter sees it: where it stands, what happened when, and its answer.
//
// Shapes    The id is for the submitter alone, who may be nobody but a holder of it: 128 random
//           bits, and not the run_id of the certificate, which is public. Events only get more.
// Threads   Any number.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.hpp"
#include "api/reply.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::api {

// The last three are ends. finished: it ran, and was answered, with a certificate or a problem.
enum class RunState : std::uint8_t { waiting, running, finished, cancelled, dropped };
std::string_view to_string(RunState state);
bool is_end(RunState state);

struct RunEvent {
  RunState state = RunState::waiting;  // its name; the first is 1, and so on
  UnixMillis at;
};

struct RunView {
  std::string id;
  std::vector<RunEvent> events;         // at least one
  std::shared_ptr<const Reply> answer;  // what a caller who waited gets; null before the end
  RunState state() const { return events.back().state; }
};

inline constexpr std::string_view run_id_prefix = "job_";
std::string fresh_run_handle();
bool is_run_handle(std::string_view text);

class Run {
 public:
  // `changed` is called after each change, without a lock held. unavailable: no descriptors left.
  static Result<std::shared_ptr<Run>> make(std::string client, UnixMillis now,
                                           std::function<void()> changed);

  const std::string& id() const { return id_; }
  const std::string& client() const { return client_; }
  RunView view() const;

  void started(UnixMillis now);
  // Once. `state` is an end.
  void ended(RunState state, UnixMillis now, Reply answer);

  // Of its place in the queue; 0 before it has one.
  std::uint64_t ticket() const { return ticket_; }
  void note_ticket(std::uint64_t ticket) { ticket_ = ticket; }

  // Readable: its job must be killed.
  int cancel_fd() const { return cancel_.borrow(); }
  void kill() const;

 private:
  Run(std::string client, UniqueFd cancel, std::function<void()> changed);

  const std::string id_;
  const std::string client_;
  const UniqueFd cancel_;
  const std::function<void()> changed_;
  std::atomic<std::uint64_t> ticket_ = 0;
  mutable std::mutex mutex_;
  std::vector<RunEvent> events_;
  std::shared_ptr<const Reply> answer_;
};

// {"ahead"?, "certificate_id"?, "certificate_url"?, "finished_at"?, "id", "reply"?, "started_at"?,
// "state", "status"?, "submitted_at"}. `ahead`: runs that start before it, while it waits.
enum class Detail : std::uint8_t { state_alone, with_reply };
std::string run_json(const RunView& run, Detail detail, std::optional<std::size_t> ahead);

}  // namespace mayfly::api
