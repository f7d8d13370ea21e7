# bash completion for mocapctl
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_mocapctl_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mocapctl()
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
            '|--socket' | 'watch|-n' | 'watch|--count' | 'watch|-f' | 'watch|--format' | \
            'watch|-i' | 'watch|--include' | 'watch|--socket' | 'status|--socket' | \
            'metrics|--socket' | 'calibrate|--profile' | 'calibrate|--socket' | \
            'stream|--socket' | 'stream add|--socket' | 'stream remove|--socket' | \
            'stream set|--socket' | 'reload|--socket' | 'devices|--socket' | 'doctor|--socket' | \
            'record|--stream' | 'record|-n' | 'record|--count' | 'record|--seconds' | \
            'record|--socket' | 'replay|--speed' | 'replay|--from' | 'replay|--wait-subscribers' \
            | 'replay|--socket' | 'export|--stream' | 'export|-o' | 'export|--output' | \
            'export|--socket' | 'overlay|--model' | 'overlay|--locator' | 'overlay|--expression' \
            | 'overlay|--max-faces' | 'overlay|--region' | 'overlay|--frame' | \
            'overlay|--socket' | 'still|--model' | 'still|--locator' | 'still|--expression' | \
            'still|--socket' | 'fleet|--socket')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            '|watch') command='watch' ;;
            '|status') command='status' ;;
            '|metrics') command='metrics' ;;
            '|calibrate') command='calibrate' ;;
            '|stream') command='stream' ;;
            '|reload') command='reload' ;;
            '|devices') command='devices' ;;
            '|doctor') command='doctor' ;;
            '|record') command='record' ;;
            '|replay') command='replay' ;;
            '|export') command='export' ;;
            '|overlay') command='overlay' ;;
            '|still') command='still' ;;
            '|fleet') command='fleet' ;;
            'stream|add') command='stream add' ;;
            'stream|remove') command='stream remove' ;;
            'stream|set') command='stream set' ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--socket' | 'watch|--socket' | 'status|--socket' | 'metrics|--socket' | \
            'calibrate|--socket' | 'stream|--socket' | 'stream add|--socket' | \
            'stream remove|--socket' | 'stream set|--socket' | 'reload|--socket' | \
            'devices|--socket' | 'doctor|--socket' | 'record|--socket' | 'replay|--socket' | \
            'export|-o' | 'export|--output' | 'export|--socket' | 'overlay|--model' | \
            'overlay|--locator' | 'overlay|--socket' | 'still|--model' | 'still|--locator' | \
            'still|--socket' | 'fleet|--socket') compopt -o filenames; _mocapctl_reply -f ;;
            'watch|-f' | 'watch|--format') _mocapctl_reply -W 'table json' ;;
            'record|--stream' | 'export|--stream') _mocapctl_reply -W "$(mocapctl status --json 2>/dev/null | grep -o '"stream":"[^"]*"' | cut -d '"' -f 4)" ;;
            'overlay|--expression' | 'still|--expression') compopt -o filenames; _mocapctl_reply -f -W 'off' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'watch') _mocapctl_reply -W '-n --count -f --format -i --include --socket -h --help -V --version' ;;
            'status') _mocapctl_reply -W '--json --socket -h --help -V --version' ;;
            'metrics') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'calibrate') _mocapctl_reply -W '--profile --socket -h --help -V --version' ;;
            'stream') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'stream add') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'stream remove') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'stream set') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'reload') _mocapctl_reply -W '--socket -h --help -V --version' ;;
            'devices') _mocapctl_reply -W '--json --socket -h --help -V --version' ;;
            'doctor') _mocapctl_reply -W '--json --socket -h --help -V --version' ;;
            'record') _mocapctl_reply -W '--stream -n --count --seconds --socket -h --help -V --version' ;;
            'replay') _mocapctl_reply -W '--speed --from -l --loop --every-frame --wait-subscribers --socket -h --help -V --version' ;;
            'export') _mocapctl_reply -W '--csv --json --bvh --live-link --dense --stream -o --output --socket -h --help -V --version' ;;
            'overlay') _mocapctl_reply -W '--model --locator --expression --max-faces --region --frame --pose --gaze --dense --socket -h --help -V --version' ;;
            'still') _mocapctl_reply -W '--model --locator --expression --socket -h --help -V --version' ;;
            'fleet') _mocapctl_reply -W '--socket -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            '|0') _mocapctl_reply -W 'watch status metrics calibrate stream reload devices doctor record replay export overlay still fleet' ;;
            'watch|0') _mocapctl_reply -W "$(mocapctl status --json 2>/dev/null | grep -o '"stream":"[^"]*"' | cut -d '"' -f 4)" ;;
            'metrics|0') _mocapctl_reply -W "$(mocapctl status --json 2>/dev/null | grep -o '"stream":"[^"]*"' | cut -d '"' -f 4)" ;;
            'calibrate|0') _mocapctl_reply -W 'neutral range show use reset' ;;
            'calibrate|1') _mocapctl_reply -W "$(mocapctl status --json 2>/dev/null | grep -o '"stream":"[^"]*"' | cut -d '"' -f 4)" ;;
            'stream|0') _mocapctl_reply -W 'add remove set' ;;
            'record|0') compopt -o filenames; _mocapctl_reply -f ;;
            'replay|0') compopt -o filenames; _mocapctl_reply -f ;;
            'export|0') compopt -o filenames; _mocapctl_reply -f ;;
            'overlay|0') compopt -o filenames; _mocapctl_reply -f ;;
            'overlay|1') compopt -o filenames; _mocapctl_reply -f ;;
            *) ;;
        esac
    fi
}

complete -F _mocapctl mocapctl
