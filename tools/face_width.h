// How wide a face counts where a receiver wants lengths, for want of a measured one.
#pragma once

enum { TOOLS_FACE_WIDTH_CM = 14 };
