// Whether this build carries a sanitizer: its allocator keeps what was freed, and its shadow memory
// makes sizes and scans mean something else.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAYFLY_SANITIZER_BUILD 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAYFLY_SANITIZER_BUILD 1
#endif

namespace mayfly::test {

#ifdef MAYFLY_SANITIZER_BUILD
inline constexpr bool sanitizer_build = true;
#else
inline constexpr bool sanitizer_build = false;
#endif

// Its threads and shadow memory are in every process that is not a job's own program, and count
// against a control group's limits.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer_build = true;
#else
inline constexpr bool thread_sanitizer_build = false;
#endif

}  // namespace mayfly::test
