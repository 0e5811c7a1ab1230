// How many runs may be in progress at once. A dataset is taken in only with a slot in hand, so the
// memory of all datasets is bounded too.
//
// Threads   Any number.
#pragma once
#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace mayfly::api {

class RunSlots {
 public:
  explicit RunSlots(std::size_t slots) : free_(slots) {}

  class Slot {
   public:
    explicit Slot(RunSlots& slots) : slots_(&slots) {}
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_ != nullptr) ++slots_->free_;
    }

   private:
    RunSlots* slots_;
  };

  std::optional<Slot> try_take() {
    std::size_t now_free = free_.load();
    while (now_free > 0) {
      if (free_.compare_exchange_weak(now_free, now_free - 1)) return Slot(*this);
    }
    return std::nullopt;
  }

 private:
  std::atomic<std::size_t> free_;
};

}  // namespace mayfly::api
