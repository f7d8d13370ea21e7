#pragma once
#include <cmath>
#define nanp(x) std::isnan(x)
