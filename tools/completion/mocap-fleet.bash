# bash completion for mocap-fleet
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_mocap_fleet_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mocap_fleet()
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
            '|--nats' | '|--site' | '|--login' | '|--credentials' | '|--ca' | '|--cert' | \
            '|--key' | '|--log-level' | 'publish|--mqtt' | 'publish|--mqtt-login' | \
            'publish|--discovery' | 'publish|--machine' | 'publish|--socket' | 'publish|--nats' \
            | 'publish|--site' | 'publish|--login' | 'publish|--credentials' | 'publish|--ca' | \
            'publish|--cert' | 'publish|--key' | 'publish|--log-level' | 'serve|--socket' | \
            'serve|--stream' | 'serve|--nats' | 'serve|--site' | 'serve|--login' | \
            'serve|--credentials' | 'serve|--ca' | 'serve|--cert' | 'serve|--key' | \
            'serve|--log-level')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            '|publish') command='publish' ;;
            '|serve') command='serve' ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--login' | '|--credentials' | '|--ca' | '|--cert' | '|--key' | \
            'publish|--mqtt-login' | 'publish|--socket' | 'publish|--login' | \
            'publish|--credentials' | 'publish|--ca' | 'publish|--cert' | 'publish|--key' | \
            'serve|--socket' | 'serve|--login' | 'serve|--credentials' | 'serve|--ca' | \
            'serve|--cert' | 'serve|--key') compopt -o filenames; _mocap_fleet_reply -f ;;
            '|--log-level' | 'publish|--log-level' | 'serve|--log-level') _mocap_fleet_reply -W 'error warning info debug' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocap_fleet_reply -W '--nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'publish') _mocap_fleet_reply -W '--mqtt --mqtt-login --discovery --always --machine --socket --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'serve') _mocap_fleet_reply -W '--socket --stream --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            '|0') _mocap_fleet_reply -W 'publish serve' ;;
            *) ;;
        esac
    fi
}

complete -F _mocap_fleet mocap-fleet
