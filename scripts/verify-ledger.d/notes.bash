# For verify-ledger: public keys, signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint).
# shellcheck shell=bash disable=SC2154

hex() { od -An -v -tx1 | tr -d ' \n'; }
bytes_of_hex() { printf '%b' "$(fold -w 2 <<<"$1" | awk '{ printf "\\x%s", $0 }')"; }

# key_id NAME RAW_KEY_IN_HEX
key_id() {
  local sum
  sum=$({ printf '%s\n\001' "$1" && bytes_of_hex "$2"; } | sha256sum)
  echo "${sum:0:8}"
}

# take_vkey TEXT: sets vkey_name, vkey_id and vkey_raw (hex)
take_vkey() {
  [[ $1 =~ ^([^+[:space:]]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$ ]] || return 1
  vkey_name=${BASH_REMATCH[1]} vkey_id=${BASH_REMATCH[2]}
  vkey_raw=$(base64 -d <<<"${BASH_REMATCH[3]}" | hex)
  [[ ${vkey_raw:0:2} == 01 ]] || return 1
  vkey_raw=${vkey_raw:2}
  [[ $(key_id "$vkey_name" "$vkey_raw") == "$vkey_id" ]]
}

# raw_of_pem FILE: the key in hex
raw_of_pem() {
  local der
  der=$(openssl pkey -pubin -in "$1" -outform DER 2>/dev/null | hex) || return 1
  [[ $der =~ ^302a300506032b6570032100([0-9a-f]{64})$ ]] && echo "${BASH_REMATCH[1]}"
}

# is_signed RAW_KEY FILE SIGNATURE_FILE; openssl 3.0 does not read a text to verify from a pipe
is_signed() {
  { printf '%b' "$DER_HEAD" && bytes_of_hex "$1"; } >"$work/key.der"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$2" -sigfile "$3" >/dev/null 2>&1
}

# strict_base64 TEXT OUT: only the one spelling of the bytes
strict_base64() {
  base64 -d <<<"$1" >"$2" 2>/dev/null && [[ $(base64 -w 0 "$2") == "$1" ]]
}

is_size() { [[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]]; }

# take_note FILE: sets note_origin, note_size, note_root and signatures; the text that is signed goes to $work/body
take_note() {
  local text i line blank=0
  signatures=()
  [[ -f $1 && -r $1 ]] && (($(stat -L -c %s "$1") <= NOTE_LIMIT)) || return 1
  [[ $(tr -d '\000-\011\013-\037' <"$1" | tee "$work/note" | sha256sum) == "$(sha256sum <"$1")" ]] || return 1
  IFS= read -r -d '' text <"$work/note" || true
  [[ ${text: -1} == $'\n' ]] && awk -v note=1 -f "$here/form.awk" "$work/note" || return 1
  mapfile -t lines <"$work/note"
  for i in "${!lines[@]}"; do
    line=${lines[i]}
    if ((blank)); then
      [[ $line =~ ^'— '([^+[:space:]]+)' '([A-Za-z0-9+/]+=*)$ ]] || return 1
      strict_base64 "${BASH_REMATCH[2]}" "$work/sig" && (($(stat -c %s "$work/sig") > 4)) || return 1
      signatures+=("${BASH_REMATCH[1]} ${BASH_REMATCH[2]}")
    elif [[ -z $line ]]; then
      blank=$i
      ((i >= 3)) || return 1
    fi
  done
  ((${#signatures[@]})) || return 1
  printf '%s\n' "${lines[@]:0:blank}" >"$work/body"
  note_origin=${lines[0]} note_size=${lines[1]}
  is_size "$note_size" && strict_base64 "${lines[2]}" "$work/root" || return 1
  note_root=$(hex <"$work/root")
  ((${#note_root} == 64))
}

# is_note_by VERIFIER_KEY: whether it signed the note; sets fault. Signatures of others are not looked at.
is_note_by() {
  local entry found=0
  take_vkey "$1"
  for entry in "${signatures[@]}"; do
    [[ ${entry% *} == "$vkey_name" ]] || continue
    base64 -d <<<"${entry##* }" >"$work/sig"
    [[ $(head -c 4 "$work/sig" | hex) == "$vkey_id" ]] || continue
    found=1
    tail -c +5 "$work/sig" >"$work/sig64"
    fault="the signature of $1 is wrong"
    is_signed "$vkey_raw" "$work/body" "$work/sig64" || return 1
  done
  fault="not signed by $1"
  ((found))
}

# is_note_of_log LOG: by the key of the log at the note's size; by the one before too, if it was changed just there
is_note_of_log() {
  local i key='' before='' at=0
  for i in "${!key_log[@]}"; do
    ((key_log[i] == $1 && key_at[i] <= note_size)) || continue
    before=$key at=${key_at[i]} key=${key_text[i]}
  done
  fault="the log has no key"
  [[ -n $key ]] || return 1
  note_key=$key
  if [[ -n $before ]] && ((at == note_size)); then is_note_by "$before" || return 1; fi
  is_note_by "$key"
}
