// Connections whose answer is not there yet: a caller who waits for the end of a run, and one who
// listens to its events. One thread holds them all, so that waiting costs no thread.
//
// Source    The event stream: HTML Living Standard, section 9.2 (server-sent events).
// Shapes    An event is named as the state it tells of, its id is its number, its data the run as
//           JSON without the reply; a comment each keep_alive. The stream ends with the run.
// Threads   Any number of callers; one thread of its own.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/reply.hpp"
#include "api/run.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::api {

inline constexpr std::string_view event_stream_media_type = "text/event-stream";
inline constexpr std::size_t event_streams_max = 256;

struct WaitingRoomTimes {
  std::chrono::milliseconds keep_alive{15'000};
  std::chrono::milliseconds write_pause_max{10'000};  // without a byte taken
};

class WaitingRoom {
 public:
  static Result<std::unique_ptr<WaitingRoom>> open(const WaitingRoomTimes& times);
  ~WaitingRoom();

  struct Guest {
    UniqueFd socket;
    Later later;
    std::string request_id;
    // What was sent, or would have been; at most once: not if the peer has left before.
    std::function<void(const Reply&)> answered;
  };
  // unavailable, in the reply to send instead: too many listen. The socket stays with the guest.
  std::optional<Reply> admit(Guest& guest);
  // Something about a run has changed.
  void look() const;
  // Takes no more guests, answers those whose run has ended, and lets go of the others.
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  struct Seat {
    Guest guest;
    std::size_t events_sent = 0;
    std::string out;  // still to be written
    std::size_t out_at = 0;
    bool ends = false;  // after `out`
    Clock::time_point wrote;
  };

  WaitingRoom(const WaitingRoomTimes& times, UniqueFd bell)
      : times_(times), bell_(std::move(bell)) {}
  void serve();
  void take_in_new();
  std::list<Seat>::iterator free_seat(std::list<Seat>::iterator seat);
  void move_on(Seat& seat, Clock::time_point now);
  void move_reply_on(Seat& seat, Clock::time_point now);
  void move_stream_on(Seat& seat, Clock::time_point now);
  bool write_some(Seat& seat, Clock::time_point now) const;
  void wait(Clock::time_point now);

  const WaitingRoomTimes times_;
  const UniqueFd bell_;
  std::mutex mutex_;
  std::list<Guest> at_the_door_;
  std::size_t streams_ = 0;
  bool closing_ = false;
  std::list<Seat> seats_;  // of the thread alone
  bool last_round_ = false;
  std::thread thread_;
};

}  // namespace mayfly::api
