// Replaces the global operators new and delete of a program: what is freed is zeroed first.
//
// Use       Link the object library mayfly_intake_zeroing_delete. A string or vector that held
//           plaintext (a request's rest, a job's output, an API key) then leaves no copy behind
//           when it grows or dies, whoever wrote the code that owned it.
// Not       malloc() and free() of C libraries.
// Sanitized The address sanitizer replaces the same operators and keeps what was freed for long.
//           There it is zeroed by the hook that comes first, for malloc() and free() too. Under
//           the thread sanitizer it stands aside.
#include <malloc.h>
#include <string.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)

// As <sanitizer/allocator_interface.h> has them, which g++ comes without.
extern "C" {
int __sanitizer_get_ownership(const volatile void* memory);
std::size_t __sanitizer_get_allocated_size(const volatile void* memory);
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                              void (*)(const volatile void*));
}

namespace {

void leave(const volatile void*, std::size_t) {}

void wipe(const volatile void* memory) {
  if (memory == nullptr || __sanitizer_get_ownership(memory) == 0) return;
  ::explicit_bzero(const_cast<void*>(memory), __sanitizer_get_allocated_size(memory));
}

[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(leave, wipe);

}  // namespace

#elif !defined(MAYFLY_SANITIZED)

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) {
  for (;;) {
    void* memory = nullptr;
    if (alignment <= alignof(std::max_align_t)) {
      memory = std::malloc(bytes == 0 ? 1 : bytes);
    } else if (::posix_memalign(&memory, alignment, bytes) != 0) {
      memory = nullptr;
    }
    if (memory != nullptr) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void wipe_and_free(void* memory) noexcept {
  if (memory == nullptr) return;
  ::explicit_bzero(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// The array and nothrow forms of the standard library come down to these.
void* operator new(std::size_t bytes) {
  return allocate(bytes, 1);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  wipe_and_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  wipe_and_free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  wipe_and_free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  wipe_and_free(memory);
}

#endif
