# shellcheck shell=bash
# Waiting for something with a deadline, and for processes by more than their number. Sourced by machine.sh.

# Between two looks; the only pause there is.
MACHINE_POLL=0.02

now_ms() {
  local us=${EPOCHREALTIME/./}
  echo $((us / 1000))
}

# wait_until SECONDS COMMAND...: 0 as soon as the command succeeds, 1 when the time is over.
wait_until() {
  local end
  end=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    (($(now_ms) < end)) || return 1
    sleep "$MACHINE_POLL"
  done
}

# A process is its number and its start time: numbers come round again. A zombie has ended.
process_stamp() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  local -a fields
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != [ZX] ]] && echo "$1 ${fields[19]}"
}

process_alive() { [[ -n $1 && $(process_stamp "${1%% *}") == "$1" ]]; }
process_ended() { ! process_alive "$1"; }
