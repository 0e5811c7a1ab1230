#!/bin/sh
# Runs a GoogleTest program for ctest. Usage: run_gtest.sh NAME PROGRAM [ARGUMENT...].
# With MAYFLY_TEST_RESULTS set, its cases are reported there as NAME.xml, read by test_summary.py.
name=$1
shift
if [ -n "${MAYFLY_TEST_RESULTS:-}" ]; then
  GTEST_OUTPUT="xml:$MAYFLY_TEST_RESULTS/$name.xml"
  export GTEST_OUTPUT
fi
exec "$@"
