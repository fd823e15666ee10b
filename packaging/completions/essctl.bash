# shellcheck shell=bash
# bash completion for essctl(1). What there is to complete, essctl itself knows.

_essctl() {
  local line=${COMP_LINE:0:COMP_POINT} word kept candidate
  local -a candidates
  mapfile -t candidates < <(essctl complete --line "$line" 2>/dev/null)
  # bash replaces what stands behind the last of its word breaks, such as the @ of a template's instance.
  word=${line##*[[:space:]]}
  kept=${word%"${word##*["$COMP_WORDBREAKS"]}"}
  COMPREPLY=()
  case ${candidates[0]-} in
    :files)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "${word#"$kept"}")
      return
      ;;
    :directories)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "${word#"$kept"}")
      return
      ;;
  esac
  for candidate in "${candidates[@]}"; do
    candidate=${candidate%%$'\t'*}
    COMPREPLY+=("${candidate#"$kept"}")
  done
}

complete -F _essctl essctl
