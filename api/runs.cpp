#include "api/runs.hpp"

namespace mayfly::api {
namespace {

std::size_t answer_size(const Run& run) {
  const auto answer = run.view().answer;
  return answer ? answer->body.size() : 0;
}

}  // namespace

void Runs::add(const std::shared_ptr<Run>& run) {
  const std::lock_guard lock(mutex_);
  by_id_.emplace(run->id(), run);
}

void Runs::note_end(const std::shared_ptr<Run>& run) {
  const std::lock_guard lock(mutex_);
  answer_bytes_ += answer_size(*run);
  ended_.push_back(run);
  forget_surplus();
}

void Runs::forget(const Run& run) {
  const std::lock_guard lock(mutex_);
  by_id_.erase(run.id());
}

void Runs::forget_surplus() {
  while (ended_.size() > limits_.ended_max || answer_bytes_ > limits_.answer_bytes_max) {
    answer_bytes_ -= answer_size(*ended_.front());
    by_id_.erase(ended_.front()->id());
    ended_.pop_front();
  }
}

std::shared_ptr<Run> Runs::find(std::string_view id, std::string_view client) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(std::string(id));
  if (found == by_id_.end() || found->second->client() != client) return nullptr;
  return found->second;
}

void Runs::kill_all() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, run] : by_id_) run->kill();
}

}  // namespace mayfly::api
