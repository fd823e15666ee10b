# For verify-ledger: the checkpoint beside the ledger, and the anchors from outside: key, kept checkpoint, journal.
# shellcheck shell=bash disable=SC2154

# root_at LOG SIZE: sets root, in base64
root_at() {
  local some=() i
  root=${root_of[$1 $2]:-}
  [[ -z $root ]] || return 0
  for i in ${log_rows[$1]}; do
    ((${#some[@]} < $2)) || break
    some+=("${leaves[i]}")
  done
  tree_hash "${some[@]}"
  root=$(bytes_of_hex "$tree" | base64 -w 0)
  root_of[$1 $2]=$root
}

check_own_checkpoint() {
  local log=$((${#log_origin[@]} - 1)) lines
  if ! take_note "$work/checkpoint"; then
    wrong signature "checkpoint: there is none that can be read"
    unproven root "no checkpoint"
    unproven truncation "no checkpoint"
  elif ((log < 0)); then
    unproven root "no log"
    unproven signature "no log"
    unproven truncation "no log"
  elif [[ $note_origin != "${log_origin[log]}" ]]; then
    wrong root "the checkpoint is of log $note_origin, the newest log is ${log_origin[log]}"
    unproven signature "a checkpoint of another log"
    unproven truncation "a checkpoint of another log"
  else
    lines=${log_size[log]}
    if ((note_size > lines)); then
      wrong truncation "the checkpoint signs $note_size lines of $note_origin, $lines are there"
      unproven root "fewer lines than the checkpoint signs"
    else
      root_at "$log" "$note_size"
      [[ $root == "$note_root" ]] || wrong root "the first $note_size lines of $note_origin have another root"
      if ((note_size < lines)); then
        unproven root "lines behind the newest checkpoint: $((lines - note_size))"
        pending=1
      fi
      good root "$note_size lines of $note_origin"
    fi
    check_own_signature "$log"
  fi
}

check_own_signature() {
  if ! is_note_of_log "$1"; then
    wrong signature "checkpoint: $fault"
  elif [[ -n $key_file ]]; then
    check_key
  else
    unproven signature "no key from outside (--key): the one beside the ledger proves only itself"
  fi
  check_published "$1"
  good signature "by $note_key"
}

# The key that the auditor keeps vouches for the keys that it signed, from one key line to the next.
check_key() {
  local name='' raw text i last=''
  local -A trusted=()
  if [[ -f $key_file ]] && IFS= read -r text <"$key_file" && [[ $text == "-----BEGIN PUBLIC KEY-----" ]]; then
    raw=$(raw_of_pem "$key_file") || raw=''
  elif [[ -f $key_file ]] && take_vkey "$(tr -d '\000' <"$key_file")"; then
    raw=$vkey_raw name=$vkey_name
  fi
  [[ -n ${raw:-} ]] || { wrong signature "--key $key_file: no Ed25519 public key that can be read" && return; }
  if [[ -n $name && " ${log_origin[*]} " != *" $name "* ]]; then
    wrong signature "--key $key_file: of the log $name, which is not here"
    return
  fi
  trusted[$raw]=1
  for i in "${!key_raw[@]}"; do
    if [[ -n ${trusted[${key_before[i]:-none}]:-} ]]; then trusted[${key_raw[i]}]=1; fi
    [[ ${key_text[i]} != "$note_key" ]] || last=${key_raw[i]}
  done
  [[ -n ${trusted[$last]:-} ]] || wrong signature "--key $key_file does not vouch for $note_key"
}

# The public key lies beside the ledger in two forms, each with one spelling. Who keeps it should keep the right one.
check_published() {
  local i name text
  local -A known=()
  for i in "${!key_log[@]}"; do
    ((key_log[i] == $1)) || continue
    known["log.vkey ${key_text[i]}"$'\n.']=1
    known["log.pub.pem $(pem_of_raw "${key_raw[i]}")"$'\n.']=1
  done
  for name in log.vkey log.pub.pem; do
    [[ -e $directory/$name ]] || continue
    text=$([[ ! -f $directory/$name ]] || head -c "$NOTE_LIMIT" "$directory/$name" | tr '\000' '\001' && echo .)
    [[ -n ${known[$name $text]:-} ]] || wrong signature "$name: not a key of this log"
  done
}

# check_anchor NAME: the checkpoint from outside that was taken; of the journal without a signature, since journald
# vouches that root sent it
check_anchor() {
  local i log=-1
  for i in "${!log_origin[@]}"; do
    if [[ ${log_origin[i]} == "$note_origin" ]]; then log=$i; fi
  done
  if ((log < 0)); then
    wrong truncation "$1: of the log $note_origin, which is not here"
  elif [[ $1 != journal ]] && ! is_note_of_log "$log"; then
    wrong truncation "$1: $fault"
  elif ((note_size > log_size[log])); then
    wrong truncation "$1: signs $note_size lines of $note_origin, ${log_size[log]} are there"
  else
    root_at "$log" "$note_size"
    [[ $root == "$note_root" ]] || wrong truncation "$1: the first $note_size lines of $note_origin have another root"
    good truncation "${good_text[truncation]:+${good_text[truncation]}, }$1 ($note_size lines)"
  fi
}

take_journal() {
  [[ -s $work/journal ]] && mapfile -t lines <"$work/journal" && ((${#lines[@]} == 3)) || return 1
  note_origin=${lines[0]} note_size=${lines[1]} note_root=${lines[2]}
  is_size "$note_size" && is_root "$note_root"
}

check_anchors() {
  if [[ -n $kept ]] && take_note "$kept"; then
    check_anchor "--checkpoint $kept"
  elif [[ -n $kept ]]; then
    wrong truncation "--checkpoint $kept: no checkpoint that can be read"
  fi
  if ((journal)) && take_journal; then
    check_anchor journal
  elif ((journal)); then
    unproven truncation "the journal has no checkpoint that can be read"
  fi
  if [[ -z $kept ]] && ((!journal)); then
    unproven truncation "no anchor from outside (--checkpoint, --journal): a rollback of all files would not show"
  fi
}
