// The faces in a photo: mocapctl still, a process of its own, reads the image and runs the
// networks. Whatever an image does to it, mocap-web goes on; it has a time limit, may write no
// file, and leaves no core file. Nothing of the image is kept. Thread: loop.
#pragma once

#include <stddef.h>

#include <uv.h>

#include "base/error.h"

struct web_face_finder;

// status is that of an HTTP answer: 200 with the record as JSON; otherwise with what is wrong.
// Borrowed for the call.
typedef void web_face_finder_done(void *user, unsigned status, const char *text);

// Starts program, mocapctl's path, with the image on its standard input. Takes the image, which was
// allocated with malloc, whatever happens. on_done is called once, unless web_face_finder_forget
// comes first. Returns NULL and sets err when the program cannot be started.
struct web_face_finder *web_face_finder_start(uv_loop_t *loop, const char *program, char *image,
                                              size_t length, web_face_finder_done *on_done,
                                              void *user, struct mc_error *err) MC_MUST_USE;

// The caller is gone: the process is killed, and on_done is not called. NULL does nothing.
void web_face_finder_forget(struct web_face_finder *finder);
