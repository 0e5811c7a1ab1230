#include "api/run.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <array>

#include "api/json_out.hpp"
#include "api/sealed_media_type.hpp"
#include "base/text_encoding.hpp"
#include "crypto/random.hpp"

namespace mayfly::api {
namespace {

constexpr std::size_t handle_random_bytes = 16;

}  // namespace

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::waiting: return "waiting";
    case RunState::running: return "running";
    case RunState::finished: return "finished";
    case RunState::cancelled: return "cancelled";
    case RunState::dropped: return "dropped";
  }
  return "dropped";
}

bool is_end(RunState state) {
  return state != RunState::waiting && state != RunState::running;
}

std::string fresh_run_handle() {
  std::array<std::uint8_t, handle_random_bytes> random{};
  crypto::fill_random(random);
  return std::string(run_id_prefix) + hex_encode(random);
}

bool is_run_handle(std::string_view text) {
  if (!text.starts_with(run_id_prefix)) return false;
  text.remove_prefix(run_id_prefix.size());
  return text.size() == 2 * handle_random_bytes && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Run::Run(std::string client, UniqueFd cancel, std::function<void()> changed)
    : id_(fresh_run_handle()),
      client_(std::move(client)),
      cancel_(std::move(cancel)),
      changed_(std::move(changed)) {}

Result<std::shared_ptr<Run>> Run::make(std::string client, UnixMillis now,
                                       std::function<void()> changed) {
  UniqueFd cancel(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!cancel) return fail_errno("making the event that cancels a run");
  std::shared_ptr<Run> run(new Run(std::move(client), std::move(cancel), std::move(changed)));
  run->events_.push_back({RunState::waiting, now});
  return run;
}

RunView Run::view() const {
  const std::lock_guard lock(mutex_);
  return {.id = id_, .events = events_, .answer = answer_};
}

void Run::started(UnixMillis now) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back({RunState::running, now});
  }
  changed_();
}

void Run::ended(RunState state, UnixMillis now, Reply answer) {
  {
    const std::lock_guard lock(mutex_);
    answer_ = std::make_shared<const Reply>(std::move(answer));
    events_.push_back({state, now});
  }
  changed_();
}

void Run::kill() const {
  ::eventfd_write(cancel_.borrow(), 1);
}

std::string run_json(const RunView& run, Detail detail, std::optional<std::size_t> ahead) {
  JsonOut json(reply_bounds);
  json.begin_object();
  json.member("id", run.id);
  json.member("state", to_string(run.state()));
  for (const RunEvent& event : run.events) {
    const std::string_view name = event.state == RunState::waiting   ? "submitted_at"
                                  : event.state == RunState::running ? "started_at"
                                                                     : "finished_at";
    json.member(name, to_rfc3339(event.at));
  }
  if (run.state() == RunState::waiting && ahead) {
    json.member("ahead", static_cast<std::int64_t>(*ahead));
  }
  if (run.answer) {
    json.member("status", std::int64_t{run.answer->status});
    if (!run.answer->certificate_id.empty()) {
      json.member("certificate_id", run.answer->certificate_id);
      json.member("certificate_url", "/certificate/" + run.answer->certificate_id);
    }
    if (detail == Detail::with_reply && !run.answer->body.empty()) {
      if (run.answer->media_type == sealed_reply_media_type) {
        json.member("sealed_reply", base64_encode(bytes_of(run.answer->body)));
      } else {
        json.name("reply");
        json.canonical_value(run.answer->body);
      }
    }
  }
  json.end_object();
  auto text = std::move(json).finish();
  return text ? std::move(*text) : std::string("{}");
}

}  // namespace mayfly::api
