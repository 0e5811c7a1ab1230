# mayfly_test(<name> SOURCES ... USES <layer>... [LIBRARIES ...] [LABELS ...] [TIMEOUT seconds])
#
# A GoogleTest program, one ctest entry per program. Vectors are read below MAYFLY_VECTORS.
# Programs are found below MAYFLY_BIN_DIR. The label "serial" means: nothing else at the same time.
#
# mayfly_python_test(<name> FILE <unittest file> [LABELS ...] [TIMEOUT seconds])
#
# mayfly_fuzz(<name> SOURCES ... USES <layer>... [SEEDS <folder below tests/vectors>...])
#
# A libFuzzer target; only with MAYFLY_FUZZ. `./dev fuzz` starts it from the files of SEEDS.

find_package(GTest)
find_package(Threads REQUIRED)

# mayfly_test_part(<name> SOURCES ... USES <layer>... [LIBRARIES ...])
#
# What several test programs share, compiled once: they take it as LIBRARIES mayfly_<name>.
function(mayfly_test_part name)
  cmake_parse_arguments(PARSE_ARGV 1 PART "" "" "SOURCES;USES;LIBRARIES")
  add_library(mayfly_${name} OBJECT ${PART_SOURCES})
  list(TRANSFORM PART_USES PREPEND mayfly_ OUTPUT_VARIABLE used_targets)
  target_link_libraries(mayfly_${name} PRIVATE mayfly_options mayfly_warnings ${used_targets}
                        ${PART_LIBRARIES} GTest::gtest GTest::gmock)
  target_compile_options(mayfly_${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_compile_definitions(mayfly_${name} PRIVATE
    MAYFLY_VECTORS="${CMAKE_SOURCE_DIR}/tests/vectors"
    MAYFLY_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    MAYFLY_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
endfunction()

if(GTest_FOUND)
  add_executable(mayfly_test_headers EXCLUDE_FROM_ALL "${mayfly_no_code}")
  target_link_libraries(mayfly_test_headers PRIVATE mayfly_options mayfly_warnings GTest::gmock)
  target_compile_options(mayfly_test_headers PRIVATE -O0 -U_FORTIFY_SOURCE)
  mayfly_precompiled(mayfly_test_headers <gtest/gtest.h> <gmock/gmock.h>)
endif()

function(mayfly_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "TIMEOUT" "SOURCES;USES;LIBRARIES;LABELS;DEPENDS")
  if(NOT GTest_FOUND)
    message(FATAL_ERROR "GoogleTest is missing: run ./dev setup")
  endif()
  add_executable(${name} ${TEST_SOURCES})
  mayfly_precompile(${name} mayfly_test_headers)
  list(TRANSFORM TEST_USES PREPEND mayfly_ OUTPUT_VARIABLE used_targets)
  target_link_libraries(${name} PRIVATE mayfly_options mayfly_warnings ${used_targets}
                        ${TEST_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  # Tests are compiled often and run once: the programs under test keep their own optimisation.
  target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_compile_definitions(${name} PRIVATE
    MAYFLY_VECTORS="${CMAKE_SOURCE_DIR}/tests/vectors"
    MAYFLY_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    MAYFLY_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  if(TEST_DEPENDS)
    add_dependencies(${name} ${TEST_DEPENDS})
  endif()
  add_test(NAME ${name}
    COMMAND "${CMAKE_SOURCE_DIR}/tools/run_gtest.sh" ${name} "$<TARGET_FILE:${name}>"
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  mayfly_test_properties(${name} ${TEST_TIMEOUT} "${TEST_LABELS}")
endfunction()

function(mayfly_test_properties name timeout labels)
  if(MAYFLY_SANITIZE)
    # Its memory and its threads cost several times the time.
    math(EXPR timeout "3 * ${timeout}")
  endif()
  # What may take longest begins first, so that nothing is waited for at the end.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} COST ${timeout} LABELS "${labels}")
  if("serial" IN_LIST labels)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

function(mayfly_python_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "TIMEOUT;FILE" "LABELS")
  add_test(NAME ${name}
    COMMAND /usr/bin/python3 -B "${CMAKE_SOURCE_DIR}/tools/run_unittest.py" ${name}
            "${CMAKE_CURRENT_SOURCE_DIR}/${TEST_FILE}"
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  mayfly_test_properties(${name} ${TEST_TIMEOUT} "${TEST_LABELS}")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT
    "MAYFLY_BIN=${CMAKE_BINARY_DIR}/bin;MAYFLY_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
endfunction()

function(mayfly_fuzz name)
  if(NOT MAYFLY_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 FUZZ "" "" "SOURCES;USES;SEEDS")
  add_executable(${name} ${FUZZ_SOURCES})
  if(NOT TARGET fuzz_targets)
    add_custom_target(fuzz_targets)
  endif()
  add_dependencies(fuzz_targets ${name})
  list(TRANSFORM FUZZ_USES PREPEND mayfly_ OUTPUT_VARIABLE used_targets)
  target_link_libraries(${name} PRIVATE mayfly_options ${used_targets})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  list(TRANSFORM FUZZ_SEEDS PREPEND "${CMAKE_SOURCE_DIR}/tests/vectors/")
  list(JOIN FUZZ_SEEDS "\n" seeds)
  file(WRITE "${CMAKE_BINARY_DIR}/fuzz/${name}.seeds" "${seeds}\n")
endfunction()
