#include "intake/stream_hash.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

namespace mayfly::intake {
namespace {

// Small enough that finish() waits for little, and that the bytes are still in the shared cache.
constexpr std::size_t block_bytes = std::size_t{256} * 1024;

}  // namespace

struct StreamHash::Follower {
  Follower(const std::uint8_t* bytes, std::size_t already_hashed, crypto::Sha256Hasher from)
      : start(bytes), hashed(already_hashed), hasher(std::move(from)) {}
  ~Follower() { stop(abandoned); }

  void run() {
    for (;;) {
      const std::uint64_t state = progress.load(std::memory_order_acquire);
      const std::size_t available = state & ~flags;
      if ((state & abandoned) != 0 || (available == hashed && (state & complete) != 0)) return;
      if (available == hashed) {
        progress.wait(state, std::memory_order_acquire);
        continue;
      }
      const std::size_t block = std::min(available - hashed, block_bytes);
      hasher.update({start + hashed, block});
      hashed += block;
    }
  }
  void advance(std::size_t available) {
    progress.store(available, std::memory_order_release);
    progress.notify_one();
  }
  void stop(std::uint64_t flag) {
    if (!thread.joinable()) return;
    progress.fetch_or(flag, std::memory_order_release);
    progress.notify_one();
    thread.join();
  }

  static constexpr std::uint64_t complete = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t abandoned = std::uint64_t{1} << 62U;
  static constexpr std::uint64_t flags = complete | abandoned;

  const std::uint8_t* start;
  std::size_t hashed;  // the thread's own until it is joined
  crypto::Sha256Hasher hasher;
  std::atomic<std::uint64_t> progress{0};  // bytes available, and the two flags
  std::thread thread;
};

StreamHash::StreamHash() = default;
StreamHash::StreamHash(StreamHash&&) noexcept = default;
StreamHash& StreamHash::operator=(StreamHash&&) noexcept = default;
StreamHash::~StreamHash() = default;

void StreamHash::hash_up_to(ByteView all) {
  hasher_.update(all.subspan(hashed_));
  hashed_ = all.size();
}

void StreamHash::update(ByteView all) {
  if (follower_) {
    follower_->advance(all.size());
    return;
  }
  hash_up_to(all);
  if (all.size() < hash_thread_from_bytes) return;
  auto follower =
      std::make_unique<Follower>(all.data(), hashed_, crypto::Sha256Hasher(std::as_const(hasher_)));
  follower->advance(all.size());
  try {
    follower->thread = std::thread([raw = follower.get()] { raw->run(); });
  } catch (const std::system_error&) {
    follower.reset();  // a process limit in force: slower, not weaker
  }
  follower_ = std::move(follower);
}

crypto::Sha256Hasher StreamHash::finish(ByteView all) && {
  if (follower_) {
    follower_->advance(all.size());
    follower_->stop(Follower::complete);
    return std::move(follower_->hasher);
  }
  hash_up_to(all);
  return std::move(hasher_);
}

}  // namespace mayfly::intake
