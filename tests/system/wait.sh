# shellcheck shell=bash
# Waiting for something with a deadline, and for processes by more than their number. Sourced by machine.sh.

# In here nothing is forked that need not be: what waits must not keep the processors from what it waits for.

# Between two looks; the only pause there is.
MACHINE_POLL=0.05

now_ms() {
  local us=${EPOCHREALTIME/./}
  echo $((us / 1000))
}

# wait_until SECONDS COMMAND...: 0 as soon as the command succeeds, 1 when the time is over.
wait_until() {
  local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@"; do
    ((${EPOCHREALTIME/./} < end)) || return 1
    sleep "$MACHINE_POLL"
  done
}

# A process is its number and its start time: numbers come round again. A zombie has ended.
process_stamp() { process_read_stamp "$1" && echo "$PROCESS_STAMP"; }

# process_read_stamp PID: sets PROCESS_STAMP
process_read_stamp() {
  local stat=''
  { IFS= read -rd '' stat <"/proc/$1/stat" || [[ -n $stat ]]; } 2>/dev/null || return 1
  local -a fields
  IFS=' ' read -ra fields <<<"${stat##*) }"
  PROCESS_STAMP="$1 ${fields[19]}"
  [[ ${fields[0]} != [ZX] ]]
}

process_alive() { [[ -n $1 ]] && process_read_stamp "${1%% *}" && [[ $PROCESS_STAMP == "$1" ]]; }
process_ended() { ! process_alive "$1"; }
