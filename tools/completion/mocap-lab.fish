# fish completion for mocap-lab
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_mocap_lab_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --abusive-clients --arch --cores --encoding --expression --faces --ffmpeg --first --images --json --limit --matrix --mocapd --model --onnxruntime --other --output --precision --readers --reopen --rounds --runs --seconds --set --size --socket --svg --teacher --threads -n -o -t
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_mocap_lab_at
    set -l words (__fish_mocap_lab_words)
    if string match -qr '^[0-9]+$' -- "$argv[1]"
        test (count $words) -eq (math $argv[1] + (count $argv) - 1)
        or return 1
        set -e argv[1]
    end
    test (count $words) -ge (count $argv)
    or return 1
    for i in (seq (count $argv))
        test "$words[$i]" = "$argv[$i]"
        or return 1
    end
end

complete -c mocap-lab -f

complete -c mocap-lab -n '__fish_mocap_lab_at 0' -a bench -d 'measure how fast this machine is'
complete -c mocap-lab -n '__fish_mocap_lab_at 0' -a compare -d 'compare networks in one run'
complete -c mocap-lab -n '__fish_mocap_lab_at 0' -a model -d 'describe weight files, and calibrate them for int8 and bf16'
complete -c mocap-lab -n '__fish_mocap_lab_at 0' -a pose -d 'fit head poses to landmarks from standard input'
complete -c mocap-lab -n '__fish_mocap_lab_at 0' -a shapes -d 'measure blend shapes, gaze and head pose on rendered heads'
complete -c mocap-lab -l socket -r -F -d 'where mocapd listens'
complete -c mocap-lab -s h -l help -d 'print this help and exit'
complete -c mocap-lab -s V -l version -d 'print the version and exit'

complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a net -d 'time the forward pass of a network'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a kernels -d 'time a network'\''s operators at every instruction set that this...'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a blocks -d 'time the blocks that networks are built from, each alone'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a motion -d 'measure what smoothing does to noise and lag, and what it costs'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a pipeline -d 'measure the running daemon'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a streams -d 'find how many streams of a clip mocapd carries'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench' -a subscribers -d 'measure what subscribers cost, and what abusive clients change'

complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l model -r -F -d 'measure the network in this weight file'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l arch -x -d 'measure this network with random weights'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l size -x -d 'its input size, pixels'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l precision -x -a 'f32 bf16 int8 auto' -d 'f32, bf16, int8 or auto'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -s t -l threads -x -d 'threads of one forward pass'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l seconds -x -d 'run for S seconds'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -s n -l runs -x -d 'run N times instead'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l profile -d 'print the time of every step too'
complete -c mocap-lab -n '__fish_mocap_lab_at bench net' -l json -d 'print JSON'

complete -c mocap-lab -n '__fish_mocap_lab_at bench kernels' -l model -r -F -d 'measure the network in this weight file'
complete -c mocap-lab -n '__fish_mocap_lab_at bench kernels' -l arch -x -d 'measure this network with random weights'
complete -c mocap-lab -n '__fish_mocap_lab_at bench kernels' -l size -x -d 'its input size, pixels'
complete -c mocap-lab -n '__fish_mocap_lab_at bench kernels' -l precision -x -a 'f32 bf16 int8 auto' -d 'f32, bf16, int8 or auto'
complete -c mocap-lab -n '__fish_mocap_lab_at bench kernels' -s n -l runs -x -d 'run each level N times'
complete -c mocap-lab -n '__fish_mocap_lab_at bench kernels' -l json -d 'print JSON'

complete -c mocap-lab -n '__fish_mocap_lab_at bench blocks' -l size -x -d 'size of the network'\''s input, pixels'
complete -c mocap-lab -n '__fish_mocap_lab_at bench blocks' -s n -l runs -x -d 'run each block N times'
complete -c mocap-lab -n '__fish_mocap_lab_at bench blocks' -l json -d 'print JSON'

complete -c mocap-lab -n '__fish_mocap_lab_at bench motion' -l model -r -F -d 'weights of the keypoint network'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench motion' -F
complete -c mocap-lab -n '__fish_mocap_lab_at 1 bench motion' -F

complete -c mocap-lab -n '__fish_mocap_lab_at bench pipeline' -l seconds -x -d 'measure for S seconds'
complete -c mocap-lab -n '__fish_mocap_lab_at bench pipeline' -l ffmpeg -x -d 'compare with ffmpeg decoding URL'
complete -c mocap-lab -n '__fish_mocap_lab_at bench pipeline' -l reopen -x -d 'open the first stream N times and report memory'

complete -c mocap-lab -n '__fish_mocap_lab_at bench streams' -l cores -x -d 'processors that mocapd may use'
complete -c mocap-lab -n '__fish_mocap_lab_at bench streams' -l seconds -x -d 'measure each number of streams for S seconds'
complete -c mocap-lab -n '__fish_mocap_lab_at bench streams' -l first -x -d 'begin with N streams'
complete -c mocap-lab -n '__fish_mocap_lab_at bench streams' -l limit -x -d 'of the latency'\''s 99th percentile, when read'
complete -c mocap-lab -n '__fish_mocap_lab_at bench streams' -l precision -x -d 'as of mocapd'
complete -c mocap-lab -n '__fish_mocap_lab_at bench streams' -l mocapd -r -F -d 'the daemon'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 bench streams' -F

complete -c mocap-lab -n '__fish_mocap_lab_at bench subscribers' -l readers -x -d 'well-behaved subscribers'
complete -c mocap-lab -n '__fish_mocap_lab_at bench subscribers' -l abusive-clients -x -d 'abusive clients of each kind'
complete -c mocap-lab -n '__fish_mocap_lab_at bench subscribers' -l seconds -x -d 'measure each load for S seconds'
complete -c mocap-lab -n '__fish_mocap_lab_at bench subscribers' -l rounds -x -d 'rounds with and without abusive clients'
complete -c mocap-lab -n '__fish_mocap_lab_at bench subscribers' -l encoding -x -a 'json cbor' -d 'json or cbor'

complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l size -x -d 'input size of networks with random weights'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -s n -l runs -x -d 'forward passes of each'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l int8 -d 'beside each model in float32, the same in int8'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l set -x -a '(__fish_complete_directories)' -d 'measure the error on this set of labelled faces'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l faces -x -d 'use N faces of the set'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l teacher -r -F -d 'measure the distance to this model'\''s results too'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l onnxruntime -r -F -d 'run the .onnx file beside each model in this ONNX Runtime library too'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l json -d 'print JSON'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l markdown -d 'print a Markdown table'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -l svg -r -F -d 'draw error against time to this file'
complete -c mocap-lab -n '__fish_mocap_lab_at compare' -F

complete -c mocap-lab -n '__fish_mocap_lab_at 0 model' -a info -d 'print what a weight file holds and what it costs to run'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 model' -a calibrate -d 'measure what a weight file needs to run in int8 and bf16'

complete -c mocap-lab -n '__fish_mocap_lab_at model info' -l plan -d 'list every step of the program'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 model info' -F

complete -c mocap-lab -n '__fish_mocap_lab_at model calibrate' -l images -r -F -d 'a clip, an image or a folder of images with faces'
complete -c mocap-lab -n '__fish_mocap_lab_at model calibrate' -l set -x -a '(__fish_complete_directories)' -d 'a set of labelled faces, as of compare'
complete -c mocap-lab -n '__fish_mocap_lab_at model calibrate' -s o -l output -r -F -d 'the weight file to write'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 model calibrate' -F


complete -c mocap-lab -n '__fish_mocap_lab_at shapes' -l model -r -F -d 'weights of the keypoint network'
complete -c mocap-lab -n '__fish_mocap_lab_at shapes' -l expression -r -F -a 'off' -d 'weights of the network that reads expressions'
complete -c mocap-lab -n '__fish_mocap_lab_at shapes' -l other -x -d 'compare with the answers of another program about the same images,...'
complete -c mocap-lab -n '__fish_mocap_lab_at shapes' -l markdown -d 'print Markdown tables'
complete -c mocap-lab -n '__fish_mocap_lab_at shapes' -l json -r -F -d 'write all figures to this file'
complete -c mocap-lab -n '__fish_mocap_lab_at shapes' -l matrix -r -F -d 'draw what each channel does in each case, a PNG'
complete -c mocap-lab -n '__fish_mocap_lab_at 0 shapes' -a '(__fish_complete_directories)'
