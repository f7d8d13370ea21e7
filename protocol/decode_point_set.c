#include "protocol/decode_point_set.h"

#include "protocol/point_set.h"

static bool read_point(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    struct protocol_point_set *set = user;
    int64_t number = 0;
    bool ok = protocol_value_integer(value, NULL, 0, PROTOCOL_DENSE_MAX - 1, &number, err);
    set->points[set->grouped + index] = (int)number;
    return ok;
}

// Of the last group.
static bool read_points(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_point_set *set = target;
    struct protocol_point_group *group = &set->groups[set->group_count];
    return protocol_value_array(value, field->name, PROTOCOL_GROUPED_MAX - set->grouped, read_point,
                                set, &group->count, err);
}

static bool read_group_name(struct protocol_value value, const struct protocol_field *field,
                            void *target, struct mc_error *err)
{
    struct protocol_point_set *set = target;
    struct protocol_point_group *group = &set->groups[set->group_count];
    return protocol_value_text(value, field->name, group->name, sizeof group->name, err);
}

static bool read_closed(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_point_set *set = target;
    return protocol_value_flag(value, field->name, &set->groups[set->group_count].closed, err);
}

static bool read_group(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "name", .read = read_group_name },
        { .name = "closed", .read = read_closed, .is_optional = true },
        { .name = "points", .read = read_points },
    };
    struct protocol_point_set *set = user;
    struct protocol_point_group *group = &set->groups[index];
    *group = (struct protocol_point_group){ .first = set->grouped };
    set->group_count = index;
    if (!protocol_value_map(value, NULL, fields, PROTOCOL_FIELD_COUNT(fields), set, NULL, err)) {
        return false;
    }
    set->grouped += group->count;
    return true;
}

static bool read_groups(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_point_set *set = target;
    int count = 0;
    bool ok = protocol_value_array(value, field->name, PROTOCOL_POINT_GROUPS_MAX, read_group, set,
                                   &count, err);
    set->group_count = count;
    return ok;
}

static bool read_count(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_point_set *set = target;
    int64_t count = 0;
    bool ok = protocol_value_integer(value, field->name, 1, PROTOCOL_DENSE_MAX, &count, err);
    set->count = (int)count;
    return ok;
}

bool protocol_decode_point_set(struct protocol_value value, const struct protocol_field *field,
                               void *target, struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_point_set, name, protocol_field_text),
        { .name = "count", .read = read_count },
        { .name = "groups", .read = read_groups, .is_optional = true },
    };
    struct protocol_point_set *set = (void *)((char *)target + field->offset);
    *set = (struct protocol_point_set){ 0 };
    if (!protocol_value_map(value, field->name, fields, PROTOCOL_FIELD_COUNT(fields), set, NULL,
                            err)) {
        return false;
    }
    for (int i = 0; i < set->grouped; i++) {
        if (set->points[i] >= set->count) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: points must be 0 to %d, got %d",
                                field->name, set->count - 1, set->points[i]);
        }
    }
    return true;
}
