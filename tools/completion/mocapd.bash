# bash completion for mocapd
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_mocapd_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mocapd()
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
            '|--config' | '|--stream' | '|--wait-subscribers' | '|--linger' | '|--model' | \
            '|--locator' | '|--expression' | '|--precision' | '|--workers' | '|--socket' | \
            '|--control-group' | '|--max-connections' | '|--max-connections-per-user' | \
            '|--stuck-timeout' | '|--log-level' | '|--max-faces' | '|--region' | '|--rotate' | \
            '|--max-frame-size' | '|--smooth' | '|--smooth-min-cutoff' | '|--smooth-beta' | \
            '|--fov')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--config' | '|--model' | '|--locator' | '|--socket') compopt -o filenames; _mocapd_reply -f ;;
            '|--expression') compopt -o filenames; _mocapd_reply -f -W 'off' ;;
            '|--precision') _mocapd_reply -W 'auto f32 bf16 int8' ;;
            '|--control-group') _mocapd_reply -g ;;
            '|--log-level') _mocapd_reply -W 'error warning info debug' ;;
            '|--rotate') _mocapd_reply -W '0 90 180 270' ;;
            '|--smooth') _mocapd_reply -W 'on off' ;;
            '|--fov') _mocapd_reply -W 'auto' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocapd_reply -W '--config --check-config --stream --every-frame --exit-on-end --wait-subscribers --linger --model --locator --expression --precision --workers --socket --control-group --max-connections --max-connections-per-user --stuck-timeout --log-level --max-faces --region --full-frame --rotate --mirror --max-frame-size --repeat --isolate --smooth --smooth-min-cutoff --smooth-beta --fov -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            *) ;;
        esac
    fi
}

complete -F _mocapd mocapd
