#!/usr/bin/env bash
# Reads the shared libraries of a program against an allow list: the verifier must run on a machine
# that has nothing of ours but this one file.
# Usage: tools/check_needed.sh PROGRAM
set -uo pipefail

allowed='^(libc|libm|libgcc_s|libstdc\+\+|libcrypto|libsodium|ld-linux[a-z0-9-]*)\.so(\.[0-9]+)*$'

if [ $# != 1 ] || [ ! -f "$1" ]; then
  echo "usage: tools/check_needed.sh PROGRAM (a file)" >&2
  exit 64
fi
if ! dynamic=$(readelf -d "$1" 2>&1) || [[ $dynamic == *"Error: Not an ELF"* ]]; then
  echo "check_needed: $1: cannot be read by readelf: $dynamic" >&2
  exit 1
fi
wrong=0
while read -r library; do
  [ -n "$library" ] || continue
  if ! [[ $library =~ $allowed ]]; then
    echo "check_needed: $1 needs $library, which is not on the list in tools/check_needed.sh" >&2
    wrong=1
  fi
done < <(sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' <<<"$dynamic")
exit $wrong
