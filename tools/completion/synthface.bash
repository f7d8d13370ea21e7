# bash completion for synthface
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_synthface_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_synthface()
{
    local cur=${COMP_WORDS[COMP_CWORD]} command='' option='' argument=0 glue='' i word
    local -a words=()
    COMPREPLY=()
    # bash separates --name=value and host:port into three words: here they are one again.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ ${#words[@]} -gt 0 && ($glue || $word =~ ^[=:]+$) ]]; then
            words[-1]+=$word
            [[ $word =~ ^[=:]+$ ]] && glue=yes || glue=''
        else
            words+=("$word")
            glue=''
        fi
    done
    if [[ $cur == = && ${#words[@]} -gt 0 ]]; then
        words[-1]+='='
        cur='' glue=yes
    fi
    if [[ $glue ]]; then
        option=${words[-1]%%=*}
        unset 'words[-1]'
    fi
    for word in "${words[@]}"; do
        if [[ $glue != yes && $option ]]; then
            option='' # this was its value
            continue
        fi
        case "$command|$word" in
            '|-o' | '|--output' | '|--landmarks' | '|--frames' | '|--size' | '|--fps' | \
            '|--seed')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|-o' | '|--output' | '|--landmarks') compopt -o filenames; _synthface_reply -f ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _synthface_reply -W '-o --output --landmarks --frames --size --fps --seed --still -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            *) ;;
        esac
    fi
}

complete -F _synthface synthface
