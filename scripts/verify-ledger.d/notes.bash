# For verify-ledger: public keys, signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint).
# shellcheck shell=bash disable=SC2154

# A run starts few programs: their starting is most of its time.

hex() {
  local text
  text=$(od -An -v -tx1 "$@") && printf '%s' "${text//[[:space:]]/}"
}

bytes_of_hex() {
  local i escaped=''
  for ((i = 0; i < ${#1}; i += 2)); do escaped+="\\x${1:i:2}"; done
  printf '%b' "$escaped"
}

# key_id NAME RAW_KEY_IN_HEX
key_id() {
  local sum
  sum=$({ printf '%s\n\001' "$1" && bytes_of_hex "$2"; } | sha256sum)
  echo "${sum:0:8}"
}

# take_vkey TEXT: sets vkey_name, vkey_id and vkey_raw (hex)
take_vkey() {
  [[ $1 =~ ^([^+[:space:]]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$ ]] || return 1
  vkey_name=${BASH_REMATCH[1]} vkey_id=${BASH_REMATCH[2]} vkey_raw=${raw_of_vkey[$1]:-}
  [[ -z $vkey_raw ]] || return 0
  vkey_raw=$(base64 -d <<<"${BASH_REMATCH[3]}" | hex)
  [[ ${vkey_raw:0:2} == 01 ]] || return 1
  vkey_raw=${vkey_raw:2}
  [[ $(key_id "$vkey_name" "$vkey_raw") == "$vkey_id" ]] && raw_of_vkey[$1]=$vkey_raw
}

# raw_of_pem FILE: the key in hex
raw_of_pem() {
  local der
  der=$(openssl pkey -pubin -in "$1" -outform DER 2>/dev/null | hex) || return 1
  [[ $der =~ ^302a300506032b6570032100([0-9a-f]{64})$ ]] && echo "${BASH_REMATCH[1]}"
}

der_of_raw() { printf '%b' "$DER_HEAD" && bytes_of_hex "$1"; }
pem_of_raw() { printf '%s\n' '-----BEGIN PUBLIC KEY-----' "$(der_of_raw "$1" | base64 -w 0)" '-----END PUBLIC KEY-----'; }

# is_signed RAW_KEY FILE SIGNATURE_FILE; openssl 3.0 does not read a text to verify from a pipe
is_signed() {
  der_of_raw "$1" >"$work/key.der"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$2" -sigfile "$3" >/dev/null 2>&1
}

# is_base64 TEXT: the one spelling of some bytes. The bits that padding leaves over are zero.
is_base64() { [[ $1 =~ ^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?$ ]]; }
# The one spelling of 32 bytes
is_root() { [[ ${#1} == 44 && $1 == *[^=]= ]] && is_base64 "$1"; }

is_size() { [[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]]; }

# take_note FILE: sets note_origin, note_size, note_root (base64) and signatures; the text that is signed goes to
# $work/body
take_note() {
  local text size i line name signature blank=0
  signatures=()
  [[ -f $1 && -r $1 ]] && size=$(stat -L -c %s "$1") && ((size <= NOTE_LIMIT)) || return 1
  IFS= read -r -d '' text <"$1" || true # up to a NUL
  ((${#text} == size)) && [[ $text != *[$'\001'-$'\011'$'\013'-$'\037']* && ${text: -1} == $'\n' ]] || return 1
  awk -v note=1 -f "$here/form.awk" "$1" || return 1
  mapfile -t lines <<<"${text%$'\n'}"
  for i in "${!lines[@]}"; do
    line=${lines[i]}
    if ((blank)); then
      [[ $line =~ ^'— '([^+[:space:]]+)' '([A-Za-z0-9+/]+=*)$ ]] || return 1
      name=${BASH_REMATCH[1]} signature=${BASH_REMATCH[2]}
      is_base64 "$signature" && [[ $signature =~ [^=]{7} ]] || return 1 # more than the 4 bytes of the key id
      signatures+=("$name $signature")
    elif [[ -z $line ]]; then
      blank=$i
      ((i >= 3)) || return 1
    fi
  done
  ((${#signatures[@]})) || return 1
  printf '%s\n' "${lines[@]:0:blank}" >"$work/body"
  note_origin=${lines[0]} note_size=${lines[1]}
  note_root=${lines[2]}
  is_size "$note_size" && is_root "$note_root"
}

# is_note_by VERIFIER_KEY: whether it signed the note; sets fault. Signatures of others are not looked at.
is_note_by() {
  local entry found=0
  take_vkey "$1"
  for entry in "${signatures[@]}"; do
    [[ ${entry% *} == "$vkey_name" ]] || continue
    base64 -d <<<"${entry##* }" >"$work/sig"
    [[ $(hex -N 4 "$work/sig") == "$vkey_id" ]] || continue
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
