// Reads the description of a set of dense points. For decode.c alone.
#pragma once

#include "protocol/fields.h"

protocol_field_read_fn protocol_decode_point_set; // struct protocol_point_set
