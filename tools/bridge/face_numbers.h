// Numbers of faces: a face keeps its number while it is tracked, and a new one takes the lowest
// that is free. So the first face seen is 0, and somebody who comes back is who they were.
#pragma once

#include "protocol/mocap.h"
#include "protocol/record.h"

struct bridge_face_numbers {
    int ids[PROTOCOL_FACES_MAX]; // the records' ids; 0: free
};

// All zero at the start. Takes the faces of a record.
void bridge_face_numbers_update(struct bridge_face_numbers *numbers,
                                const struct mocap_record *record);

// The number of the face with that id; -1 when it has none.
int bridge_face_number(const struct bridge_face_numbers *numbers, int id);
