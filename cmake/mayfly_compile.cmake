# How everything is compiled: one INTERFACE target for warnings, one for hardening and sanitizers.
# Nothing here edits CMAKE_CXX_FLAGS; presets choose, this file applies.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(MAYFLY_BENCH "Build the benchmarks under bench/" OFF)
option(MAYFLY_FUZZ "Build the fuzz targets (clang only)" OFF)
set(MAYFLY_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")

find_program(MAYFLY_CCACHE ccache)
if(MAYFLY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MAYFLY_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${MAYFLY_CCACHE}")
endif()

add_library(mayfly_warnings INTERFACE)
target_compile_options(mayfly_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wnull-dereference -Wformat=2
  -Wimplicit-fallthrough -Wundef)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wnull-dereference and -Wmaybe-uninitialized misfire inside inlined std::expected and
  # std::variant of g++ 12; clang-tidy covers the same ground without the noise.
  target_compile_options(mayfly_warnings INTERFACE
    -Wno-restrict -Wno-null-dereference -Wno-maybe-uninitialized -Wno-dangling-pointer)
endif()
# Not with sanitizers: what they add makes g++ 12 warn of accesses that no code makes, and its
# manual advises against the pair.
if((DEFINED ENV{CI} OR MAYFLY_WERROR) AND NOT MAYFLY_SANITIZE)
  target_compile_options(mayfly_warnings INTERFACE -Werror)
endif()

add_library(mayfly_options INTERFACE)
target_include_directories(mayfly_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(mayfly_options INTERFACE
  MAYFLY_VERSION="${PROJECT_VERSION}" _GNU_SOURCE _FILE_OFFSET_BITS=64)
if(MAYFLY_SANITIZE)
  target_compile_options(mayfly_options INTERFACE
    -fsanitize=${MAYFLY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(mayfly_options INTERFACE -fsanitize=${MAYFLY_SANITIZE})
else()
  target_compile_options(mayfly_options INTERFACE -fstack-protector-strong)
  if(CMAKE_BUILD_TYPE MATCHES "Rel")
    target_compile_options(mayfly_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
endif()
target_link_options(mayfly_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(MAYFLY_FUZZ)
  target_compile_options(mayfly_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_package(PkgConfig REQUIRED)
