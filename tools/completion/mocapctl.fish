# fish completion for mocapctl
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_mocapctl_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --count --expression --format --frame --from --include --locator --max-faces --model --output --profile --region --seconds --socket --speed --stream --wait-subscribers -f -i -n -o
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_mocapctl_at
    set -l words (__fish_mocapctl_words)
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

complete -c mocapctl -f

complete -c mocapctl -n '__fish_mocapctl_at 0' -a watch -d 'print motion records as they arrive'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a status -d 'print the state of every stream'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a metrics -d 'print the daemon'\''s metrics in Prometheus'\'' text format'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a calibrate -d 'measure the face in front of a camera, for blend shapes'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a stream -d 'add, remove or change a stream while mocapd runs'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a reload -d 'make mocapd reload its configuration'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a devices -d 'list this machine'\''s webcams, what they offer, and which programs...'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a doctor -d 'check what mocapd needs on this machine, and say how to provide...'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a record -d 'write what mocapd publishes to a file'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a replay -d 'serve a recording on the socket, as mocapd would'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a export -d 'convert a recording to CSV, lines of JSON, BVH, or a take of Live...'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a overlay -d 'draw a clip'\''s keypoints on its frames'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a still -d 'print the faces in an image as a motion record'
complete -c mocapctl -n '__fish_mocapctl_at 0' -a fleet -d 'show and change what a fleet of machines watches'
complete -c mocapctl -l socket -r -F -d 'where mocapd listens'
complete -c mocapctl -s h -l help -d 'print this help and exit'
complete -c mocapctl -s V -l version -d 'print the version and exit'

complete -c mocapctl -n '__fish_mocapctl_at watch' -s n -l count -x -d 'stop after N records'
complete -c mocapctl -n '__fish_mocapctl_at watch' -s f -l format -x -a 'table json' -d 'table or json'
complete -c mocapctl -n '__fish_mocapctl_at watch' -s i -l include -x -d 'parts of a record, with commas between them, or all'
complete -c mocapctl -n '__fish_mocapctl_at 0 watch' -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)'

complete -c mocapctl -n '__fish_mocapctl_at status' -l json -d 'print the daemon'\''s reply as it is'

complete -c mocapctl -n '__fish_mocapctl_at 0 metrics' -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)'

complete -c mocapctl -n '__fish_mocapctl_at calibrate' -l profile -x -d 'whose calibration'
complete -c mocapctl -n '__fish_mocapctl_at 0 calibrate' -a 'neutral range show use reset'
complete -c mocapctl -n '__fish_mocapctl_at 1 calibrate' -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)'

complete -c mocapctl -n '__fish_mocapctl_at 0 stream' -a add -d 'add a stream'
complete -c mocapctl -n '__fish_mocapctl_at 0 stream' -a remove -d 'remove a stream'
complete -c mocapctl -n '__fish_mocapctl_at 0 stream' -a set -d 'change options of a stream, reopening its source if necessary'





complete -c mocapctl -n '__fish_mocapctl_at devices' -l json -d 'print an array of objects'

complete -c mocapctl -n '__fish_mocapctl_at doctor' -l json -d 'print an array of objects'

complete -c mocapctl -n '__fish_mocapctl_at record' -l stream -x -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)' -d 'record only this stream'
complete -c mocapctl -n '__fish_mocapctl_at record' -s n -l count -x -d 'stop after N records'
complete -c mocapctl -n '__fish_mocapctl_at record' -l seconds -x -d 'stop after S seconds'
complete -c mocapctl -n '__fish_mocapctl_at 0 record' -F

complete -c mocapctl -n '__fish_mocapctl_at replay' -l speed -x -d 'play S times as fast'
complete -c mocapctl -n '__fish_mocapctl_at replay' -l from -x -d 'start S seconds into the recording'
complete -c mocapctl -n '__fish_mocapctl_at replay' -s l -l loop -d 'start again at the end'
complete -c mocapctl -n '__fish_mocapctl_at replay' -l every-frame -d 'drop nothing'
complete -c mocapctl -n '__fish_mocapctl_at replay' -l wait-subscribers -x -d 'start once N connections have subscribed'
complete -c mocapctl -n '__fish_mocapctl_at 0 replay' -F

complete -c mocapctl -n '__fish_mocapctl_at export' -l csv -d 'a line for each face, with its keypoints'
complete -c mocapctl -n '__fish_mocapctl_at export' -l json -d 'a line of JSON for each record, as the socket has it'
complete -c mocapctl -n '__fish_mocapctl_at export' -l bvh -d 'the head'\''s motion for animation programs'
complete -c mocapctl -n '__fish_mocapctl_at export' -l live-link -d 'a take of Live Link Face as CSV'
complete -c mocapctl -n '__fish_mocapctl_at export' -l dense -d 'with --csv'
complete -c mocapctl -n '__fish_mocapctl_at export' -l stream -x -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)' -d 'export only this stream'
complete -c mocapctl -n '__fish_mocapctl_at export' -s o -l output -r -F -d 'the file to write'
complete -c mocapctl -n '__fish_mocapctl_at 0 export' -F

complete -c mocapctl -n '__fish_mocapctl_at overlay' -l model -r -F -d 'weights of the keypoint network'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l locator -r -F -d 'weights of the network that finds faces'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l expression -r -F -a 'off' -d 'weights of the network that reads expressions'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l max-faces -x -d 'follow up to N faces'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l region -x -d 'run the network on this region, in pixels, instead of finding faces'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l frame -x -d 'the frame to draw as PNG, the first is 0'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l pose -d 'smooth the keypoints and draw the axes of each head'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l gaze -d 'smooth the keypoints and draw where the eyes look, in yellow'
complete -c mocapctl -n '__fish_mocapctl_at overlay' -l dense -d 'draw the model'\''s dense points instead of box and keypoints'
complete -c mocapctl -n '__fish_mocapctl_at 0 overlay' -F
complete -c mocapctl -n '__fish_mocapctl_at 1 overlay' -F

complete -c mocapctl -n '__fish_mocapctl_at still' -l model -r -F -d 'weights of the keypoint network'
complete -c mocapctl -n '__fish_mocapctl_at still' -l locator -r -F -d 'weights of the network that finds faces'
complete -c mocapctl -n '__fish_mocapctl_at still' -l expression -r -F -a 'off' -d 'weights of the network that reads expressions'

