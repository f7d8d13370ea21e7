// opentrack's settings, which here have their defaults, and the port of the environment.
#pragma once
#include <cstdlib>

namespace options {

struct opts {
    int b = 0;
    explicit opts(const char *) {}
};

template<typename T> struct value {
    T it;
    value(int, const char *name, T otherwise) : it(otherwise)
    {
        const char *port = std::getenv("OPENTRACK_PORT");
        if (name[0] == 'p' && name[1] == 'o' && port != nullptr)
            it = std::atoi(port);
    }
    operator T() const { return it; }
};

} // namespace options
