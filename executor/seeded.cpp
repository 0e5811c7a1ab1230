#include "executor/seeded.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

namespace mayfly::executor {
namespace {

constexpr std::size_t block_bytes = 32;
constexpr int streams_max = 256;
constexpr std::size_t image_words_max = std::size_t{1} << 20;  // argv, envp and auxv together

std::atomic<int> streams_open = 0;

void put_number(std::vector<std::uint8_t>& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void feed(const UniqueFd& pipe, const crypto::Sha256& key) {
  std::array<std::uint8_t, 4096> bytes;
  for (std::uint64_t offset = 0;; offset += bytes.size()) {
    fill_from(key, offset, bytes);
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = ::write(pipe.borrow(), bytes.data() + done, bytes.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;  // EPIPE: nobody reads
      done += static_cast<std::size_t>(count);
    }
  }
}

Result<unsigned long> stack_pointer_of(pid_t pid) {
  user_regs_struct registers{};
  iovec into{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &into) != 0) {
    return fail_errno("reading a program's registers");
  }
#if defined(__x86_64__)
  return static_cast<unsigned long>(registers.rsp);
#elif defined(__aarch64__)
  return static_cast<unsigned long>(registers.sp);
#endif
}

Result<unsigned long> peek(pid_t pid, unsigned long address) {
  errno = 0;
  const long word = ::ptrace(PTRACE_PEEKDATA, pid, address, nullptr);
  if (word == -1 && errno != 0) return fail_errno("reading a program's stack");
  return static_cast<unsigned long>(word);
}

Result<void> poke(pid_t pid, unsigned long address, unsigned long word) {
  if (::ptrace(PTRACE_POKEDATA, pid, address, word) == 0) return {};
  return fail_errno("writing a program's stack");
}

// Past argc, argv and envp, as the ABI lays them out.
Result<unsigned long> auxiliary_vector_of(pid_t pid) {
  TRY(const unsigned long stack, stack_pointer_of(pid));
  TRY(const unsigned long arguments, peek(pid, stack));
  if (arguments > image_words_max) {
    return fail(ErrorCode::unavailable, "a program has more arguments than can be");
  }
  unsigned long at = stack + (arguments + 2) * sizeof(long);
  for (std::size_t i = 0; i < image_words_max; ++i, at += sizeof(long)) {
    TRY(const unsigned long word, peek(pid, at));
    if (word == 0) return at + sizeof(long);
  }
  return fail(ErrorCode::unavailable, "a program has more variables than can be");
}

Result<void> replace_random(pid_t pid, unsigned long at, std::span<const std::uint8_t> random) {
  for (std::size_t done = 0; done + sizeof(long) <= random.size(); done += sizeof(long)) {
    unsigned long word = 0;
    std::memcpy(&word, random.data() + done, sizeof word);
    CHECK_OK(poke(pid, at + done, word));
  }
  return {};
}

}  // namespace

crypto::Sha256 SeededRandom::next_key(Source source, std::int32_t who) {
  std::vector<std::uint8_t> message{static_cast<std::uint8_t>(source)};
  put_number(message, static_cast<std::uint32_t>(who));
  put_number(message, drawn_[{source, who}]++);
  return crypto::hmac_sha256(seed_.view(), message);
}

void SeededRandom::fill(Source source, std::int32_t who, std::span<std::uint8_t> into) {
  fill_from(next_key(source, who), 0, into);
}

crypto::Sha256 SeededRandom::open_stream(std::int32_t who) {
  return next_key(Source::device, who);
}

void fill_from(const crypto::Sha256& key, std::uint64_t offset, std::span<std::uint8_t> into) {
  for (std::size_t done = 0; done < into.size(); done += block_bytes) {
    std::vector<std::uint8_t> message;
    put_number(message, (offset + done) / block_bytes);
    const crypto::Sha256 block = crypto::hmac_sha256(key.view(), message);
    const std::size_t size = std::min(block_bytes, into.size() - done);
    std::ranges::copy_n(block.bytes.begin(), static_cast<std::ptrdiff_t>(size),
                        into.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

Result<UniqueFd> open_random_stream(const crypto::Sha256& key) {
  if (streams_open >= streams_max) {
    return fail(ErrorCode::limit, "too many random devices are open at once");
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("making a pipe");
  UniqueFd reading(ends[0]);
  const auto writing = std::make_shared<UniqueFd>(ends[1]);
  ++streams_open;
  try {
    std::thread([writing, key] {
      feed(*writing, key);
      writing->reset();
      --streams_open;
    }).detach();
  } catch (const std::system_error& error) {
    --streams_open;
    return fail(ErrorCode::unavailable, std::string("starting a thread: ") + error.what());
  }
  return reading;
}

Result<void> prepare_image(pid_t pid, std::span<const std::uint8_t> random) {
  TRY(unsigned long at, auxiliary_vector_of(pid));
  for (std::size_t i = 0; i < image_words_max; ++i, at += 2 * sizeof(long)) {
    TRY(const unsigned long kind, peek(pid, at));
    if (kind == AT_NULL) return {};
    if (kind == AT_SYSINFO_EHDR) CHECK_OK(poke(pid, at, AT_IGNORE));
    if (kind == AT_RANDOM) {
      TRY(const unsigned long where, peek(pid, at + sizeof(long)));
      CHECK_OK(replace_random(pid, where, random));
    }
  }
  return fail(ErrorCode::unavailable, "a program's auxiliary vector has no end");
}

}  // namespace mayfly::executor
