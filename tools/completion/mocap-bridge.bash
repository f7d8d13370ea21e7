# bash completion for mocap-bridge
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_mocap_bridge_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mocap_bridge()
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
            '|--vmc' | '|--osf' | '|--vrchat' | '|--ifacialmocap' | '|--live-link' | \
            '|--vtube-studio' | '|--opentrack' | '|--osc' | '|--config' | '|--stream' | \
            '|--face' | '|--rate' | '|--lost' | '|--gain' | '|--neutral' | '|--neutral-head' | \
            '|--shapes' | '|--bones' | '|--skeleton' | '|--prefix' | '|--subject' | '|--socket' \
            | '|--status-socket' | '|--log-level' | 'status|--vmc' | 'status|--osf' | \
            'status|--vrchat' | 'status|--ifacialmocap' | 'status|--live-link' | \
            'status|--vtube-studio' | 'status|--opentrack' | 'status|--osc' | 'status|--config' \
            | 'status|--stream' | 'status|--face' | 'status|--rate' | 'status|--lost' | \
            'status|--gain' | 'status|--neutral' | 'status|--neutral-head' | 'status|--shapes' | \
            'status|--bones' | 'status|--skeleton' | 'status|--prefix' | 'status|--subject' | \
            'status|--socket' | 'status|--status-socket' | 'status|--log-level')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            '|status') command='status' ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--vmc' | '|--osf' | '|--vrchat' | '|--ifacialmocap' | '|--live-link' | \
            '|--vtube-studio' | '|--opentrack' | '|--osc' | 'status|--vmc' | 'status|--osf' | \
            'status|--vrchat' | 'status|--ifacialmocap' | 'status|--live-link' | \
            'status|--vtube-studio' | 'status|--opentrack' | 'status|--osc') _mocap_bridge_reply -A hostname ;;
            '|--config' | '|--skeleton' | '|--socket' | '|--status-socket' | 'status|--config' | \
            'status|--skeleton' | 'status|--socket' | 'status|--status-socket') compopt -o filenames; _mocap_bridge_reply -f ;;
            '|--stream' | 'status|--stream') _mocap_bridge_reply -W "$(mocapctl status --json 2>/dev/null | grep -o '"stream":"[^"]*"' | cut -d '"' -f 4)" ;;
            '|--face' | 'status|--face') _mocap_bridge_reply -W 'any' ;;
            '|--lost' | 'status|--lost') _mocap_bridge_reply -W 'hold neutral' ;;
            '|--shapes' | 'status|--shapes') _mocap_bridge_reply -W 'both vrm arkit' ;;
            '|--bones' | 'status|--bones') _mocap_bridge_reply -W 'head body' ;;
            '|--log-level' | 'status|--log-level') _mocap_bridge_reply -W 'error warning info debug' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocap_bridge_reply -W '--vmc --osf --vrchat --ifacialmocap --live-link --vtube-studio --opentrack --osc --config --check-config --stream --face --mirror --rate --lost --gain --neutral --neutral-head --shapes --bones --skeleton --prefix --subject --socket --status-socket --log-level -h --help -V --version' ;;
            'status') _mocap_bridge_reply -W '--json --vmc --osf --vrchat --ifacialmocap --live-link --vtube-studio --opentrack --osc --config --check-config --stream --face --mirror --rate --lost --gain --neutral --neutral-head --shapes --bones --skeleton --prefix --subject --socket --status-socket --log-level -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            '|0') _mocap_bridge_reply -W 'status' ;;
            *) ;;
        esac
    fi
}

complete -F _mocap_bridge mocap-bridge
