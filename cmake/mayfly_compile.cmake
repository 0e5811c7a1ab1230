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

# Half of a compile is the standard library's headers, so they are read once. Not beside ccache,
# which does better still, and to which every new build of such a file is another file.
# Code must not lean on it: builds with ccache and clang-tidy see each file by itself.
if(MAYFLY_CCACHE)
  option(MAYFLY_PRECOMPILE "Read common headers once" OFF)
else()
  option(MAYFLY_PRECOMPILE "Read common headers once" ON)
endif()

# Eight files of a target are compiled as one: their headers are read, and what they take from
# templates made, once in place of eight times (a third of the time over all). Names of their own
# have to differ within a target then, which is why CI compiles so. With ccache whoever changes one
# file waits for it alone. clang-tidy, which has its own way of it, wants to be told of each file.
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR MAYFLY_FUZZ)
   AND (DEFINED ENV{CI} OR NOT MAYFLY_CCACHE))
  option(CMAKE_UNITY_BUILD "Compile several files as one" ON)
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
  if(CMAKE_UNITY_BUILD)
    # What is one file's own, it takes for what all of a header's readers see.
    target_compile_options(mayfly_warnings INTERFACE -Wno-shadow -Wno-subobject-linkage)
  endif()
  if(MAYFLY_PRECOMPILE)
    # It forgets in precompiled headers which were the system's, whose warnings are not ours.
    target_compile_options(mayfly_warnings INTERFACE
      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
    # A twentieth of a compile is to look for garbage that there is memory enough to keep: the
    # largest file wants 670 MB so, in place of 590.
    target_compile_options(mayfly_warnings INTERFACE
      --param=ggc-min-expand=1000 --param=ggc-min-heapsize=1048576)
  endif()
endif()
# In CI; kept from then on, so that a later configure without CI does not compile everything anew.
# Not with sanitizers: what they add makes g++ 12 warn of accesses that no code makes, and its
# manual advises against the pair.
if(DEFINED ENV{CI})
  set(MAYFLY_WERROR ON CACHE BOOL "Warnings are errors")
endif()
if(MAYFLY_WERROR AND NOT MAYFLY_SANITIZE)
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

set(mayfly_common_headers <algorithm> <array> <chrono> <cstdint> <expected> <filesystem> <fstream>
  <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view>
  <thread> <utility> <variant> <vector>)

set(mayfly_no_code "${CMAKE_BINARY_DIR}/no_code.cpp")
file(CONFIGURE OUTPUT "${mayfly_no_code}" CONTENT "int main() {}\n")

# mayfly_precompile(<target> <donor>): the target's headers are those of the donor, which has to be
# of its kind (a library or a program) and compiled with the same options.
function(mayfly_precompile target donor)
  if(MAYFLY_PRECOMPILE AND NOT MAYFLY_FUZZ)
    target_precompile_headers(${target} REUSE_FROM ${donor})
  endif()
endfunction()

# mayfly_precompiled(<donor> [HEADERS...]): makes a donor, of which nothing is linked.
function(mayfly_precompiled donor)
  if(MAYFLY_PRECOMPILE AND NOT MAYFLY_FUZZ)
    target_precompile_headers(${donor} PRIVATE ${mayfly_common_headers} ${ARGN})
  endif()
endfunction()

add_library(mayfly_layer_headers OBJECT EXCLUDE_FROM_ALL "${mayfly_no_code}")
target_link_libraries(mayfly_layer_headers PRIVATE mayfly_warnings mayfly_options)
mayfly_precompiled(mayfly_layer_headers)
