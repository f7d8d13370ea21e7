// ENet: bottlenecks, max pooling with indices for unpooling, PReLU.
// Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time Semantic
// Segmentation", 2016. There are two dialects with incompatible weights: the authors' Torch7
// release ("enet-orig") and the usual PyTorch port ("enet").
#include <stdbool.h>

#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"

struct dialect {
    bool original;
    float epsilon;
};

static const struct dialect port = { false, 1e-5f }, original = { true, 1e-3f };

static const struct nn_window pixel = { 1, 1, 1, 0, 0, 1, 1 };

// The activation after a convolution's batch norm. PReLU has a single slope in the port, one
// per channel in the original.
enum act { NONE, RELU, PRELU };

static int activate(struct nn_graph *graph, const struct dialect *dialect, int map,
                    const char *name, enum act act)
{
    const int slopes = dialect->original ? nn_graph_map(graph, map).channels : 1;
    return act == NONE   ? map
           : act == RELU ? nn_graph_relu(graph, map)
                         : nn_graph_prelu(graph, map, name, 0, slopes);
}

// Convolution, norm and activation. Tensors first, first + 1, first + 2.f, like the members of
// a PyTorch Sequential.
static int conv(struct nn_graph *graph, const struct dialect *dialect, int map, int first,
                int channels, struct nn_window window, bool biased, enum act act)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5" };
    static const char *const slopes[] = { "0.f", "1.f", "2.f", "3.f", "4.f", "5.f" };
    map = nn_graph_conv(graph, map, names[first], channels, window, biased);
    map = nn_graph_batch_norm(graph, map, names[first + 1], dialect->epsilon, 0, channels);
    return activate(graph, dialect, map, slopes[first + 2], act);
}

// The same in a scope of its own.
static int scoped(struct nn_graph *graph, const struct dialect *dialect, int map, const char *name,
                  int channels, struct nn_window window, bool biased, enum act act)
{
    nn_graph_scope_open(graph, "%s", name);
    return nn_graph_scope_close(graph, conv(graph, dialect, map, 0, channels, window, biased, act));
}

// The middle of a bottleneck: a dilated 3x3; dilation 0 stands for 5x1 and 1x5.
static int middle(struct nn_graph *graph, const struct dialect *dialect, int map, int dilation,
                  enum act act)
{
    const struct nn_window vertical = { 5, 1, 1, 2, 0, 1, 1 }, horizontal = { 1, 5, 1, 0, 2, 1, 1 };
    const struct nn_window square = { 3, 3, 1, dilation, dilation, dilation, dilation };
    const int channels = nn_graph_map(graph, map).channels;
    nn_graph_scope_open(graph, "c2");
    if (dilation > 0) {
        map = conv(graph, dialect, map, 0, channels, square, dialect->original, act);
    } else if (dialect->original) {
        map = nn_graph_conv(graph, map, "0", channels, horizontal, false);
        map = conv(graph, dialect, map, 1, channels, vertical, true, act);
    } else {
        map = conv(graph, dialect, map, 0, channels, vertical, false, act);
        map = conv(graph, dialect, map, 3, channels, horizontal, false, act);
    }
    return nn_graph_scope_close(graph, map);
}

static int regular(struct nn_graph *graph, const struct dialect *dialect, int map, int dilation,
                   enum act act)
{
    const int channels = nn_graph_map(graph, map).channels;
    int y = scoped(graph, dialect, map, "c1", channels / 4, pixel, false, act);
    y = middle(graph, dialect, y, dilation, act);
    y = scoped(graph, dialect, y, "c3", channels, pixel, false, dialect->original ? NONE : act);
    return activate(graph, dialect, nn_graph_add(graph, y, map), "act.f", act);
}

// Down-sampling: a bottleneck plus a max pool, which has fewer channels. *index receives the
// pool's indices.
static int down(struct nn_graph *graph, const struct dialect *dialect, const char *scope, int map,
                int channels, int *index)
{
    const int inner = (dialect->original ? channels : nn_graph_map(graph, map).channels) / 4;
    nn_graph_scope_open(graph, "%s", scope);
    const int pooled = nn_graph_max_pool(graph, map, 2, 2, 0);
    *index = nn_graph_pool_index(graph, map);
    int y = scoped(graph, dialect, map, "c1", inner, (struct nn_window){ 2, 2, 2, 0, 0, 1, 1 },
                   false, PRELU);
    y = middle(graph, dialect, y, 1, PRELU);
    y = scoped(graph, dialect, y, "c3", channels, pixel, false, dialect->original ? NONE : PRELU);
    y = activate(graph, dialect, nn_graph_add(graph, y, pooled), "act.f", PRELU);
    return nn_graph_scope_close(graph, y);
}

// Up-sampling: a bottleneck plus the map, unpooled with the indices of a max pool.
static int up(struct nn_graph *graph, const struct dialect *dialect, const char *scope, int map,
              int channels, int index)
{
    const int inner = (dialect->original ? channels : nn_graph_map(graph, map).channels) / 4;
    nn_graph_scope_open(graph, "%s", scope);
    int sparse = scoped(graph, dialect, map, "m", channels, pixel, false, NONE);
    sparse = nn_graph_unpool(graph, sparse, index);
    int y = scoped(graph, dialect, map, "c1", inner, pixel, false, RELU);
    y = nn_graph_transposed(graph, y, "t", inner, dialect->original ? 3 : 2, dialect->original);
    y = nn_graph_relu(graph, nn_graph_batch_norm(graph, y, "tb", dialect->epsilon, 0, inner));
    y = scoped(graph, dialect, y, "c2", channels, pixel, false, NONE);
    return nn_graph_scope_close(graph, nn_graph_relu(graph, nn_graph_add(graph, y, sparse)));
}

// Norm and activation of the initial map's 16 channels, for those from `first` on.
static int initial_part(struct nn_graph *graph, const struct dialect *dialect, int map, int first)
{
    enum { CHANNELS = 16 };
    map = nn_graph_batch_norm(graph, map, "ibn", dialect->epsilon, first, CHANNELS);
    return nn_graph_prelu(graph, map, "iact.f", first, dialect->original ? CHANNELS : 1);
}

static int initial(struct nn_graph *graph, const struct dialect *dialect, int map)
{
    enum { CONVOLVED = 13 };
    const struct nn_window window = { 3, 3, 2, 1, 1, 1, 1 };
    const int y = nn_graph_conv(graph, map, "ini", CONVOLVED, window, dialect->original);
    const int pooled = dialect->original ? nn_graph_max_pool(graph, map, 2, 2, 0)
                                         : nn_graph_max_pool(graph, map, 3, 2, 1);
    return nn_graph_concat(graph, initial_part(graph, dialect, y, 0),
                           initial_part(graph, dialect, pooled, CONVOLVED));
}

// A stage: one block per dilation.
static int stage(struct nn_graph *graph, const struct dialect *dialect, const char *scope, int map,
                 const int *dilations, int count, enum act act)
{
    for (int i = 0; i < count; i++) {
        nn_graph_scope_open(graph, "%s.%d", scope, i);
        map = nn_graph_scope_close(graph, regular(graph, dialect, map, dilations[i], act));
    }
    return map;
}

static int enet(struct nn_graph *graph, const struct dialect *dialect, int map, int features)
{
    static const int plain[] = { 1, 1, 1, 1 };
    static const int mixed[] = { 1, 2, 0, 4, 1, 8, 0, 16, 1, 2, 0, 4, 1, 8, 0, 16 }; // eight, twice
    int first, second;
    map = initial(graph, dialect, map);                       // 1/2
    map = down(graph, dialect, "d1", map, 64, &first);        // 1/4
    map = stage(graph, dialect, "s1", map, plain, 4, PRELU);  //
    map = down(graph, dialect, "d2", map, 128, &second);      // 1/8
    map = stage(graph, dialect, "s2", map, mixed, 16, PRELU); //
    map = up(graph, dialect, "u4", map, 64, second);          // 1/4
    map = stage(graph, dialect, "s4", map, plain, 2, RELU);   //
    map = up(graph, dialect, "u5", map, 16, first);           // 1/2
    map = stage(graph, dialect, "s5", map, plain, 1, RELU);   //
    return nn_graph_transposed(graph, map, "out", features, dialect->original ? 2 : 3,
                               dialect->original);
}

int nn_enet(struct nn_graph *graph, int map, int features)
{
    return enet(graph, &port, map, features);
}

int nn_enet_original(struct nn_graph *graph, int map, int features)
{
    return enet(graph, &original, map, features);
}
