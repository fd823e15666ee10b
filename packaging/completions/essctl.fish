# fish completion for essctl(1). What there is to complete, essctl itself knows.

function __essctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --cut-at-cursor --current-token)
    set -l candidates (essctl complete -- $words[2..] "$word" 2>/dev/null)
    switch "$candidates[1]"
        case :files
            __fish_complete_path "$word"
        case :directories
            __fish_complete_directories "$word" ''
        case '*'
            printf '%s\n' $candidates
    end
end

complete --command essctl --no-files --arguments '(__essctl_complete)'
