#include "executor/record_stream.hpp"

#include <limits>
#include <utility>

#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

std::int64_t time_of(const Event& event) {
  if (const auto* execution = std::get_if<ExecEvent>(&event)) return execution->at_us;
  if (const auto* end = std::get_if<ExecEnd>(&event)) return end->at_us;
  if (const auto* attempt = std::get_if<FileEvent>(&event)) return attempt->at_us;
  return std::numeric_limits<std::int64_t>::min();
}

std::size_t bytes_held(const Event& event) {
  std::size_t bytes = sizeof event;
  if (const auto* execution = std::get_if<ExecEvent>(&event)) {
    bytes += execution->path.size();
    for (const std::string& argument : execution->argv) bytes += sizeof argument + argument.size();
  }
  if (const auto* attempt = std::get_if<FileEvent>(&event)) {
    bytes += attempt->path.size() + attempt->second.size();
  }
  return bytes;
}

}  // namespace

void RecordStream::start(UnixMillis at, std::chrono::steady_clock::time_point started) {
  started_us_ =
      std::chrono::duration_cast<std::chrono::microseconds>(started.time_since_epoch()).count();
  std::vector<Executed> first;
  first.push_back({.event = RunStarted{at}});
  add(std::move(first));
}

void RecordStream::add(std::vector<Executed> events) {
  for (Executed& one : events) {
    waiting_bytes_ += bytes_held(one.event);
    executed_.push_back(std::move(one));
  }
}

Result<void> RecordStream::add_batch(ByteView events, std::int64_t told_us) {
  TRY(std::vector<Event> decoded, decode_events(events));
  for (Event& event : decoded) {
    auto* const call = std::get_if<FileEvent>(&event);
    if (call == nullptr) return fail(ErrorCode::malformed, "the file recorder told of a program");
    call->at_us -= started_us_;
    calls_.push_back(std::move(*call));
  }
  told_us_ = told_us - started_us_;
  return {};
}

void RecordStream::end_files() {
  told_us_ = std::numeric_limits<std::int64_t>::max();
}

bool RecordStream::execution_is_next() const {
  if (executed_.empty()) return false;
  const std::int64_t at = time_of(executed_.front().event);
  return calls_.empty() ? at <= told_us_ : at <= calls_.front().at_us;
}

bool RecordStream::take_next(const ProgramDigests& digests) {
  if (execution_is_next()) {
    Executed& next = executed_.front();
    if (next.digest && !digests.is_known(*next.digest)) return false;
    waiting_bytes_ -= bytes_held(next.event);
    if (next.digest) {
      std::get<ExecEvent>(next.event).digest = digests.digest(*next.digest);
    }
    append_event(next.event, unsent_);
    executed_.pop_front();
    return true;
  }
  if (calls_.empty()) return false;
  append_event(Event(std::move(calls_.front())), unsent_);
  calls_.pop_front();
  return true;
}

// A message is no longer than batch_bytes and one event, which may be too long for one.
void RecordStream::gather(const ProgramDigests& digests) {
  if (!unsent_.empty()) return;
  unsent_.push_back(static_cast<std::uint8_t>(FrameType::events));
  while (unsent_.size() < batch_bytes && take_next(digests)) {
  }
  if (unsent_.size() == 1) unsent_.clear();
}

Result<void> RecordStream::pump(const Channel& client, const ProgramDigests& digests) {
  for (;;) {
    gather(digests);
    if (unsent_.empty()) return {};
    if (unsent_.size() > message_bytes_max) {
      CHECK_OK(send_frame(client, FrameType::events, ByteView(unsent_).subspan(1)));
    } else {
      TRY(const Channel::Sent sent, client.try_send(unsent_));
      if (sent == Channel::Sent::would_block) return {};
    }
    unsent_.clear();
  }
}

Result<void> RecordStream::finish(const Channel& client, const ProgramDigests& digests) {
  for (;;) {
    gather(digests);
    if (unsent_.empty()) return {};
    CHECK_OK(send_frame(client, FrameType::events, ByteView(unsent_).subspan(1)));
    unsent_.clear();
  }
}

}  // namespace mayfly::executor
