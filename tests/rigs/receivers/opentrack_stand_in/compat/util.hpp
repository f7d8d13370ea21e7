#pragma once
#define progn(...) ([&]() { __VA_ARGS__ }())
