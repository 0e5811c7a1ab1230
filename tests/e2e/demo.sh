#!/usr/bin/env bash
# `./dev demo`: one whole run, from a private dataset to a verified certificate, and proof that the
# checks can fail. Usage: demo.sh FOLDER_OF_PROGRAMS.  Exit status 0 only if all came out as told.
set -euo pipefail
bin=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
d2="$here/workloads/d2"
scratch=$(mktemp -d -t mayfly-demo.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export PATH="$bin:$PATH" MAYFLY_STATE="$scratch/state" PYTHONDONTWRITEBYTECODE=1

bold='' green='' red='' grey='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' grey=$'\e[90m' plain=$'\e[0m'
fi

step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
told() { printf '  %s$ %s%s\n' "$grey" "$*" "$plain"; }
good() { printf '  %sok%s    %s\n' "$green" "$plain" "$*"; }
bad() {
  printf '  %sWRONG%s %s\n' "$red" "$plain" "$*"
  exit 1
}
indent() { sed 's/^/  /'; }

member() { /usr/bin/python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."):
    value = value[name]
print(value if isinstance(value, str) else json.dumps(value, sort_keys=True))' "$1" "$2"; }

scan() {  # records-with-PII certificate: the dataset goes through a pipe and is never a file
  told "generate.py --pii $1 | mayfly run --dataset - --dataset-format csv" \
    "--script pii_scanner.py -o $2"
  local status=0
  /usr/bin/python3 "$d2/generate.py" --pii "$1" |
    mayfly run --dataset - --dataset-format csv --script "$d2/pii_scanner.py" --no-store -q \
      -o "$scratch/$2" >"$scratch/out" 2>"$scratch/err" || status=$?
  if [ "$status" != 0 ]; then
    indent <"$scratch/err"
    printf '  %s\n' "what this machine can do:"
    mayfly doctor | indent || true
    bad "the run ended with exit status $status; 'mayfly doctor' above names the way out"
  fi
}

expect() {  # what wanted got
  [ "$2" = "$3" ] || bad "$1: wanted $2, got $3"
  good "$1: $3"
}

verify() {  # certificate wanted-status what shown: whole, verdict or nothing
  local status=0
  told "verify-cert $1"
  verify-cert "$scratch/$1" >"$scratch/report" 2>&1 || status=$?
  case $4 in
    whole) indent <"$scratch/report" ;;
    verdict) grep -E '^[A-Z]|^ *FAIL ' "$scratch/report" | cut -c -100 | head -n 8 | indent ;;
  esac
  case " $2 " in
    *" $status "*) good "$3 (exit $status)" ;;
    *)
      indent <"$scratch/report"
      bad "$3: wanted exit status $2, got $status"
      ;;
  esac
}

result=statement.predicate.claim.result.value

step '1  10,000 patient records, none with personal data, are scanned inside a sandbox'
scan 0 clean.json
mayfly show "$scratch/clean.json" | indent
expect 'found in clean records' 0 "$(member "$scratch/clean.json" $result.pii_found)"

step '2  The same scan over records of which 37 carry personal data'
scan 37 planted.json
mayfly show "$scratch/planted.json" | indent
expect 'found' '{"email": 11, "name": 9, "phone": 10, "ssn": 7}' \
  "$(member "$scratch/planted.json" $result.by_kind)"

step '3  A separate program, sharing nothing but the file, checks both'
verify clean.json 5 'consistent, not hardware-attested' whole
verify planted.json 5 'consistent, not hardware-attested' nothing
printf '  %s\n' \
  'Exit 5 is the right answer here: signature, hashes and binding hold, but the quote comes from' \
  'a simulated device, which is what a run has unless a real one is chosen with --attest. To end' \
  'with 0: that needs a quote by real hardware, and a policy that names what may have run.'

step '4  Another dataset is another claim; the same dataset is the same claim'
clean=$(member "$scratch/clean.json" claim_hash)
planted=$(member "$scratch/planted.json" claim_hash)
[ "$clean" != "$planted" ] || bad 'both scans claim the same'
good "clean: $clean"
good "planted: $planted"
scan 0 again.json
expect 'again' "$clean" "$(member "$scratch/again.json" claim_hash)"
[ "$(member "$scratch/again.json" certificate_id)" != \
  "$(member "$scratch/clean.json" certificate_id)" ] || bad 'two runs share one certificate'
good 'and yet another certificate: it was another run'

step '5  One flipped byte is refused'
/usr/bin/python3 - "$scratch/clean.json" "$scratch/flipped.json" <<'FLIP'
import sys
good = bytearray(open(sys.argv[1], "rb").read())
at = good.index(b'"pii_found":0') + len('"pii_found":')
good[at] ^= 1  # "0 found" becomes "1 found"
open(sys.argv[2], "wb").write(good)
FLIP
verify flipped.json '1 2' 'refused' verdict

printf '\n%sAll of it came out as told.%s The certificates were in %s and are deleted now.\n' \
  "$green" "$plain" "$scratch"
