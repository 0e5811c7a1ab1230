#include "api/waiting_room.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "api/reply_text.hpp"

namespace mayfly::api {
namespace {

constexpr std::string_view keep_alive_comment = ": still here\n\n";
// What a browser waits before it comes back after a lost connection.
constexpr std::string_view retry_line = "retry: 2000\n\n";

std::string event_text(const RunView& run, std::size_t number) {
  RunView then{.id = run.id, .events = run.events, .answer = nullptr};
  then.events.resize(number);
  if (is_end(then.state())) then.answer = run.answer;
  return "id: " + std::to_string(number) + "\nevent: " + std::string(to_string(then.state())) +
         "\ndata: " + run_json(then, Detail::state_alone, std::nullopt) + "\n\n";
}

}  // namespace

Result<std::unique_ptr<WaitingRoom>> WaitingRoom::open(const WaitingRoomTimes& times) {
  UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell) return fail_errno("making the event of the waiting room");
  std::unique_ptr<WaitingRoom> room(new WaitingRoom(times, std::move(bell)));
  try {
    room->thread_ = std::thread([raw = room.get()] { raw->serve(); });
  } catch (const std::system_error&) {
    return fail(ErrorCode::unavailable, "cannot start a thread: raise the limit on tasks");
  }
  return room;
}

WaitingRoom::~WaitingRoom() {
  close();
}

std::optional<Reply> WaitingRoom::admit(Guest& guest) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_stream = guest.later.form == Later::Form::events;
    if (closing_ || (is_stream && streams_ >= event_streams_max)) {
      return problem_reply({ProblemKind::unavailable,
                            "as many listen to events as may (event_streams_max); ask GET "
                            "/runs/{id} now and then instead"},
                           {});
    }
    if (is_stream) ++streams_;
    at_the_door_.push_back(std::move(guest));
  }
  look();
  return std::nullopt;
}

void WaitingRoom::look() const {
  ::eventfd_write(bell_.borrow(), 1);
}

void WaitingRoom::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  look();
  if (thread_.joinable()) thread_.join();
}

void WaitingRoom::take_in_new() {
  const std::lock_guard lock(mutex_);
  last_round_ = closing_;
  for (Guest& guest : at_the_door_) {
    Seat seat;
    seat.guest = std::move(guest);
    seat.wrote = Clock::now();
    if (seat.guest.later.form == Later::Form::events) {
      seat.events_sent = seat.guest.later.events_known;
      seat.out = stream_head_text(event_stream_media_type, seat.guest.request_id);
      seat.out += retry_line;
    }
    seats_.push_back(std::move(seat));
  }
  at_the_door_.clear();
}

void WaitingRoom::serve() {
  while (!last_round_ || !seats_.empty()) {
    take_in_new();
    const auto now = Clock::now();
    for (auto seat = seats_.begin(); seat != seats_.end();) {
      move_on(*seat, now);
      if (write_some(*seat, now)) {
        ++seat;
        continue;
      }
      seat = free_seat(seat);
    }
    if (!last_round_ || !seats_.empty()) wait(now);
  }
}

std::list<WaitingRoom::Seat>::iterator WaitingRoom::free_seat(std::list<Seat>::iterator seat) {
  if (seat->guest.later.form == Later::Form::events) {
    const std::lock_guard lock(mutex_);
    --streams_;
  }
  return seats_.erase(seat);
}

void WaitingRoom::move_on(Seat& seat, Clock::time_point now) {
  if (seat.ends) return;
  if (seat.guest.later.form == Later::Form::events) return move_stream_on(seat, now);
  move_reply_on(seat, now);
}

void WaitingRoom::move_reply_on(Seat& seat, Clock::time_point now) {
  const Later& later = seat.guest.later;
  const RunView run = later.run->view();
  const bool waited_enough = last_round_ || (later.until && now >= *later.until);
  if (!run.answer && !waited_enough) return;
  Reply reply = run.answer ? *run.answer : accepted_reply(run);
  reply.headers.insert(reply.headers.end(), later.headers.begin(), later.headers.end());
  seat.out = reply_text(reply, seat.guest.request_id);
  seat.wrote = now;
  seat.ends = true;
  seat.guest.answered(reply);
}

void WaitingRoom::move_stream_on(Seat& seat, Clock::time_point now) {
  const RunView run = seat.guest.later.run->view();
  while (seat.events_sent < run.events.size()) {
    seat.out += event_text(run, ++seat.events_sent);
  }
  if (seat.out.empty() && now - seat.wrote >= times_.keep_alive) seat.out = keep_alive_comment;
  if (!is_end(run.state()) && !last_round_) return;
  seat.ends = true;
  seat.guest.answered(Reply{});
}

// False: the seat is free again.
bool WaitingRoom::write_some(Seat& seat, Clock::time_point now) const {
  const int socket = seat.guest.socket.borrow();
  if (seat.guest.later.form == Later::Form::events) {
    char said = 0;  // a listener has nothing to say; an end means that it has gone
    if (::recv(socket, &said, 1, MSG_DONTWAIT | MSG_PEEK) == 0) return false;
  }
  while (seat.out_at < seat.out.size()) {
    const ssize_t put = ::send(socket, seat.out.data() + seat.out_at, seat.out.size() - seat.out_at,
                               MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return false;
    if (put < 0) return now - seat.wrote < times_.write_pause_max;
    seat.out_at += static_cast<std::size_t>(put);
    seat.wrote = now;
  }
  seat.out.clear();
  seat.out_at = 0;
  if (!seat.ends) return true;
  // What the peer may still have sent is read first: closing over it would reset the connection,
  // and the answer might be lost with it.
  ::shutdown(socket, SHUT_WR);
  char rest[4096];
  for (int reads = 0; reads < 16 && ::recv(socket, rest, sizeof rest, MSG_DONTWAIT) > 0;) ++reads;
  return false;
}

void WaitingRoom::wait(Clock::time_point now) {
  std::vector<pollfd> watched{{.fd = bell_.borrow(), .events = POLLIN, .revents = 0}};
  auto wake = now + times_.keep_alive;
  for (const Seat& seat : seats_) {
    const bool is_stream = seat.guest.later.form == Later::Form::events;
    short events = is_stream ? POLLRDHUP : 0;
    if (!seat.out.empty()) {
      events |= POLLOUT;
      wake = std::min(wake, seat.wrote + times_.write_pause_max);
    } else if (is_stream) {
      wake = std::min(wake, seat.wrote + times_.keep_alive);
    } else if (seat.guest.later.until) {
      wake = std::min(wake, *seat.guest.later.until);
    }
    watched.push_back({.fd = seat.guest.socket.borrow(), .events = events, .revents = 0});
  }
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(wake - now);
  ::poll(watched.data(), watched.size(),
         static_cast<int>(std::max<std::int64_t>(patience.count(), 0)));
  eventfd_t rung = 0;
  ::eventfd_read(bell_.borrow(), &rung);
  auto seat = seats_.begin();
  for (std::size_t i = 1; i < watched.size(); ++i) {
    // Of a caller who has gone before its answer poll would tell for ever.
    const bool gone = (watched[i].revents & (POLLERR | POLLHUP)) != 0;
    seat = gone ? free_seat(seat) : std::next(seat);
  }
}

}  // namespace mayfly::api
