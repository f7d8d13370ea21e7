# fish completion for mocapd
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_mocapd_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --config --control-group --expression --fov --linger --locator --log-level --max-connections --max-connections-per-user --max-faces --max-frame-size --model --precision --region --rotate --smooth --smooth-beta --smooth-min-cutoff --socket --stream --stuck-timeout --wait-subscribers --workers
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_mocapd_at
    set -l words (__fish_mocapd_words)
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

complete -c mocapd -f

complete -c mocapd -l config -r -F -d 'read options from a file, and from FILE.d/*.conf'
complete -c mocapd -l check-config -d 'print the configuration that would run, with defaults, and exit'
complete -c mocapd -l stream -x -d 'add a stream'
complete -c mocapd -l every-frame -d 'drop nothing'
complete -c mocapd -l exit-on-end -d 'exit when all streams have ended'
complete -c mocapd -l wait-subscribers -x -d 'start the streams when N connections have subscribed'
complete -c mocapd -l linger -x -d 'close a webcam S seconds after its last subscriber left'
complete -c mocapd -l model -r -F -d 'weights of the keypoint network'
complete -c mocapd -l locator -r -F -d 'weights of the network that finds faces'
complete -c mocapd -l expression -r -F -a 'off' -d 'weights of the network that reads expressions from faces'
complete -c mocapd -l precision -x -a 'auto f32 bf16 int8' -d 'auto, f32, bf16 or int8, of all networks'
complete -c mocapd -l workers -x -d 'frames processed at the same time'
complete -c mocapd -l socket -r -F -d 'where to listen'
complete -c mocapd -l control-group -x -a '(__fish_complete_groups)' -d 'let members of this group calibrate, change settings and streams,...'
complete -c mocapd -l max-connections -x -d 'for further connections close one that is idle, or refuse them'
complete -c mocapd -l max-connections-per-user -x -d 'the same for connections of one user'
complete -c mocapd -l stuck-timeout -x -d 'close a connection that has read nothing for S seconds although...'
complete -c mocapd -l log-level -x -a 'error warning info debug' -d 'error, warning, info or debug'
complete -c mocapd -l max-faces -x -d 'follow up to N faces, 1 to 4'
complete -c mocapd -l region -x -d 'take the face from this part of the frame, in pixels, instead of...'
complete -c mocapd -l full-frame -d 'take the face from the whole frame instead'
complete -c mocapd -l rotate -x -a '0 90 180 270' -d 'turn frames clockwise by 0, 90, 180 or 270 degrees'
complete -c mocapd -l mirror -d 'swap left and right, after turning'
complete -c mocapd -l max-frame-size -x -d 'refuse frames of more pixels than that, and reduce such JPEGs'
complete -c mocapd -l repeat -d 'start files again at their end'
complete -c mocapd -l isolate -d 'read and decode the source in a sandboxed process of its own'
complete -c mocapd -l smooth -x -a 'on off' -d 'smooth the keypoints'
complete -c mocapd -l smooth-min-cutoff -x -d 'cutoff of a point at rest'
complete -c mocapd -l smooth-beta -x -d 'how much the cutoff rises with speed, Hz for each face size a second'
complete -c mocapd -l fov -x -a 'auto' -d 'field of view along the longer edge of the frame, for the head pose'
complete -c mocapd -s h -l help -d 'print this help and exit'
complete -c mocapd -s V -l version -d 'print the version and exit'
