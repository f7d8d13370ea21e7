#include "tools/mocapctl/ppm.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

enum { NUMBER_MAX = 1000000 };

// The next byte that is no white space and in no comment; EOF at the end.
static int skip_space(FILE *file)
{
    int c = getc(file);
    while (c == '#' || (c != EOF && isspace(c))) {
        if (c == '#') {
            while (c != '\n' && c != EOF) {
                c = getc(file);
            }
        } else {
            c = getc(file);
        }
    }
    return c;
}

// A number and the one byte of white space behind it. -1: there is none.
static int read_number(FILE *file)
{
    int value = -1;
    int c = skip_space(file);
    while (c >= '0' && c <= '9' && value < NUMBER_MAX) {
        value = (value < 0 ? 0 : 10 * value) + c - '0';
        c = getc(file);
    }
    return c != EOF && isspace(c) ? value : -1;
}

static bool read_header(struct mocapctl_ppm *image, FILE *file, int least, int most,
                        struct mc_error *err)
{
    if (getc(file) != 'P' || getc(file) != '6') {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "must be a PPM image, which begins with P6: for example what "
                            "ffmpeg -i PHOTO -f image2pipe -c:v ppm - writes");
    }
    image->width = read_number(file);
    image->height = read_number(file);
    const int white = read_number(file);
    if (image->width < 0 || image->height < 0 || white < 0) {
        return mc_error_set(
            err, MC_ERROR_FORMAT, 0,
            "a PPM image begins with P6 and three numbers: its width, height and 255");
    }
    if (image->width < least || image->width > most || image->height < least ||
        image->height > most) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "width and height must be %d to %d pixels, got %d x %d", least, most,
                            image->width, image->height);
    }
    return white == 255 ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "the largest value must be 255, got %d", white);
}

static bool read_image(struct mocapctl_ppm *image, FILE *file, int least, int most,
                       struct mc_error *err)
{
    if (!read_header(image, file, least, most, err)) {
        return false;
    }
    const size_t size = (size_t)image->width * (size_t)image->height * 3;
    image->rgb = malloc(size);
    if (image->rgb == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for an image");
    }
    const size_t got = fread(image->rgb, 1, size, file);
    if (got != size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must have %zu bytes of pixels, got %zu", size,
                            got);
    }
    return getc(file) == EOF ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "must end after %zu bytes of pixels", size);
}

bool mocapctl_ppm_read(struct mocapctl_ppm *image, FILE *file, int least, int most,
                       struct mc_error *err)
{
    *image = (struct mocapctl_ppm){ 0 };
    errno = 0;
    const bool good = read_image(image, file, least, most, err);
    if (!good && ferror(file)) { // a folder, or a device that fails: what was read says nothing
        mc_error_set_errno(err, "can't read it");
    }
    return good;
}

void mocapctl_ppm_finish(struct mocapctl_ppm *image)
{
    free(image->rgb);
    image->rgb = NULL;
}
