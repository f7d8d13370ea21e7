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
            'serve|--log-level' | 'work|--capacity' | 'work|--label' | 'work|--machine' | \
            'work|--socket' | 'work|--replicas' | 'work|--metrics' | 'work|--nats' | \
            'work|--site' | 'work|--login' | 'work|--credentials' | 'work|--ca' | 'work|--cert' \
            | 'work|--key' | 'work|--log-level' | 'streams|--nats' | 'streams|--site' | \
            'streams|--login' | 'streams|--credentials' | 'streams|--ca' | 'streams|--cert' | \
            'streams|--key' | 'streams|--log-level' | 'streams add|--label' | \
            'streams add|--worker' | 'streams add|--replicas' | 'streams add|--nats' | \
            'streams add|--site' | 'streams add|--login' | 'streams add|--credentials' | \
            'streams add|--ca' | 'streams add|--cert' | 'streams add|--key' | \
            'streams add|--log-level' | 'streams remove|--nats' | 'streams remove|--site' | \
            'streams remove|--login' | 'streams remove|--credentials' | 'streams remove|--ca' | \
            'streams remove|--cert' | 'streams remove|--key' | 'streams remove|--log-level' | \
            'streams list|--nats' | 'streams list|--site' | 'streams list|--login' | \
            'streams list|--credentials' | 'streams list|--ca' | 'streams list|--cert' | \
            'streams list|--key' | 'streams list|--log-level' | 'streams move|--nats' | \
            'streams move|--site' | 'streams move|--login' | 'streams move|--credentials' | \
            'streams move|--ca' | 'streams move|--cert' | 'streams move|--key' | \
            'streams move|--log-level' | 'streams import|--label' | 'streams import|--nats' | \
            'streams import|--site' | 'streams import|--login' | 'streams import|--credentials' \
            | 'streams import|--ca' | 'streams import|--cert' | 'streams import|--key' | \
            'streams import|--log-level' | 'status|--nats' | 'status|--site' | 'status|--login' \
            | 'status|--credentials' | 'status|--ca' | 'status|--cert' | 'status|--key' | \
            'status|--log-level')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            '|publish') command='publish' ;;
            '|serve') command='serve' ;;
            '|work') command='work' ;;
            '|streams') command='streams' ;;
            '|status') command='status' ;;
            'streams|add') command='streams add' ;;
            'streams|remove') command='streams remove' ;;
            'streams|list') command='streams list' ;;
            'streams|move') command='streams move' ;;
            'streams|import') command='streams import' ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--login' | '|--credentials' | '|--ca' | '|--cert' | '|--key' | \
            'publish|--mqtt-login' | 'publish|--socket' | 'publish|--login' | \
            'publish|--credentials' | 'publish|--ca' | 'publish|--cert' | 'publish|--key' | \
            'serve|--socket' | 'serve|--login' | 'serve|--credentials' | 'serve|--ca' | \
            'serve|--cert' | 'serve|--key' | 'work|--socket' | 'work|--metrics' | 'work|--login' \
            | 'work|--credentials' | 'work|--ca' | 'work|--cert' | 'work|--key' | \
            'streams|--login' | 'streams|--credentials' | 'streams|--ca' | 'streams|--cert' | \
            'streams|--key' | 'streams add|--login' | 'streams add|--credentials' | \
            'streams add|--ca' | 'streams add|--cert' | 'streams add|--key' | \
            'streams remove|--login' | 'streams remove|--credentials' | 'streams remove|--ca' | \
            'streams remove|--cert' | 'streams remove|--key' | 'streams list|--login' | \
            'streams list|--credentials' | 'streams list|--ca' | 'streams list|--cert' | \
            'streams list|--key' | 'streams move|--login' | 'streams move|--credentials' | \
            'streams move|--ca' | 'streams move|--cert' | 'streams move|--key' | \
            'streams import|--login' | 'streams import|--credentials' | 'streams import|--ca' | \
            'streams import|--cert' | 'streams import|--key' | 'status|--login' | \
            'status|--credentials' | 'status|--ca' | 'status|--cert' | 'status|--key') compopt -o filenames; _mocap_fleet_reply -f ;;
            '|--log-level' | 'publish|--log-level' | 'serve|--log-level' | 'work|--log-level' | \
            'streams|--log-level' | 'streams add|--log-level' | 'streams remove|--log-level' | \
            'streams list|--log-level' | 'streams move|--log-level' | \
            'streams import|--log-level' | 'status|--log-level') _mocap_fleet_reply -W 'error warning info debug' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocap_fleet_reply -W '--nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'publish') _mocap_fleet_reply -W '--mqtt --mqtt-login --discovery --always --machine --socket --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'serve') _mocap_fleet_reply -W '--socket --stream --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'work') _mocap_fleet_reply -W '--capacity --label --machine --socket --always --replicas --metrics --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'streams') _mocap_fleet_reply -W '--nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'streams add') _mocap_fleet_reply -W '--label --worker --replicas --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'streams remove') _mocap_fleet_reply -W '--nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'streams list') _mocap_fleet_reply -W '--json --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'streams move') _mocap_fleet_reply -W '--nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'streams import') _mocap_fleet_reply -W '--label --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
            'status') _mocap_fleet_reply -W '--json --nats --site --login --credentials --ca --cert --key --log-level -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            '|0') _mocap_fleet_reply -W 'publish serve work streams status' ;;
            'streams|0') _mocap_fleet_reply -W 'add remove list move import' ;;
            'streams import|0') compopt -o filenames; _mocap_fleet_reply -f ;;
            *) ;;
        esac
    fi
}

complete -F _mocap_fleet mocap-fleet
