#include "server/encodings.h"

#include <assert.h>
#include <string.h>

#include "protocol/encode.h"

static bool same(const struct server_variant *variant, const struct protocol_policy *policy)
{
    return variant->encoding == policy->encoding && variant->include == policy->include &&
           variant->lost == policy->lost;
}

// The form that is in use for the policy, or -1.
static int find(const struct server_encodings *variants, const struct protocol_policy *policy)
{
    for (int i = 0; i < SERVER_VARIANTS_MAX; i++) {
        if (variants->variants[i].references > 0 && same(&variants->variants[i], policy)) {
            return i;
        }
    }
    return -1;
}

static int find_free(const struct server_encodings *variants, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (variants->variants[i].references == 0) {
            return i;
        }
    }
    return -1;
}

int server_encodings_acquire(struct server_encodings *variants, struct protocol_policy *policy)
{
    const int common = SERVER_VARIANTS_MAX - SERVER_VARIANTS_FULL;
    int index = find(variants, policy);
    if (index < 0) {
        index = find_free(variants, 0, common);
    }
    if (index < 0) {
        policy->include = PROTOCOL_INCLUDE_ALL;
        index = find(variants, policy);
    }
    if (index < 0) {
        index = find_free(variants, common, SERVER_VARIANTS_MAX);
    }
    assert(index >= 0); // as many are kept as there are forms with all parts
    struct server_variant *variant = &variants->variants[index];
    if (variant->references++ == 0) {
        variant->encoding = policy->encoding;
        variant->include = policy->include;
        variant->lost = policy->lost;
    }
    return index;
}

void server_encodings_release(struct server_encodings *variants, int index)
{
    assert(variants->variants[index].references > 0);
    variants->variants[index].references--;
}

// Faces make no difference between ways to show that there are none.
static struct server_message *borrow(struct server_encodings *variants,
                                     const struct server_variant *variant)
{
    for (int i = 0; i < SERVER_VARIANTS_MAX; i++) {
        const struct server_variant *other = &variants->variants[i];
        if (other->message != NULL && other->encoding == variant->encoding &&
            other->include == variant->include) {
            return server_message_retain(other->message);
        }
    }
    return NULL;
}

static void upright(struct protocol_face *face)
{
    face->score = 0;
    face->has_raw = face->has_jacobians = false;
    memcpy(face->pose.rotation, (const float[4]){ 0, 0, 0, 1 }, sizeof face->pose.rotation);
    memset(face->pose.euler, 0, sizeof face->pose.euler);
    face->pose.error = 0;
    memset(face->shapes, 0, sizeof face->shapes);
}

// The record of the moment with the faces that were last seen.
static const struct protocol_record *fill(struct server_encodings *variants,
                                          const struct protocol_record *record,
                                          const struct protocol_record *held,
                                          enum protocol_lost lost)
{
    struct protocol_record *filled = &variants->filled;
    *filled = *record;
    filled->lost = lost;
    filled->face_count = held->face_count;
    for (int i = 0; i < held->face_count; i++) {
        filled->faces[i] = held->faces[i];
        if (lost == PROTOCOL_LOST_NEUTRAL) {
            upright(&filled->faces[i]);
        }
    }
    return filled;
}

struct server_message *server_encodings_encode(struct server_encodings *variants, int index,
                                               struct server_message_pool *pool,
                                               const struct protocol_record *record,
                                               const struct protocol_record *held)
{
    struct server_variant *variant = &variants->variants[index];
    if (variant->message != NULL) {
        return variant->message;
    }
    bool filled =
        record->face_count == 0 && variant->lost != PROTOCOL_LOST_NONE && held->face_count > 0;
    if (!filled && record->face_count > 0) {
        variant->message = borrow(variants, variant);
    }
    if (variant->message == NULL) {
        struct server_message *message = server_message_acquire(pool, variant->encoding);
        if (message == NULL) {
            return NULL;
        }
        protocol_encode_record(&message->buffer, variant->encoding,
                               filled ? fill(variants, record, held, variant->lost) : record,
                               variant->include);
        if (!server_message_seal(message)) {
            server_message_release(message);
            return NULL;
        }
        variant->message = message;
    }
    return variant->message;
}

void server_encodings_clear(struct server_encodings *variants)
{
    for (int i = 0; i < SERVER_VARIANTS_MAX; i++) {
        server_message_release(variants->variants[i].message);
        variants->variants[i].message = NULL;
    }
}
