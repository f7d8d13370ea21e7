# bash completion for mocap-lab
# Made from the program's table of options: tests/manual/manual.py --write

# Completes the current word from the output of compgen with these arguments.
_mocap_lab_reply()
{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mocap_lab()
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
            '|--socket' | 'bench|--socket' | 'bench net|--model' | 'bench net|--arch' | \
            'bench net|--size' | 'bench net|--precision' | 'bench net|-t' | \
            'bench net|--threads' | 'bench net|--seconds' | 'bench net|-n' | 'bench net|--runs' \
            | 'bench net|--socket' | 'bench kernels|--model' | 'bench kernels|--arch' | \
            'bench kernels|--size' | 'bench kernels|--precision' | 'bench kernels|-n' | \
            'bench kernels|--runs' | 'bench kernels|--socket' | 'bench blocks|--size' | \
            'bench blocks|-n' | 'bench blocks|--runs' | 'bench blocks|--socket' | \
            'bench motion|--model' | 'bench motion|--socket' | 'bench pipeline|--seconds' | \
            'bench pipeline|--ffmpeg' | 'bench pipeline|--reopen' | 'bench pipeline|--socket' | \
            'bench streams|--cores' | 'bench streams|--seconds' | 'bench streams|--first' | \
            'bench streams|--limit' | 'bench streams|--precision' | 'bench streams|--mocapd' | \
            'bench streams|--socket' | 'bench subscribers|--readers' | \
            'bench subscribers|--abusive-clients' | 'bench subscribers|--seconds' | \
            'bench subscribers|--rounds' | 'bench subscribers|--encoding' | \
            'bench subscribers|--socket' | 'compare|--size' | 'compare|-n' | 'compare|--runs' | \
            'compare|--set' | 'compare|--faces' | 'compare|--teacher' | 'compare|--onnxruntime' \
            | 'compare|--svg' | 'compare|--socket' | 'model|--socket' | 'model info|--socket' | \
            'model calibrate|--images' | 'model calibrate|--set' | 'model calibrate|-o' | \
            'model calibrate|--output' | 'model calibrate|--socket' | 'pose|--socket' | \
            'shapes|--model' | 'shapes|--expression' | 'shapes|--other' | 'shapes|--json' | \
            'shapes|--matrix' | 'shapes|--socket')
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
            '|bench') command='bench' ;;
            '|compare') command='compare' ;;
            '|model') command='model' ;;
            '|pose') command='pose' ;;
            '|shapes') command='shapes' ;;
            'bench|net') command='bench net' ;;
            'bench|kernels') command='bench kernels' ;;
            'bench|blocks') command='bench blocks' ;;
            'bench|motion') command='bench motion' ;;
            'bench|pipeline') command='bench pipeline' ;;
            'bench|streams') command='bench streams' ;;
            'bench|subscribers') command='bench subscribers' ;;
            'model|info') command='model info' ;;
            'model|calibrate') command='model calibrate' ;;
            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
            '|--socket' | 'bench|--socket' | 'bench net|--model' | 'bench net|--socket' | \
            'bench kernels|--model' | 'bench kernels|--socket' | 'bench blocks|--socket' | \
            'bench motion|--model' | 'bench motion|--socket' | 'bench pipeline|--socket' | \
            'bench streams|--mocapd' | 'bench streams|--socket' | 'bench subscribers|--socket' | \
            'compare|--teacher' | 'compare|--onnxruntime' | 'compare|--svg' | 'compare|--socket' \
            | 'model|--socket' | 'model info|--socket' | 'model calibrate|--images' | \
            'model calibrate|-o' | 'model calibrate|--output' | 'model calibrate|--socket' | \
            'pose|--socket' | 'shapes|--model' | 'shapes|--json' | 'shapes|--matrix' | \
            'shapes|--socket') compopt -o filenames; _mocap_lab_reply -f ;;
            'bench net|--precision' | 'bench kernels|--precision') _mocap_lab_reply -W 'f32 bf16 int8 auto' ;;
            'bench subscribers|--encoding') _mocap_lab_reply -W 'json cbor' ;;
            'compare|--set' | 'model calibrate|--set') compopt -o filenames; _mocap_lab_reply -d ;;
            'shapes|--expression') compopt -o filenames; _mocap_lab_reply -f -W 'off' ;;
            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
            '') _mocap_lab_reply -W '--socket -h --help -V --version' ;;
            'bench') _mocap_lab_reply -W '--socket -h --help -V --version' ;;
            'bench net') _mocap_lab_reply -W '--model --arch --size --precision -t --threads --seconds -n --runs --profile --json --socket -h --help -V --version' ;;
            'bench kernels') _mocap_lab_reply -W '--model --arch --size --precision -n --runs --json --socket -h --help -V --version' ;;
            'bench blocks') _mocap_lab_reply -W '--size -n --runs --json --socket -h --help -V --version' ;;
            'bench motion') _mocap_lab_reply -W '--model --socket -h --help -V --version' ;;
            'bench pipeline') _mocap_lab_reply -W '--seconds --ffmpeg --reopen --socket -h --help -V --version' ;;
            'bench streams') _mocap_lab_reply -W '--cores --seconds --first --limit --precision --mocapd --socket -h --help -V --version' ;;
            'bench subscribers') _mocap_lab_reply -W '--readers --abusive-clients --seconds --rounds --encoding --socket -h --help -V --version' ;;
            'compare') _mocap_lab_reply -W '--size -n --runs --int8 --set --faces --teacher --onnxruntime --json --markdown --svg --socket -h --help -V --version' ;;
            'model') _mocap_lab_reply -W '--socket -h --help -V --version' ;;
            'model info') _mocap_lab_reply -W '--plan --socket -h --help -V --version' ;;
            'model calibrate') _mocap_lab_reply -W '--images --set -o --output --socket -h --help -V --version' ;;
            'pose') _mocap_lab_reply -W '--socket -h --help -V --version' ;;
            'shapes') _mocap_lab_reply -W '--model --expression --other --markdown --json --matrix --socket -h --help -V --version' ;;
        esac
    else
        case "$command|$argument" in
            '|0') _mocap_lab_reply -W 'bench compare model pose shapes' ;;
            'bench|0') _mocap_lab_reply -W 'net kernels blocks motion pipeline streams subscribers' ;;
            'bench motion|0') compopt -o filenames; _mocap_lab_reply -f ;;
            'bench motion|1') compopt -o filenames; _mocap_lab_reply -f ;;
            'bench streams|0') compopt -o filenames; _mocap_lab_reply -f ;;
            'compare|'*) compopt -o filenames; _mocap_lab_reply -f ;;
            'model|0') _mocap_lab_reply -W 'info calibrate' ;;
            'model info|0') compopt -o filenames; _mocap_lab_reply -f ;;
            'model calibrate|0') compopt -o filenames; _mocap_lab_reply -f ;;
            'shapes|0') compopt -o filenames; _mocap_lab_reply -d ;;
            *) ;;
        esac
    fi
}

complete -F _mocap_lab mocap-lab
