# bash completion for mocap-web
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_mocap_web_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mocap_web()
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
            '|--listen' | '|--host' | '|--origin' | '|--socket' | '|--bridge-socket' | \
            '|--stream' | '|--pages' | '|--log-level')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--socket' | '|--bridge-socket') compopt -o filenames; _mocap_web_reply -f ;;
            '|--stream') _mocap_web_reply -W "$(mocapctl status --json 2>/dev/null | grep -o '"stream":"[^"]*"' | cut -d '"' -f 4)" ;;
            '|--pages') compopt -o filenames; _mocap_web_reply -d ;;
            '|--log-level') _mocap_web_reply -W 'error warning info debug' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocap_web_reply -W '--listen --host --origin --socket --bridge-socket --stream --pages --log-level -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            *) ;;
        esac
    fi
}

complete -F _mocap_web mocap-web
