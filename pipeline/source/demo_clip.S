// The bytes of demo.mp4; see demo_clip.h.
    .section .rodata
    .global pipeline_demo_clip
    .global pipeline_demo_clip_size
    .hidden pipeline_demo_clip
    .hidden pipeline_demo_clip_size
    .balign 16
pipeline_demo_clip:
    .incbin "demo.mp4"
pipeline_demo_clip_end:
    .balign 8
pipeline_demo_clip_size:
    .quad pipeline_demo_clip_end - pipeline_demo_clip
    .section .note.GNU-stack, "", %progbits
