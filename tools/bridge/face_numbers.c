#include "tools/bridge/face_numbers.h"

#include <stdbool.h>

int bridge_face_number(const struct bridge_face_numbers *numbers, int id)
{
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        if (id != 0 && numbers->ids[i] == id) {
            return i;
        }
    }
    return -1;
}

static bool has_face(const struct mocap_record *record, int id)
{
    for (int i = 0; i < record->face_count; i++) {
        if (record->faces[i].id == id) {
            return true;
        }
    }
    return false;
}

void bridge_face_numbers_update(struct bridge_face_numbers *numbers,
                                const struct mocap_record *record)
{
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        if (!has_face(record, numbers->ids[i])) {
            numbers->ids[i] = 0;
        }
    }
    for (int i = 0; i < record->face_count; i++) {
        int number = 0;
        while (number < PROTOCOL_FACES_MAX && numbers->ids[number] != 0) {
            number++;
        }
        if (bridge_face_number(numbers, record->faces[i].id) < 0 && number < PROTOCOL_FACES_MAX) {
            numbers->ids[number] = record->faces[i].id;
        }
    }
}
